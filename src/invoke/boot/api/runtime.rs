//! What runtimes send: responses, whole or in pieces, and errors.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::{HeaderMap, Request, StatusCode};
use tokio::sync::{mpsc, oneshot};

use super::{ApiError, ApiResponse, Call, Ending, ask, ending};
use crate::invoke::boot::http::{BodyError, header, read_body};
use crate::invoke::boot::outcome::{Failed, function_error};
use lambda_platform::limits::{RESPONSE_LIMIT, STREAMED_RESPONSE_LIMIT};
use lambda_zip_error::ErrorKind;

/// What Lambda calls a response with too many bytes.
const TOO_LARGE: &str = "Function.ResponseSizeTooLarge";

const ERROR_TYPE: &str = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY: &str = "Lambda-Runtime-Function-Error-Body";

/// A response to an invocation.
pub(super) async fn response(
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
    let (reply, sink) = oneshot::channel();
    let begin = Call::BeginResponse { request_id: request_id.to_owned(), reply };
    calls.send(begin).await.map_err(|_| ending())?;
    let sink = sink.await.map_err(|_| ending())??;
    let outcome =
        if is_streamed { stream(request.into_body(), sink).await } else { collect(request.into_body()).await };
    let is_too_large = matches!(&outcome, Ending::Unfit(failed) if failed.error_type == TOO_LARGE);
    let answer = ask(calls, |reply| Call::EndResponse { ending: outcome, reply }).await?;
    if is_too_large {
        return Err(refused_as_too_large());
    }
    Ok(answer)
}

/// What the runtime is answered that sent too much.
fn refused_as_too_large() -> ApiError {
    let message = format!("Exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).");
    ApiError { status: StatusCode::PAYLOAD_TOO_LARGE, error_type: "RequestEntityTooLarge", message }
}

/// The failure of a response with more bytes than Lambda hands on.
fn too_large(limit: usize) -> Failed {
    let message = format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
    Failed { error_type: TOO_LARGE.into(), message, kind: ErrorKind::FunctionError }
}

fn truncated() -> Failed {
    Failed {
        error_type: "Runtime.TruncatedResponse".into(),
        message: "the response broke off".into(),
        kind: ErrorKind::FunctionError,
    }
}

async fn collect(mut body: Incoming) -> Ending {
    let mut whole = Vec::new();
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Ending::Unfit(truncated()) };
        if let Some(data) = frame.data_ref() {
            size += data.len();
            // The rest is read, so that the runtime gets to read the answer. There is an end to patience, too.
            if size <= RESPONSE_LIMIT {
                whole.extend_from_slice(data);
            } else if size > STREAMED_RESPONSE_LIMIT {
                break;
            }
        }
    }
    if size > RESPONSE_LIMIT { Ending::Unfit(too_large(RESPONSE_LIMIT)) } else { Ending::Whole(whole.into()) }
}

/// Hands pieces on as they come. Whoever does not want them any more does not stop the function.
async fn stream(mut body: Incoming, sink: Option<mpsc::Sender<Bytes>>) -> Ending {
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Ending::Streamed(Some(truncated())) };
        match frame.into_data() {
            Ok(data) => {
                size += data.len();
                if size > STREAMED_RESPONSE_LIMIT {
                    return Ending::Streamed(Some(too_large(STREAMED_RESPONSE_LIMIT)));
                }
                if let Some(sink) = &sink {
                    let _ = sink.send(data).await;
                }
            }
            Err(frame) => {
                if let Some(failed) = frame.trailers_ref().and_then(failed_by_trailers) {
                    return Ending::Streamed(Some(failed));
                }
            }
        }
    }
    Ending::Streamed(None)
}

/// The error that a streamed response ended with: its type, and its body in base64.
fn failed_by_trailers(trailers: &HeaderMap) -> Option<Failed> {
    let text = |name: &str| Some(trailers.get(name)?.to_str().ok()?.to_owned());
    let error_type = text(ERROR_TYPE)?;
    let body = text(ERROR_BODY).and_then(|body| BASE64_STANDARD.decode(body).ok()).unwrap_or_default();
    Some(function_error(Some(error_type), &body.into()))
}

/// An error in place of a response, or, without an invocation, of a start.
pub(super) async fn error(
    request: Request<Incoming>,
    request_id: Option<&str>,
    calls: &mpsc::Sender<Call>,
) -> Result<ApiResponse, ApiError> {
    let error_type = header(&request, ERROR_TYPE);
    let payload = match read_body(request.into_body(), RESPONSE_LIMIT).await {
        Ok(payload) => payload,
        Err(BodyError::Broken) => {
            let message = "HTTP request detected as truncated";
            return Err(ApiError::bad_request("TruncatedHTTPRequest", message));
        }
        Err(BodyError::TooLarge) => return Err(refused_as_too_large()),
    };
    match request_id.map(str::to_owned) {
        Some(request_id) => ask(calls, |reply| Call::InvocationError { request_id, error_type, payload, reply }).await,
        None => ask(calls, |reply| Call::InitError { error_type, payload, reply }).await,
    }
}
