//! Lambda's Invoke API on this machine, so that the aws CLI and SDKs can call the function.
//!
//! There is one sandbox, and invocations wait for their turn. Lambda would start more sandboxes.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::environment::VERSION;
use crate::function::{Event, Finished, WarmFunction};
use crate::http::{self, BodyError, header, read_body};
use crate::log::{Log, TAIL_LIMIT};
use crate::printer::Printer;
use crate::run::STREAM_QUEUE_LIMIT;
use crate::{InvocationRecord, LocalLambda, Progress, event_stream};
use lambda_platform::limits::{ASYNCHRONOUS_EVENT_LIMIT, EVENT_LIMIT};
use lambda_zip_error::{ErrorKind, ResultExt};

/// How many invocations may wait for their turn.
const QUEUE_LIMIT: usize = 1000;

/// An invocation that waits for its turn.
struct PendingInvocation {
    event: Event,
    /// Receives the outcome. The caller may be gone by then.
    done: oneshot::Sender<Finished>,
}

type ServeBody = UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// Serves for as long as it is polled.
pub(crate) async fn serve(
    lambda: &LocalLambda,
    address: SocketAddr,
    printer: &Printer,
    progress: &mut impl FnMut(Progress<'_>),
) -> Result<()> {
    let log = Log::new(printer.clone());
    let mut function = WarmFunction::new(lambda, &log, progress).await?;
    let listener = TcpListener::bind(address).await;
    let listener = listener.or_fail(ErrorKind::Setup, || format!("failed to listen on `{address}`"))?;
    progress(Progress::Listening(listener.local_addr()?, function.mode()));
    let (pending, mut queue) = mpsc::channel(QUEUE_LIMIT);
    let handle = move |request| {
        let pending = pending.clone();
        async move { answer(request, &pending).await.unwrap_or_else(Refusal::response) }
    };
    let server = tokio::task::spawn_local(http::serve(listener, handle));
    loop {
        tokio::select! {
            invocation = queue.recv() => {
                let Some(PendingInvocation { event, done }) = invocation else { break };
                let _ = done.send(function.invoke(event).await?);
            }
            () = function.idle() => {}
        }
    }
    server.abort();
    Ok(())
}

/// An error of the API itself, not of the function.
struct Refusal {
    status: StatusCode,
    error_type: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: u16, error_type: &'static str, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, error_type, message: message.into() }
    }

    fn response(self) -> Response<ServeBody> {
        let body = json!({ "Type": "User", "message": self.message }).to_string();
        let mut response = response_with(self.status, body.into());
        set_header(&mut response, "x-amzn-ErrorType", self.error_type);
        response
    }
}

async fn answer(
    request: Request<Incoming>,
    pending: &mpsc::Sender<PendingInvocation>,
) -> Result<Response<ServeBody>, Refusal> {
    // A web page must not run code on this machine through its visitor's browser.
    if request.headers().contains_key("Origin") {
        return Err(Refusal::new(403, "AccessDeniedException", "requests from browsers are refused"));
    }
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let is_streamed = match parts[..] {
        ["2015-03-31", "functions", _, "invocations"] => false,
        ["2021-11-15", "functions", _, "response-streaming-invocations"] => true,
        _ => return Err(Refusal::new(404, "ResourceNotFoundException", format!("unknown path `{path}`"))),
    };
    if request.method() != Method::POST {
        return Err(Refusal::new(405, "MethodNotAllowedException", "an invocation is a POST request"));
    }
    let invocation_type = header(&request, "X-Amz-Invocation-Type").unwrap_or_else(|| "RequestResponse".into());
    let wants_log = header(&request, "X-Amz-Log-Type").is_some_and(|kind| kind.eq_ignore_ascii_case("Tail"));
    let client_context = client_context(&request)?;
    let limit = if invocation_type == "Event" { ASYNCHRONOUS_EVENT_LIMIT } else { EVENT_LIMIT };
    let payload = payload(request.into_body(), limit).await?;
    let (sink, pieces) = mpsc::channel(STREAM_QUEUE_LIMIT);
    let (done, finished) = oneshot::channel();
    let invocation = PendingInvocation { event: Event { payload, client_context, sink }, done };
    match invocation_type.as_str() {
        "DryRun" => return Ok(response_with(StatusCode::NO_CONTENT, Bytes::new())),
        "Event" => {
            enqueue(invocation, pending)?;
            // Nobody reads a streamed response.
            drop(pieces);
            return Ok(response_with(StatusCode::ACCEPTED, Bytes::new()));
        }
        "RequestResponse" => enqueue(invocation, pending)?,
        other => {
            let message = format!("unknown invocation type `{other}`");
            return Err(Refusal::new(400, "InvalidParameterValueException", message));
        }
    }
    if is_streamed { Ok(streamed(pieces, finished, wants_log)) } else { buffered(pieces, finished, wants_log).await }
}

