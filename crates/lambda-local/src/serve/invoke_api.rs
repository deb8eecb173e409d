//! Lambda's Invoke API, so that the aws CLI and SDKs can call functions.

use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::functions::{Functions, ServedFunction};
use super::respond::{NOT_FOUND, Refusal, ServeBody, buffered, response_with, streamed};
use super::{caller, guard};
use crate::function::{Event, PendingInvocation};
use crate::http::{BodyError, header, read_body};
use crate::response_stream::response_stream;
use lambda_platform::limits::{ASYNCHRONOUS_EVENT_LIMIT, EVENT_LIMIT};

/// How long a client may take to send an event. Its memory is reserved meanwhile.
const EVENT_TIMEOUT: Duration = Duration::from_secs(20);

/// How often an asynchronous invocation is tried, as on Lambda by default. The cloud waits minutes between the attempts.
const ASYNCHRONOUS_ATTEMPTS: u32 = 3;

pub(super) async fn answer(request: Request<Incoming>, functions: &Functions) -> Response<ServeBody> {
    invoke(request, functions).await.unwrap_or_else(Refusal::response)
}

async fn invoke(request: Request<Incoming>, functions: &Functions) -> Result<Response<ServeBody>, Refusal> {
    guard::check(&request)?;
    let (named, is_streamed) = route(&request)?;
    let function = find(&named, functions)?;
    let invocation_type = header(&request, "X-Amz-Invocation-Type").unwrap_or_else(|| "RequestResponse".into());
    let wants_log = header(&request, "X-Amz-Log-Type").is_some_and(|kind| kind.eq_ignore_ascii_case("Tail"));
    let caller = caller::context(&request, &named)?;
    let is_asynchronous = invocation_type == "Event";
    let limit = if is_asynchronous { ASYNCHRONOUS_EVENT_LIMIT } else { EVENT_LIMIT };
    let memory = functions.reserve(announced_size(&request, limit)).await;
    let payload = payload(request.into_body(), limit).await?;
    let (sink, pieces) = response_stream();
    let event = Event { caller, ..Event::new(payload, sink) };
    let request_id = event.request_id.clone();
    let (done, finished) = oneshot::channel();
    let attempts = if is_asynchronous { ASYNCHRONOUS_ATTEMPTS } else { 1 };
    let invocation = PendingInvocation { event, attempts, done, memory };
    match invocation_type.as_str() {
        "DryRun" => return Ok(response_with(StatusCode::NO_CONTENT, Bytes::new())),
        "Event" => {
            function.enqueue(invocation)?;
            // Nobody reads a streamed response.
            drop(pieces);
            return Ok(response_with(StatusCode::ACCEPTED, Bytes::new()));
        }
        "RequestResponse" => function.enqueue(invocation)?,
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
        _ => return Err(Refusal::new(404, NOT_FOUND, format!("unknown path `{path}`"))),
    };
    if request.method() != Method::POST {
        return Err(Refusal::new(405, "MethodNotAllowedException", "an invocation is a POST request"));
    }
    Ok((function.to_owned(), is_streamed))
}

/// The function with this name. The only function has every name, so that a client needs no other configuration.
fn find<'f>(named: &str, functions: &'f Functions) -> Result<&'f ServedFunction, Refusal> {
    let name = caller::function_name(named);
    functions
        .only()
        .or_else(|| functions.get(&name))
        .ok_or_else(|| Refusal::new(404, NOT_FOUND, format!("Function not found: {}", functions.arn_of(&name))))
}

/// The size of the event, as far as the request says it.
pub(super) fn announced_size(request: &Request<Incoming>, limit: usize) -> usize {
    let announced = header(request, "Content-Length").and_then(|length| length.parse().ok());
    announced.unwrap_or(limit).min(limit)
}

/// Reads the body of a request.
pub(super) async fn read_request(body: Incoming, limit: usize) -> Result<Bytes, Refusal> {
    let too_slow = |_| {
        let message = format!("the event did not arrive within {} seconds", EVENT_TIMEOUT.as_secs());
        Refusal::new(408, "RequestTimeoutException", message)
    };
    let body = timeout(EVENT_TIMEOUT, read_body(body, limit)).await.map_err(too_slow)?;
    body.map_err(|error| match error {
        BodyError::TooLarge => too_large(limit),
        BodyError::Broken => Refusal::new(400, "InvalidRequestContentException", "the request is incomplete"),
    })
}

pub(super) fn too_large(limit: usize) -> Refusal {
    let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
    Refusal::new(413, "RequestEntityTooLargeException", message)
}

/// Reads the event. Without a body it is an empty object.
async fn payload(body: Incoming, limit: usize) -> Result<Bytes, Refusal> {
    let payload = read_request(body, limit).await?;
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
