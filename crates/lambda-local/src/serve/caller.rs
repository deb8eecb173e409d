//! What a caller passes along with an event: headers, and the version or alias.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::Request;
use hyper::body::Incoming;

use super::respond::Refusal;
use crate::function::CallerContext;
use crate::http::header;

/// Reads it from the request and the function that the path names.
pub(super) fn context(request: &Request<Incoming>, function: &str) -> Result<CallerContext, Refusal> {
    Ok(CallerContext {
        client_context: client_context(request)?,
        cognito_identity: header(request, "X-Amz-Cognito-Identity"),
        tenant_id: header(request, "X-Amz-Tenant-Id"),
        trace_root: header(request, "X-Amzn-Trace-Id").and_then(|trace| trace_root(&trace)),
        qualifier: qualifier_in_query(request.uri().query().unwrap_or_default())
            .or_else(|| qualifier_in_function(function)),
    })
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

/// The `Root` field of a trace header: `Root=1-…;Parent=…;Sampled=1`.
pub(super) fn trace_root(trace: &str) -> Option<String> {
    trace.split(';').find_map(|field| field.trim().strip_prefix("Root=")).map(str::to_owned)
}

fn qualifier_in_query(query: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("Qualifier="))?;
    Some(value.replace("%24", "$")).filter(|value| !value.is_empty())
}

/// The name in `name`, `name:qualifier`, `account:function:name` or a whole ARN, with or without a qualifier.
pub(super) fn function_name(function: &str) -> String {
    let function = function.replace("%3A", ":").replace("%3a", ":");
    let parts: Vec<&str> = function.split(':').collect();
    let name = match parts[..] {
        ["arn", _, "lambda", _, _, "function", name, ..] | [_, "function", name, ..] | [name, ..] => name,
        [] => "",
    };
    name.to_owned()
}

/// The qualifier in `name:qualifier`, `account:function:name:qualifier` or a whole ARN.
fn qualifier_in_function(function: &str) -> Option<String> {
    let function = function.replace("%3A", ":").replace("%3a", ":").replace("%24", "$");
    let parts: Vec<&str> = function.split(':').collect();
    match parts[..] {
        [_, qualifier] | [_, "function", _, qualifier] | ["arn", _, "lambda", _, _, "function", _, qualifier] => {
            Some(qualifier.to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qualifier_is_found_in_each_form_of_a_name() {
        for (function, qualifier) in [
            ("hello", None),
            ("hello:PROD", Some("PROD")),
            ("hello%3A%24LATEST", Some("$LATEST")),
            ("123456789012:function:hello", None),
            ("123456789012:function:hello:7", Some("7")),
            ("arn:aws:lambda:eu-west-1:123456789012:function:hello", None),
            ("arn:aws:lambda:eu-west-1:123456789012:function:hello:7", Some("7")),
        ] {
            assert_eq!(qualifier_in_function(function).as_deref(), qualifier, "{function}");
            assert_eq!(function_name(function), "hello", "{function}");
        }
        assert_eq!(qualifier_in_query("Qualifier=%24LATEST").as_deref(), Some("$LATEST"));
        assert_eq!(qualifier_in_query("a=b&Qualifier="), None);
    }

    #[test]
    fn only_the_root_of_a_trace_is_taken() {
        assert_eq!(trace_root("Root=1-2-3;Parent=4;Sampled=1").as_deref(), Some("1-2-3"));
        assert_eq!(trace_root("Self=1; Root=1-2-3").as_deref(), Some("1-2-3"));
        assert_eq!(trace_root("Parent=4"), None);
    }
}
