//! The calls of runtimes: responses, buffered or streamed, and errors.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{HeaderMap, Request, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::{AnsweredInvocation, ApiError, ApiResponse, BegunResponse, Call, Ending, ask, sandbox_ends};
use crate::fault::function_error;
use crate::http::{BodyError, header, read_body};
use crate::response_stream::ResponseSink;
use crate::{FailureKind, InvocationFailure};
use lambda_platform::limits::{RESPONSE_LIMIT, STREAM_BANDWIDTH, STREAM_BURST, STREAMED_RESPONSE_LIMIT};

/// Lambda's name for a response that is too large.
const TOO_LARGE: &str = "Function.ResponseSizeTooLarge";

const ERROR_TYPE: &str = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY: &str = "Lambda-Runtime-Function-Error-Body";

/// A response to an invocation.
pub(crate) async fn response(
    request: Request<Incoming>,
    request_id: &str,
    calls: &mpsc::Sender<Call>,
) -> Result<ApiResponse, ApiError> {
    let is_streamed = match header(&request, "Lambda-Runtime-Function-Response-Mode") {
        None => false,
        Some(mode) if mode.eq_ignore_ascii_case("streaming") => true,
        Some(_) => {
            return Err(ApiError::bad_request("InvalidFunctionResponseMode", "Invalid function response mode"));
        }
    };
    let (reply, accepted) = oneshot::channel();
    let begin = Call::BeginResponse { answered: answered(&request, request_id), reply };
    calls.send(begin).await.map_err(|_| sandbox_ends())?;
    let BegunResponse { sink, throttled, over } = accepted.await.map_err(|_| sandbox_ends())??;
    if let Some(content_type) = header(&request, "Content-Type") {
        sink.begin(content_type);
    }
    let body = request.into_body();
    let outcome = tokio::select! {
        biased;
        outcome = read(body, is_streamed, sink, throttled) => outcome,
        _ = over => return Err(ApiError::invoke_timeout()),
    };
    let is_too_large = matches!(&outcome, Ending::Undeliverable(failure) if failure.error_type == TOO_LARGE);
    let request_id = request_id.to_owned();
    let answer = ask(calls, |reply| Call::EndResponse { request_id, ending: outcome, reply }).await?;
    if is_too_large {
        return Err(refused_as_too_large());
    }
    Ok(answer)
}

fn answered(request: &Request<Incoming>, request_id: &str) -> AnsweredInvocation {
    let invocation_id = header(request, "Lambda-Runtime-Invocation-Id");
    AnsweredInvocation { request_id: request_id.to_owned(), invocation_id }
}

/// The answer to a runtime whose response is too large.
fn refused_as_too_large() -> ApiError {
    let message = format!("Exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).");
    ApiError { status: StatusCode::PAYLOAD_TOO_LARGE, error_type: "RequestEntityTooLarge", message }
}

/// The failure of an invocation whose response is too large.
pub(crate) fn too_large(limit: usize) -> InvocationFailure {
    let message = format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
    InvocationFailure { error_type: TOO_LARGE.into(), message, kind: FailureKind::FunctionError, cause: None }
}

fn truncated() -> InvocationFailure {
    InvocationFailure {
        error_type: "Runtime.TruncatedResponse".into(),
        message: "the response broke off".into(),
        kind: FailureKind::FunctionError,
        cause: None,
    }
}

async fn read(body: Incoming, is_streamed: bool, sink: ResponseSink, throttled: bool) -> Ending {
    if is_streamed { stream(body, sink, throttled).await } else { collect(body).await }
}

async fn collect(mut body: Incoming) -> Ending {
    let mut whole = Vec::new();
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Ending::Undeliverable(truncated()) };
        if let Some(data) = frame.data_ref() {
            size += data.len();
            // The rest is read too, so that the runtime can read the answer, unless it never ends.
            if size <= RESPONSE_LIMIT {
                whole.extend_from_slice(data);
            } else if size > STREAMED_RESPONSE_LIMIT {
                break;
            }
        }
    }
    if size > RESPONSE_LIMIT { Ending::Undeliverable(too_large(RESPONSE_LIMIT)) } else { Ending::Whole(whole.into()) }
}

/// Passes pieces on as they arrive. A caller that is gone does not stop the function.
async fn stream(mut body: Incoming, sink: ResponseSink, throttled: bool) -> Ending {
    let mut size = 0;
    let mut throttle = throttled.then(Throttle::default);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Ending::Streamed(Some(truncated())) };
        match frame.into_data() {
            Ok(data) => {
                size += data.len();
                if size > STREAMED_RESPONSE_LIMIT {
                    return Ending::Streamed(Some(too_large(STREAMED_RESPONSE_LIMIT)));
                }
                if let Some(throttle) = &mut throttle {
                    throttle.wait(size).await;
                }
                sink.send(data).await;
            }
            Err(frame) => {
                if let Some(failure) = frame.trailers_ref().and_then(failure_in_trailers) {
                    return Ending::Streamed(Some(failure));
                }
            }
        }
    }
    Ending::Streamed(None)
}

/// Slows a streamed response down as Lambda does, which passes the first part on at once.
#[derive(Default)]
struct Throttle {
    /// When the first part was complete.
    since: Option<Instant>,
}

impl Throttle {
    /// Waits until a response of this size may have been passed on.
    async fn wait(&mut self, size: usize) {
        let Some(slow) = size.checked_sub(STREAM_BURST) else { return };
        let since = *self.since.get_or_insert_with(Instant::now);
        let milliseconds = slow.saturating_mul(1000) / STREAM_BANDWIDTH;
        sleep_until(since + Duration::from_millis(milliseconds as u64)).await;
    }
}

/// The error at the end of a streamed response: its type, and its body in base64.
fn failure_in_trailers(trailers: &HeaderMap) -> Option<InvocationFailure> {
    let text = |name: &str| Some(trailers.get(name)?.to_str().ok()?.to_owned());
    let error_type = text(ERROR_TYPE)?;
    let body = text(ERROR_BODY).and_then(|body| BASE64_STANDARD.decode(body).ok()).unwrap_or_default();
    Some(function_error(Some(error_type), &body.into()))
}

/// An error in place of a response. Without a request id, an error of the start.
pub(crate) async fn error(
    request: Request<Incoming>,
    request_id: Option<&str>,
    calls: &mpsc::Sender<Call>,
) -> Result<ApiResponse, ApiError> {
    let error_type = header(&request, ERROR_TYPE);
    let answered = request_id.map(|id| answered(&request, id));
    let payload = match read_body(request.into_body(), RESPONSE_LIMIT).await {
        Ok(payload) => payload,
        Err(BodyError::Broken) => {
            let message = "HTTP request detected as truncated";
            return Err(ApiError::bad_request("TruncatedHTTPRequest", message));
        }
        Err(BodyError::TooLarge) => return Err(refused_as_too_large()),
    };
    match answered {
        Some(answered) => ask(calls, |reply| Call::InvocationError { answered, error_type, payload, reply }).await,
        None => ask(calls, |reply| Call::InitError { error_type, payload, reply }).await,
    }
}
