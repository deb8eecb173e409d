//! Shared by the HTTP servers of this crate: connections on the current thread, headers, and bodies with a size limit.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    /// The connection broke off.
    Broken,
}

/// How a server treats its connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionOptions {
    /// How many connections are open at once. More wait to be accepted.
    pub(crate) limit: usize,
    /// How long a client may take to send the head of a request, the first one or a later one on the same connection.
    pub(crate) header_timeout: Option<Duration>,
    /// True to write `Lambda-Runtime-Deadline-Ms` in place of `lambda-runtime-deadline-ms`.
    pub(crate) title_case_headers: bool,
}

/// Identifies a connection, and knows whether it is still open.
#[derive(Debug, Clone)]
pub(crate) struct Connection(Weak<()>);

impl Connection {
    pub(crate) fn is_open(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// Answers requests for as long as it is polled. Dropping it closes all connections.
pub(crate) async fn serve<Handle, Answer, ResponseBody>(
    listener: TcpListener,
    options: ConnectionOptions,
    handle: Handle,
) where
    Handle: Fn(Request<Incoming>, Connection) -> Answer + Clone + 'static,
    Answer: Future<Output = Response<ResponseBody>> + 'static,
    ResponseBody: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .title_case_headers(options.title_case_headers);
    let slots = Arc::new(Semaphore::new(options.limit));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            (slot, accepted) = accept(&listener, &slots) => {
                let Ok((stream, _)) = accepted else {
                    // It fails if too many files are open, and would fail again at once.
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                };
                let open = Arc::new(());
                let connection = Connection(Arc::downgrade(&open));
                let handle = handle.clone();
                let service = service_fn(move |request| {
                    let answer = handle(request, connection.clone());
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                // hyper answers what is not HTTP with status 400 and closes the connection.
                let serving = http.serve_connection(TokioIo::new(stream), service);
                connections.spawn_local(async move {
                    let _ = serving.await;
                    drop((open, slot));
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Waits for a free slot, then for a connection.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, io::Result<(TcpStream, SocketAddr)>) {
    // It fails only if the semaphore is closed, which it never is.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    (slot, listener.accept().await)
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
