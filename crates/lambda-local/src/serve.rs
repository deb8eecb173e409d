//! Lambda's Invoke API on this machine, so that the aws CLI and SDKs can call the function.
//!
//! There is one sandbox, and invocations wait for their turn. Lambda would start more sandboxes.

mod caller;
mod guard;
mod respond;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::function::{Event, PendingInvocation, WarmFunction};
use crate::http::{self, BodyError, ConnectionOptions, header, read_body};
use crate::log::Log;
use crate::printer::Printer;
use crate::run::{Interrupts, STREAM_QUEUE_LIMIT};
use crate::{LocalLambda, Progress};
use lambda_platform::limits::{ASYNCHRONOUS_EVENT_LIMIT, EVENT_LIMIT};
use lambda_zip_error::{ErrorKind, ResultExt};

use respond::{Refusal, ServeBody, buffered, response_with, streamed};

/// How many invocations may wait for their turn.
const QUEUE_LIMIT: usize = 1000;

/// How many bytes of events are in memory at once. Further callers wait before their event is read.
const EVENTS_MEMORY: usize = 128 << 20;

/// How long a client may take to send an event. Its memory is reserved meanwhile.
const EVENT_TIMEOUT: Duration = Duration::from_secs(20);

/// How often an asynchronous invocation is tried, as on Lambda by default. The cloud waits minutes between the attempts.
const ASYNCHRONOUS_ATTEMPTS: u32 = 3;

/// A client that sends nothing for this long is disconnected. It may hold no more than its share of the connections.
const CONNECTIONS: ConnectionOptions =
    ConnectionOptions { limit: 512, header_timeout: Some(Duration::from_secs(30)), title_case_headers: false };

/// What the handlers of requests share.
#[derive(Clone)]
struct Queue {
    pending: mpsc::Sender<PendingInvocation>,
    memory: Arc<Semaphore>,
}

