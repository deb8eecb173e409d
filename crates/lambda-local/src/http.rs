//! Shared by the HTTP servers of this crate: connections on the current thread, headers, and bodies with a size limit.

use std::convert::Infallible;
use std::error::Error;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    /// The connection broke off.
    Broken,
}

/// Answers requests for as long as it is polled. Dropping it closes all connections.
pub(crate) async fn serve<Handle, Answer, ResponseBody>(listener: TcpListener, handle: Handle)
where
    Handle: Fn(Request<Incoming>) -> Answer + Clone + 'static,
    Answer: Future<Output = Response<ResponseBody>> + 'static,
    ResponseBody: Body<Data = Bytes, Error = Infallible> + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let handle = handle.clone();
                let service = service_fn(move |request| {
                    let answer = handle(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                // hyper answers what is not HTTP with status 400 and closes the connection.
                connections.spawn_local(async move {
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The value of a header, if it is text.
pub(crate) fn header(request: &Request<Incoming>, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().ok()?.to_owned())
}

/// Reads a whole body of at most `limit` bytes.
pub(crate) async fn read_body(body: Incoming, limit: usize) -> Result<Bytes, BodyError> {
    let error_of = |error: Box<dyn Error + Send + Sync>| {
        if error.is::<LengthLimitError>() { BodyError::TooLarge } else { BodyError::Broken }
    };
    let collected = Limited::new(body, limit).collect().await;
    collected.map(http_body_util::Collected::to_bytes).map_err(error_of)
}
