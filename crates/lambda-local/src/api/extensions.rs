//! The calls of extensions: registration, next event, errors and telemetry subscriptions.

use hyper::Request;
use hyper::body::Incoming;
use serde::Deserialize;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{ApiError, ApiResponse, Call, ask};
use crate::http::{header, read_body};

const NAME: &str = "Lambda-Extension-Name";
const IDENTIFIER: &str = "Lambda-Extension-Identifier";
const ERROR_TYPE: &str = "Lambda-Extension-Function-Error-Type";

/// No valid body of these calls is larger.
const BODY_LIMIT: usize = 64 * 1024;

#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    events: Vec<String>,
}

pub(crate) async fn register(request: Request<Incoming>, calls: &mpsc::Sender<Call>) -> Result<ApiResponse, ApiError> {
    let name = header(&request, NAME).unwrap_or_default();
    let Registration { events } = read_json(request).await?;
    ask(calls, |reply| Call::Register { name, events, reply }).await
}

pub(crate) async fn next(request: &Request<Incoming>, calls: &mpsc::Sender<Call>) -> Result<ApiResponse, ApiError> {
    let id = identifier(request)?;
    ask(calls, |reply| Call::ExtensionNext { id, reply }).await
}

pub(crate) async fn error(
    request: &Request<Incoming>,
    starting: bool,
    calls: &mpsc::Sender<Call>,
) -> Result<ApiResponse, ApiError> {
    let id = identifier(request)?;
    let missing = || ApiError::forbidden("Extension.MissingHeader", format!("{ERROR_TYPE} not found"));
    let error_type = header(request, ERROR_TYPE).ok_or_else(missing)?;
    ask(calls, |reply| Call::ExtensionError { id, error_type, starting, reply }).await
}

pub(crate) async fn subscribe(request: Request<Incoming>, calls: &mpsc::Sender<Call>) -> Result<ApiResponse, ApiError> {
    let id = identifier(&request)?;
    let request = read_json(request).await?;
    ask(calls, |reply| Call::Subscribe { id, request, reply }).await
}

fn identifier(request: &Request<Incoming>) -> Result<Uuid, ApiError> {
    let text = header(request, IDENTIFIER).ok_or_else(|| {
        ApiError::forbidden("Extension.MissingExtensionIdentifier", format!("Missing {IDENTIFIER} header"))
    })?;
    let invalid =
        |_| ApiError::forbidden("Extension.InvalidExtensionIdentifier", format!("{IDENTIFIER} is not a UUID"));
    Uuid::parse_str(&text).map_err(invalid)
}

async fn read_json<T: for<'a> Deserialize<'a>>(request: Request<Incoming>) -> Result<T, ApiError> {
    let invalid = |message: String| ApiError::forbidden("InvalidRequestFormat", message);
    let body = read_body(request.into_body(), BODY_LIMIT).await;
    let body = body.map_err(|_| invalid("failed to read the body".into()))?;
    serde_json::from_slice(&body).map_err(|error| invalid(error.to_string()))
}