/// Serves until a signal arrives.
pub(crate) async fn serve(
    lambda: &LocalLambda,
    address: SocketAddr,
    printer: &Printer,
    interrupts: &mut Interrupts,
    progress: &mut impl FnMut(Progress<'_>),
) -> Result<()> {
    let log = Log::new(printer.clone());
    let mut function = WarmFunction::new(lambda, &log, progress).await?;
    let listener = TcpListener::bind(address).await;
    let listener = listener.or_fail(ErrorKind::Setup, || format!("failed to listen on `{address}`"))?;
    progress(Progress::Listening(listener.local_addr()?, function.mode()));
    let (pending, mut waiting) = mpsc::channel(QUEUE_LIMIT);
    let queue = Queue { pending, memory: Arc::new(Semaphore::new(EVENTS_MEMORY)) };
    let handle = move |request, _| {
        let queue = queue.clone();
        async move { answer(request, &queue).await.unwrap_or_else(Refusal::response) }
    };
    let server = tokio::task::spawn_local(http::serve(listener, CONNECTIONS, handle));
    tokio::select! {
        outcome = run_pending(&mut function, &mut waiting) => outcome?,
        _ = interrupts.next() => {}
    }
    server.abort();
    function.shut_down_unless(interrupts).await;
    Ok(())
}

/// Runs invocations in the order in which they arrive. Safe to cancel.
async fn run_pending(function: &mut WarmFunction<'_>, waiting: &mut mpsc::Receiver<PendingInvocation>) -> Result<()> {
    if function.is_concurrent() {
        return function.run_concurrently(waiting).await;
    }
    loop {
        tokio::select! {
            invocation = waiting.recv() => match invocation {
                Some(invocation) => run_one(function, invocation).await?,
                None => return Ok(()),
            },
            () = function.idle() => {}
        }
    }
}

async fn run_one(function: &mut WarmFunction<'_>, invocation: PendingInvocation) -> Result<()> {
    let PendingInvocation { event, attempts, done, memory: _memory } = invocation;
    let mut finished = function.invoke(event.clone()).await?;
    for _ in 1..attempts {
        if finished.record.failure.is_none() {
            break;
        }
        finished = function.invoke(event.clone()).await?;
    }
    // The end of the stream of pieces is the end of the response.
    drop(event);
    let _ = done.send(finished);
    Ok(())
}

async fn answer(request: Request<Incoming>, queue: &Queue) -> Result<Response<ServeBody>, Refusal> {
    guard::check(&request)?;
    let (function, is_streamed) = route(&request)?;
    let invocation_type = header(&request, "X-Amz-Invocation-Type").unwrap_or_else(|| "RequestResponse".into());
    let wants_log = header(&request, "X-Amz-Log-Type").is_some_and(|kind| kind.eq_ignore_ascii_case("Tail"));
    let caller = caller::context(&request, &function)?;
    let is_asynchronous = invocation_type == "Event";
    let limit = if is_asynchronous { ASYNCHRONOUS_EVENT_LIMIT } else { EVENT_LIMIT };
    let memory = reserve(&request, limit, &queue.memory).await;
    let payload = payload(request.into_body(), limit).await?;
    let (sink, pieces) = mpsc::channel(STREAM_QUEUE_LIMIT);
    let event = Event { caller, ..Event::new(payload, sink) };
    let request_id = event.request_id.clone();
    let (done, finished) = oneshot::channel();
    let attempts = if is_asynchronous { ASYNCHRONOUS_ATTEMPTS } else { 1 };
    let invocation = PendingInvocation { event, attempts, done, memory };
    match invocation_type.as_str() {
        "DryRun" => return Ok(response_with(StatusCode::NO_CONTENT, Bytes::new())),
        "Event" => {
            enqueue(invocation, queue)?;
            // Nobody reads a streamed response.
            drop(pieces);
            return Ok(response_with(StatusCode::ACCEPTED, Bytes::new()));
        }
        "RequestResponse" => enqueue(invocation, queue)?,
        other => {
            let message = format!("unknown invocation type `{other}`");
            return Err(Refusal::new(400, "InvalidParameterValueException", message));
        }
    }
    if is_streamed {
        Ok(streamed(&request_id, pieces, finished, wants_log))
    } else {
        buffered(pieces, finished, wants_log).await
    }
}

/// The function that the path names, and whether its response is to be streamed.
fn route(request: &Request<Incoming>) -> Result<(String, bool), Refusal> {
    let path = request.uri().path();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (function, is_streamed) = match parts[..] {
        ["2015-03-31", "functions", function, "invocations"] => (function, false),
        ["2021-11-15", "functions", function, "response-streaming-invocations"] => (function, true),
        _ => return Err(Refusal::new(404, "ResourceNotFoundException", format!("unknown path `{path}`"))),
    };
    if request.method() != Method::POST {
        return Err(Refusal::new(405, "MethodNotAllowedException", "an invocation is a POST request"));
    }
    Ok((function.to_owned(), is_streamed))
}

/// Waits until there is memory for the event.
async fn reserve(request: &Request<Incoming>, limit: usize, memory: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    let announced = header(request, "Content-Length").and_then(|length| length.parse().ok());
    let bytes = announced.unwrap_or(limit).min(limit);
    // It fails only if the semaphore is closed, which it never is.
    Arc::clone(memory).acquire_many_owned(u32::try_from(bytes).unwrap_or(u32::MAX)).await.ok()
}

fn enqueue(invocation: PendingInvocation, queue: &Queue) -> Result<(), Refusal> {
    let full = |_| Refusal::new(429, "TooManyRequestsException", "Rate Exceeded.");
    queue.pending.try_send(invocation).map_err(full)
}

/// Reads the event. Without a body it is an empty object.
async fn payload(body: Incoming, limit: usize) -> Result<Bytes, Refusal> {
    let too_slow = |_| {
        let message = format!("the event did not arrive within {} seconds", EVENT_TIMEOUT.as_secs());
        Refusal::new(408, "RequestTimeoutException", message)
    };
    let payload = timeout(EVENT_TIMEOUT, read_body(body, limit)).await.map_err(too_slow)?;
    let payload = payload.map_err(|error| match error {
        BodyError::TooLarge => {
            let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
            Refusal::new(413, "RequestEntityTooLargeException", message)
        }
        BodyError::Broken => Refusal::new(400, "InvalidRequestContentException", "the request is incomplete"),
    })?;
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    let not_json = |error: String| {
        let message = format!("Could not parse request body into json: {error}");
        Refusal::new(400, "InvalidRequestContentException", message)
    };
    let text = std::str::from_utf8(&payload).map_err(|error| not_json(format!("Invalid UTF-8: {error}")))?;
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| not_json(error.to_string()))?;
    Ok(payload)
}
