//! A function URL: any HTTP request becomes an invocation, and the function's answer becomes the response.

use std::io;
use std::net::SocketAddr;

use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

use super::functions::{Functions, ServedFunction};
use super::invoke_api::{announced_size, read_request, too_large};
use super::respond::{NOT_FOUND, Refusal, ServeBody, channel_body, set_header, whole_body};
use super::url_response::Head;
use super::{caller, guard, url_event, url_response};
use crate::function::{CallerContext, Event, Finished, PendingInvocation, new_trace_root};
use crate::http::header;
use crate::printer::Printer;
use crate::response_stream::{ResponseStream, STREAM_QUEUE_LIMIT, response_stream};
use lambda_platform::limits::EVENT_LIMIT;

/// The content type of a streamed response that starts with a prelude: status and headers as JSON.
const WITH_PRELUDE: &str = "application/vnd.awslambda.http-integration-response";

/// What separates the prelude from the body. JSON has no such bytes.
const PRELUDE_END: [u8; 8] = [0; 8];

/// The most bytes of a prelude. Larger headers are refused by clients.
const PRELUDE_LIMIT: usize = 256 << 10;

pub(super) async fn answer(
    request: Request<Incoming>,
    address: SocketAddr,
    functions: &Functions,
    printer: &Printer,
) -> Response<ServeBody> {
    match invoke(request, address, functions, printer).await {
        Ok(response) => response,
        Err(refusal) => refusal.response(),
    }
}

async fn invoke(
    request: Request<Incoming>,
    address: SocketAddr,
    functions: &Functions,
    printer: &Printer,
) -> Result<Response<ServeBody>, Refusal> {
    guard::check_page(&request)?;
    let (function, path) = route(request.uri().path(), functions)?;
    let path = path.to_owned();
    let memory = functions.reserve(announced_size(&request, EVENT_LIMIT)).await;
    let root = header(&request, "X-Amzn-Trace-Id").and_then(|trace| caller::trace_root(&trace));
    let trace_root = root.unwrap_or_else(new_trace_root);
    let (parts, body) = request.into_parts();
    let body = read_request(body, EVENT_LIMIT).await?;
    let (sink, pieces) = response_stream();
    let caller = CallerContext { trace_root: Some(trace_root.clone()), ..CallerContext::default() };
    let mut event = Event { caller, ..Event::new(Bytes::new(), sink) };
    let request_id = event.request_id.clone();
    let context = url_event::Context {
        function: &function.name,
        request_id: &request_id,
        trace_root: &trace_root,
        address,
        path: &path,
        now: OffsetDateTime::now_utc(),
    };
    event.payload = url_event::event(&parts, &body, &context).to_string().into();
    if event.payload.len() > EVENT_LIMIT {
        return Err(too_large(EVENT_LIMIT));
    }
    drop(body);
    let (done, finished) = oneshot::channel();
    function.enqueue(PendingInvocation { event, attempts: 1, done, memory })?;
    let mut response = match respond(pieces, finished).await {
        Ok(response) => response,
        Err(problem) => {
            if let Some(problem) = problem {
                printer.log(format!("the response of {request_id} is invalid for a function URL: {problem}\n")).await;
            }
            internal_error()
        }
    };
    set_header(&mut response, "x-amzn-RequestId", &request_id);
    Ok(response)
}

/// The function that a request is for, and the path that it sees. With several functions, the path starts with the name.
fn route<'f, 'p>(path: &'p str, functions: &'f Functions) -> Result<(&'f ServedFunction, &'p str), Refusal> {
    if let Some(function) = functions.only() {
        return Ok((function, path));
    }
    let rest = path.strip_prefix('/').unwrap_or(path);
    let (name, path) = rest.find('/').map_or((rest, "/"), |end| rest.split_at(end));
    functions.get(name).map(|function| (function, path)).ok_or_else(|| {
        let known: Vec<_> = functions.names().map(|name| format!("/{name}/")).collect();
        let message = format!("no function has the path `{path}`; the functions are at {}", known.join(", "));
        Refusal::new(404, NOT_FOUND, message)
    })
}

/// What a caller receives when the function failed, or its answer cannot be read.
fn internal_error() -> Response<ServeBody> {
    let body = Bytes::from_static(b"Internal Server Error");
    let mut response = Head::of_type("application/json").with_body(whole_body(body));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

/// Waits for the function's answer, or for the start of a streamed one. The error is what is wrong with the answer, or
/// nothing if the function failed: the log says why.
async fn respond(
    mut pieces: ResponseStream,
    finished: oneshot::Receiver<Finished>,
) -> Result<Response<ServeBody>, Option<String>> {
    let Some(first) = pieces.next().await else {
        let Finished { record, payload } = finished.await.map_err(|_| None)?;
        return match payload {
            _ if record.failure.is_some() => Err(None),
            Some(payload) => url_response::response(payload).map_err(Some),
            // A stream without a piece.
            None => Ok(Head::of_type("application/octet-stream").with_body(whole_body(Bytes::new()))),
        };
    };
    let (head, first) = if pieces.content_type() == Some(WITH_PRELUDE) {
        read_prelude(first, &mut pieces).await?
    } else {
        (Head::of_type("application/octet-stream"), first)
    };
    let (body, receiver) = mpsc::channel(STREAM_QUEUE_LIMIT);
    tokio::task::spawn_local(pass_on(first, pieces, finished, body));
    Ok(head.with_body(channel_body(receiver)))
}

/// Reads the prelude, and returns it with the first bytes of the body.
async fn read_prelude(first: Bytes, pieces: &mut ResponseStream) -> Result<(Head, Bytes), Option<String>> {
    let mut bytes = first.to_vec();
    loop {
        if let Some(end) = bytes.windows(PRELUDE_END.len()).position(|window| window == PRELUDE_END) {
            let head = Head::of_prelude(&bytes[..end])?;
            return Ok((head, Bytes::from(bytes.split_off(end + PRELUDE_END.len()))));
        }
        if bytes.len() > PRELUDE_LIMIT {
            return Err(Some("the prelude is too large".into()));
        }
        match pieces.next().await {
            Some(piece) => bytes.extend_from_slice(&piece),
            None => return Err(Some("it ends before its body".into())),
        }
    }
}

/// Passes the pieces on as they arrive. A failure breaks the connection off, since the status is already sent.
async fn pass_on(
    first: Bytes,
    mut pieces: ResponseStream,
    finished: oneshot::Receiver<Finished>,
    body: mpsc::Sender<io::Result<Bytes>>,
) {
    let mut next = Some(first);
    while let Some(piece) = next {
        if !piece.is_empty() && body.send(Ok(piece)).await.is_err() {
            return;
        }
        next = pieces.next().await;
    }
    let has_failed = finished.await.is_ok_and(|finished| finished.record.failure.is_some());
    if has_failed {
        let _ = body.send(Err(io::Error::other("the function failed"))).await;
    }
}