fn enqueue(invocation: PendingInvocation, pending: &mpsc::Sender<PendingInvocation>) -> Result<(), Refusal> {
    let full = |_| Refusal::new(429, "TooManyRequestsException", "Rate Exceeded.");
    pending.try_send(invocation).map_err(full)
}

/// The whole response. Headers report a failure.
async fn buffered(
    mut pieces: mpsc::Receiver<Bytes>,
    finished: oneshot::Receiver<Finished>,
    wants_log: bool,
) -> Result<Response<ServeBody>, Refusal> {
    let mut streamed = Vec::new();
    while let Some(piece) = pieces.recv().await {
        streamed.extend_from_slice(&piece);
    }
    let gone = |_| Refusal::new(500, "ServiceException", "failed to run the function");
    let Finished { record, payload } = finished.await.map_err(gone)?;
    let payload = payload.unwrap_or_else(|| streamed.into());
    let mut response = response_with(StatusCode::OK, payload);
    set_header(&mut response, "x-amzn-RequestId", &record.request_id);
    set_header(&mut response, "X-Amz-Executed-Version", VERSION);
    if record.failure.is_some() {
        set_header(&mut response, "X-Amz-Function-Error", "Unhandled");
    }
    if wants_log {
        set_header(&mut response, "X-Amz-Log-Result", &log_result(&record));
    }
    Ok(response)
}

/// The response as it arrives, in messages of an event stream. The last message reports a failure.
fn streamed(
    mut pieces: mpsc::Receiver<Bytes>,
    finished: oneshot::Receiver<Finished>,
    wants_log: bool,
) -> Response<ServeBody> {
    let (messages, body) = mpsc::channel(STREAM_QUEUE_LIMIT);
    tokio::task::spawn_local(async move {
        let chunk =
            |piece: &[u8]| Bytes::from(event_stream::message("PayloadChunk", "application/octet-stream", piece));
        while let Some(piece) = pieces.recv().await {
            if messages.send(chunk(&piece)).await.is_err() {
                return;
            }
        }
        let Ok(Finished { record, payload }) = finished.await else { return };
        let mut complete = json!({});
        match (&record.failure, &payload) {
            (Some(failure), _) => {
                complete["ErrorCode"] = failure.error_type.as_str().into();
                complete["ErrorDetails"] = failure.message.as_str().into();
            }
            (None, Some(payload)) => drop(messages.send(chunk(payload)).await),
            (None, None) => {}
        }
        if wants_log {
            complete["LogResult"] = log_result(&record).into();
        }
        let complete = event_stream::message("InvokeComplete", "application/json", complete.to_string().as_bytes());
        let _ = messages.send(complete.into()).await;
    });
    let mut response = Response::new(ChannelBody(body).boxed_unsync());
    set_header(&mut response, "Content-Type", event_stream::CONTENT_TYPE);
    set_header(&mut response, "x-amzn-RequestId", &Uuid::new_v4().to_string());
    set_header(&mut response, "X-Amz-Executed-Version", VERSION);
    response
}

/// The end of the log in base64.
fn log_result(record: &InvocationRecord) -> String {
    let start = record.log.len().saturating_sub(TAIL_LIMIT);
    BASE64_STANDARD.encode(&record.log[start..])
}

/// Reads the event. Without a body it is an empty object.
async fn payload(body: Incoming, limit: usize) -> Result<Bytes, Refusal> {
    let payload = read_body(body, limit).await.map_err(|error| match error {
        BodyError::TooLarge => {
            let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
            Refusal::new(413, "RequestEntityTooLargeException", message)
        }
        BodyError::Broken => Refusal::new(400, "InvalidRequestContentException", "the request is incomplete"),
    })?;
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => {
            let message = format!("Could not parse request body into json: {error}");
            Err(Refusal::new(400, "InvalidRequestContentException", message))
        }
    }
}

/// Decodes the client context: base64 with JSON inside.
fn client_context(request: &Request<Incoming>) -> Result<Option<String>, Refusal> {
    let Some(text) = header(request, "X-Amz-Client-Context") else { return Ok(None) };
    let invalid = || {
        Refusal::new(
            400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
        )
    };
    let decoded =
        BASE64_STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(invalid)?;
    let value: serde_json::Value = serde_json::from_str(&decoded).map_err(|_| invalid())?;
    // Serialized again, so that it is on one line and fits into a header.
    Ok(Some(value.to_string()))
}

fn response_with(status: StatusCode, body: Bytes) -> Response<ServeBody> {
    let mut response = Response::new(Full::new(body).boxed_unsync());
    *response.status_mut() = status;
    set_header(&mut response, "Content-Type", "application/json");
    response
}

fn set_header(response: &mut Response<ServeBody>, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(name, value);
    }
}

/// A body whose pieces arrive through a channel.
struct ChannelBody(mpsc::Receiver<Bytes>);

impl Body for ChannelBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
