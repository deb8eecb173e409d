//! The answers of the APIs, with the bodies of AWS's emulator.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Response, StatusCode};
use serde::Serialize;
use serde_json::json;

use super::{ApiError, ApiResponse};

/// The facts of an invocation that its headers carry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InvocationHeaders<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) invocation_id: &'a str,
    pub(crate) deadline_ms: i128,
    pub(crate) arn: &'a str,
    pub(crate) trace_id: &'a str,
    pub(crate) client_context: Option<&'a str>,
    pub(crate) cognito_identity: Option<&'a str>,
    pub(crate) tenant_id: Option<&'a str>,
}

/// The answer to a runtime that asks for an invocation.
pub(crate) fn next_invocation(headers: InvocationHeaders, payload: Bytes) -> ApiResponse {
    let mut response = Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", headers.request_id)
        .header("Lambda-Runtime-Invocation-Id", headers.invocation_id)
        .header("Lambda-Runtime-Deadline-Ms", headers.deadline_ms.to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", headers.arn)
        .header("Lambda-Runtime-Trace-Id", headers.trace_id);
    for (name, value) in [
        ("Lambda-Runtime-Client-Context", headers.client_context),
        ("Lambda-Runtime-Cognito-Identity", headers.cognito_identity),
        ("Lambda-Runtime-Aws-Tenant-Id", headers.tenant_id),
    ] {
        if let Some(value) = value {
            response = response.header(name, value);
        }
    }
    response.body(Full::new(payload)).unwrap_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR))
}

/// The answer to an accepted call.
pub(crate) fn accepted() -> ApiResponse {
    json(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

/// The answer to a refused call.
pub(crate) fn refused(error: &ApiError) -> ApiResponse {
    json(error.status, &json!({ "errorMessage": error.message, "errorType": error.error_type }))
}

pub(crate) fn empty(status: StatusCode) -> ApiResponse {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// A plain text, with a line end.
pub(crate) fn text(status: StatusCode, text: &str) -> ApiResponse {
    Response::builder()
        .status(status)
        .header("Content-Type", "text/plain; charset=utf-8")
        .header("X-Content-Type-Options", "nosniff")
        .body(Full::new(format!("{text}\n").into()))
        .unwrap_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR))
}

/// The answer to a call with another method than the expected one.
pub(crate) fn wrong_method(expected: &Method) -> ApiResponse {
    let response = Response::builder().status(StatusCode::METHOD_NOT_ALLOWED).header("Allow", expected.as_str());
    response.body(Full::default()).unwrap_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR))
}

/// A document, with a line end.
pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> ApiResponse {
    let mut response = empty(status);
    let mut body = serde_json::to_vec(document).unwrap_or_default();
    body.push(b'\n');
    *response.body_mut() = Full::new(body.into());
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    response
}
