//! The HTTP response that a function URL makes of a function's answer.
//!
//! Source: AWS Lambda developer guide, "Invoking Lambda function URLs" and "Response streaming for Lambda functions".

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use hyper::{Response, StatusCode};
use serde_json::{Map, Value};

use super::respond::{ServeBody, whole_body};
use super::url_event::CONNECTION_HEADERS;

/// Status, headers and cookies of a response.
#[derive(Debug)]
pub(super) struct Head {
    status: StatusCode,
    headers: HeaderMap,
}

impl Head {
    /// A response of this type with status 200.
    pub(super) fn of_type(content_type: &'static str) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status: StatusCode::OK, headers }
    }

    /// Reads the fields `statusCode`, `headers` and `cookies`. The error is what is wrong with them.
    fn read(fields: &Map<String, Value>, default_type: &'static str) -> Result<Self, String> {
        let status = match fields.get("statusCode") {
            None => 200,
            Some(status) => number(status).ok_or_else(|| format!("`statusCode` is `{status}`"))?,
        };
        let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.filter(|status| status.as_u16() >= 200).ok_or("`statusCode` is out of range")?;
        let mut headers = HeaderMap::new();
        for (name, value) in object(fields, "headers")? {
            let invalid = || format!("the header `{name}` is invalid");
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => return Err(invalid()),
            };
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| invalid())?;
            // The server knows the length itself.
            if !CONNECTION_HEADERS.contains(&name) && name != CONTENT_LENGTH {
                headers.append(name, value);
            }
        }
        for cookie in array(fields, "cookies")? {
            let text = cookie.as_str().and_then(|cookie| HeaderValue::from_bytes(cookie.as_bytes()).ok());
            headers.append(SET_COOKIE, text.ok_or_else(|| format!("the cookie `{cookie}` is invalid"))?);
        }
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(default_type));
        Ok(Self { status, headers })
    }

    /// Reads the prelude of a streamed response.
    pub(super) fn of_prelude(prelude: &[u8]) -> Result<Self, String> {
        match serde_json::from_slice(prelude) {
            Ok(Value::Object(fields)) => Self::read(&fields, "application/octet-stream"),
            _ => Err("the prelude is not a JSON object".into()),
        }
    }

    pub(super) fn with_body(self, body: ServeBody) -> Response<ServeBody> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// The response to a whole answer. The error is what is wrong with the answer.
pub(super) fn response(payload: Bytes) -> Result<Response<ServeBody>, String> {
    let answer: Value = serde_json::from_slice(&payload).map_err(|error| format!("it is not JSON: {error}"))?;
    let fields = match answer {
        Value::Object(fields) if fields.contains_key("statusCode") => fields,
        // Lambda infers the response.
        _ => return Ok(Head::of_type("application/json").with_body(whole_body(payload))),
    };
    let head = Head::read(&fields, "application/json")?;
    let text = match fields.get("body") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(_) => return Err("`body` is not a string".into()),
    };
    let body = match fields.get("isBase64Encoded") {
        Some(Value::Bool(true)) => BASE64_STANDARD.decode(text).map_err(|_| "`body` is not base64".to_owned())?.into(),
        None | Some(Value::Bool(false) | Value::Null) => Bytes::copy_from_slice(text.as_bytes()),
        Some(other) => return Err(format!("`isBase64Encoded` is `{other}`")),
    };
    Ok(head.with_body(whole_body(body)))
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn object<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Vec<(&'a String, &'a Value)>, String> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(object)) => Ok(object.iter().collect()),
        Some(_) => Err(format!("`{name}` is not an object")),
    }
}

fn array<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a [Value], String> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(array)) => Ok(array),
        Some(_) => Err(format!("`{name}` is not an array")),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn parts(answer: &str) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let response = response(Bytes::copy_from_slice(answer.as_bytes())).unwrap();
        let (head, body) = response.into_parts();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let body = runtime.block_on(body.collect()).unwrap().to_bytes().to_vec();
        (head.status.as_u16(), headers.collect(), body)
    }

    fn text_header(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    /// The examples of the developer guide.
    #[test]
    fn the_documented_answers_become_the_documented_responses() {
        let json = vec![text_header("content-type", "application/json")];
        for inferred in [r#""Hello, world!""#, r#"{"message":"Hello, world!"}"#, "null", "[1, 2]"] {
            assert_eq!(parts(inferred), (200, json.clone(), inferred.into()));
        }
        let answer = r#"{"statusCode":201,"headers":{"Content-Type":"application/json","My-Custom-Header":"Custom Value"},
            "body":"{ \"message\": \"Hello, world!\" }",
            "cookies":["Cookie_1=Value1; Expires=21 Oct 2021 07:48 GMT","Cookie_2=Value2; Max-Age=78000"],
            "isBase64Encoded":false}"#;
        let (status, mut headers, body) = parts(answer);
        headers.sort();
        assert_eq!((status, body), (201, b"{ \"message\": \"Hello, world!\" }".to_vec()));
        let expected = [
            text_header("content-type", "application/json"),
            text_header("my-custom-header", "Custom Value"),
            text_header("set-cookie", "Cookie_1=Value1; Expires=21 Oct 2021 07:48 GMT"),
            text_header("set-cookie", "Cookie_2=Value2; Max-Age=78000"),
        ];
        assert_eq!(headers, expected);
    }

    #[test]
    fn a_body_in_base64_is_decoded() {
        let answer =
            r#"{"statusCode":"200","headers":{"content-type":"image/png"},"body":"/wA=","isBase64Encoded":true}"#;
        assert_eq!(parts(answer), (200, vec![text_header("content-type", "image/png")], vec![0xff, 0]));
        assert_eq!(parts(r#"{"statusCode":204}"#).2, b"");
    }

    #[test]
    fn an_answer_that_lambda_cannot_read_is_an_error() {
        for answer in [
            "hello",
            "",
            r#"{"statusCode":"ok"}"#,
            r#"{"statusCode":99}"#,
            r#"{"statusCode":101}"#,
            r#"{"statusCode":200,"headers":[]}"#,
            r#"{"statusCode":200,"headers":{"a b":"c"}}"#,
            r#"{"statusCode":200,"headers":{"a":"b\nc"}}"#,
            r#"{"statusCode":200,"headers":{"a":{}}}"#,
            r#"{"statusCode":200,"cookies":"a=b"}"#,
            r#"{"statusCode":200,"cookies":[1]}"#,
            r#"{"statusCode":200,"body":{}}"#,
            r#"{"statusCode":200,"body":"%","isBase64Encoded":true}"#,
        ] {
            assert!(response(Bytes::copy_from_slice(answer.as_bytes())).is_err(), "{answer}");
        }
    }
}
