//! The event that a function URL makes of an HTTP request: payload format 2.0.
//!
//! Source: AWS Lambda developer guide, "Invoking Lambda function URLs".

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::header::{CONNECTION, HeaderMap, HeaderName, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE};
use hyper::http::request::Parts;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

/// The headers that concern one connection only.
pub(super) const CONNECTION_HEADERS: [HeaderName; 6] =
    [CONNECTION, HeaderName::from_static("keep-alive"), PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE];

/// The content types that are text, besides `text/*`. Every other body is encoded in base64, also that of a form.
const TEXT_TYPES: [&str; 3] = ["application/json", "application/javascript", "application/xml"];

/// What an event says besides the request itself.
pub(super) struct Context<'a> {
    pub(super) function: &'a str,
    pub(super) request_id: &'a str,
    pub(super) trace_root: &'a str,
    /// Where the server listens. Clients are on the same machine.
    pub(super) address: SocketAddr,
    /// The path without the name of the function.
    pub(super) path: &'a str,
    pub(super) now: OffsetDateTime,
}

/// Makes the event.
pub(super) fn event(request: &Parts, body: &[u8], context: &Context<'_>) -> Value {
    let headers = headers(&request.headers, context);
    let query = request.uri.query().unwrap_or_default();
    let host = headers.get("host").cloned().unwrap_or_else(|| context.address.to_string());
    let time =
        context.now.format(format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000"));
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": context.path,
        "rawQueryString": query,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": context.function,
            "domainName": host_name(&host),
            "domainPrefix": context.function,
            "http": {
                "method": request.method.as_str(),
                "path": context.path,
                "protocol": format!("{:?}", request.version),
                "sourceIp": context.address.ip().to_string(),
                "userAgent": headers.get("user-agent").cloned().unwrap_or_default(),
            },
            "requestId": context.request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": time.unwrap_or_default(),
            "timeEpoch": i64::try_from(context.now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default(),
        },
        "isBase64Encoded": false,
    });
    // What is empty is left out.
    let cookies = cookies(&request.headers);
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    let parameters = query_parameters(query);
    if !parameters.is_empty() {
        event["queryStringParameters"] = json!(parameters);
    }
    if !body.is_empty() {
        if let Some(text) = std::str::from_utf8(body).ok().filter(|_| is_text(headers.get("content-type"))) {
            event["body"] = text.into();
        } else {
            event["body"] = BASE64_STANDARD.encode(body).into();
            event["isBase64Encoded"] = true.into();
        }
    }
    event["headers"] = json!(headers);
    event
}

/// The headers in lower case, those of the same name joined, with the ones that Lambda adds.
fn headers(request: &HeaderMap, context: &Context<'_>) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in request {
        if CONNECTION_HEADERS.contains(name) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        let separator = if name == hyper::header::COOKIE { "; " } else { "," };
        let joined = headers.entry(name.as_str().to_owned());
        joined.and_modify(|joined| *joined = format!("{joined}{separator}{value}")).or_insert_with(|| value.into());
    }
    let source = context.address.ip().to_string();
    let forwarded = headers.entry("x-forwarded-for".to_owned());
    forwarded.and_modify(|earlier| *earlier = format!("{earlier}, {source}")).or_insert(source);
    headers.insert("x-forwarded-port".into(), context.address.port().to_string());
    headers.insert("x-forwarded-proto".into(), "http".into());
    headers.insert("x-amzn-trace-id".into(), format!("Root={}", context.trace_root));
    headers
}

/// Cookies are in an array, and in the header too.
fn cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(hyper::header::COOKIE).into_iter();
    let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let cookies = values.flat_map(|value| value.split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>());
    cookies.filter(|cookie| !cookie.is_empty()).collect()
}

/// The parameters, decoded. Values of the same name are joined with commas.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let joined = parameters.entry(name.into_owned());
        joined.and_modify(|joined| *joined = format!("{joined},{value}")).or_insert_with(|| value.into_owned());
    }
    parameters
}

fn is_text(content_type: Option<&String>) -> bool {
    let Some(content_type) = content_type else { return false };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/") || TEXT_TYPES.contains(&essence.as_str())
}

