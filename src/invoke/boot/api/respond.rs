//! The answers of the APIs, as AWS's emulator gives them.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;

use super::{ApiError, ApiResponse};

/// An invocation, as its headers tell of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::invoke::boot) struct InvocationHeaders<'a> {
    pub(in crate::invoke::boot) request_id: &'a str,
    pub(in crate::invoke::boot) deadline_ms: i128,
    pub(in crate::invoke::boot) arn: &'a str,
    pub(in crate::invoke::boot) trace_id: &'a str,
    pub(in crate::invoke::boot) client_context: Option<&'a str>,
}

/// The answer to a runtime that asks for an invocation.
pub(in crate::invoke::boot) fn next_invocation(headers: InvocationHeaders, payload: Bytes) -> ApiResponse {
    let mut response = Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", headers.request_id)
        .header("Lambda-Runtime-Deadline-Ms", headers.deadline_ms.to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", headers.arn)
        .header("Lambda-Runtime-Trace-Id", headers.trace_id);
    if let Some(context) = headers.client_context {
        response = response.header("Lambda-Runtime-Client-Context", context);
    }
    response.body(Full::new(payload)).unwrap_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR))
}

/// What was sent is taken.
pub(in crate::invoke::boot) fn accepted() -> ApiResponse {
    json(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

/// What was sent is not taken, and why.
pub(in crate::invoke::boot) fn refused(error: &ApiError) -> ApiResponse {
    json(error.status, &json!({ "errorMessage": error.message, "errorType": error.error_type }))
}

pub(in crate::invoke::boot) fn empty(status: StatusCode) -> ApiResponse {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

pub(in crate::invoke::boot) fn json(status: StatusCode, document: &impl Serialize) -> ApiResponse {
    let mut response = empty(status);
    *response.body_mut() = Full::new(serde_json::to_vec(document).unwrap_or_default().into());
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    response
}
