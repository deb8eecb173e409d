//! What the servers of this program share: connections on this thread, headers, and bodies with a limit.

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
pub(super) enum BodyError {
    TooLarge,
    Broken,
}

/// Answers requests for as long as it is polled. With it end all connections.
pub(super) async fn serve<Handle, Answer, ResponseBody>(listener: TcpListener, handle: Handle)
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
                // Whoever sends what is not HTTP is told so by the library, and gets the connection closed.
                connections.spawn_local(async move {
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A header that is text.
pub(super) fn header(request: &Request<Incoming>, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().ok()?.to_owned())
}

/// Reads a whole body of so many bytes at most.
pub(super) async fn read_body(body: Incoming, limit: usize) -> Result<Bytes, BodyError> {
    let error_of = |error: Box<dyn Error + Send + Sync>| {
        if error.is::<LengthLimitError>() { BodyError::TooLarge } else { BodyError::Broken }
    };
    let collected = Limited::new(body, limit).collect().await;
    collected.map(http_body_util::Collected::to_bytes).map_err(error_of)
}