/// A host without its port.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;
    use crate::samples;

    fn event_of(request: Request<()>, body: &[u8]) -> Value {
        let (parts, ()) = request.into_parts();
        let context = Context {
            function: "greeter",
            request_id: "6f1e0b52-3c44-4a57-9d2f-7d0c5b8a1e90",
            trace_root: "1-69b5289d-0a1b2c3d4e5f60718293a4b5",
            address: "127.0.0.1:9000".parse().unwrap(),
            path: parts.uri.path(),
            now: OffsetDateTime::from_unix_timestamp_nanos(1_773_480_413_589_000_000).unwrap(),
        };
        event(&parts, body, &context)
    }

    /// Sends the request of the sample `lambda-url`, whose structure AWS documents, and compares every field.
    #[test]
    fn an_event_has_every_field_that_aws_documents() {
        let request = Request::post("/greetings?name=Ada&language=en&language=de")
            .header("Accept", "application/json")
            .header("Content-Length", "27")
            .header("Content-Type", "application/json")
            .header("Host", "localhost:9000")
            .header("User-Agent", "curl/8.5.0")
            .header("Cookie", "theme=dark; visits=3")
            .body(())
            .unwrap();
        let mut expected: Value = serde_json::from_str(samples::find("lambda-url").unwrap().json).unwrap();
        // What depends on the machine.
        expected["requestContext"]["apiId"] = "greeter".into();
        expected["requestContext"]["domainPrefix"] = "greeter".into();
        expected["requestContext"]["domainName"] = "localhost".into();
        expected["requestContext"]["http"]["sourceIp"] = "127.0.0.1".into();
        for (name, value) in [
            ("cookie", "theme=dark; visits=3"),
            ("host", "localhost:9000"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-port", "9000"),
            ("x-forwarded-proto", "http"),
        ] {
            expected["headers"][name] = value.into();
        }
        assert_eq!(event_of(request, br#"{"greeting":"Good morning"}"#), expected);
    }

    #[test]
    fn what_a_request_does_not_have_is_left_out() {
        let event = event_of(Request::get("/").body(()).unwrap(), b"");
        for field in ["body", "cookies", "queryStringParameters"] {
            assert!(event.get(field).is_none(), "{field}: {event}");
        }
        assert_eq!((&event["rawQueryString"], &event["isBase64Encoded"]), (&"".into(), &false.into()));
    }

    #[test]
    fn headers_and_parameters_of_the_same_name_are_joined() {
        let request = Request::get("/a%20b?x=1&x=%26+2&y")
            .header("X-Two", "1")
            .header("X-Two", "2")
            .header("Cookie", "a=1")
            .header("Cookie", "b=2")
            .header("Connection", "keep-alive")
            .header("X-Forwarded-For", "10.0.0.1")
            .body(())
            .unwrap();
        let event = event_of(request, b"");
        assert_eq!(event["rawPath"], "/a%20b");
        assert_eq!(event["queryStringParameters"], json!({ "x": "1,& 2", "y": "" }));
        assert_eq!(event["headers"]["x-two"], "1,2");
        assert_eq!(event["headers"]["x-forwarded-for"], "10.0.0.1, 127.0.0.1");
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert!(event["headers"].get("connection").is_none(), "{event}");
    }

    #[test]
    fn a_body_is_text_or_base64_depending_on_its_type() {
        for (content_type, body, encoded) in [
            ("text/plain; charset=utf-8", &b"hi"[..], None),
            ("Application/JSON", b"{}", None),
            ("application/x-www-form-urlencoded", b"a=b", Some("YT1i")),
            ("application/octet-stream", b"\xff\0", Some("/wA=")),
            ("text/plain", b"\xff", Some("/w==")),
        ] {
            let request = Request::post("/").header("Content-Type", content_type).body(()).unwrap();
            let event = event_of(request, body);
            let expected = encoded.unwrap_or_else(|| std::str::from_utf8(body).unwrap());
            assert_eq!((&event["body"], &event["isBase64Encoded"]), (&expected.into(), &encoded.is_some().into()));
        }
        let untyped = event_of(Request::post("/").body(()).unwrap(), b"hi");
        assert_eq!((&untyped["body"], &untyped["isBase64Encoded"]), (&"aGk=".into(), &true.into()));
    }
}
