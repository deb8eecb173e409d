//! `--http`: a function URL in front of the zip.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use test_support::http::{self, Answer};

use crate::support::{Running, Sandbox, none_is_left_with};

/// A function URL of the function under test, or of several.
pub(crate) struct FunctionUrl {
    pub(crate) running: Running,
    pub(crate) address: String,
    sandbox: Sandbox,
}

impl FunctionUrl {
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::of(Sandbox::new(), &["function.zip"], flags)
    }

    pub(crate) fn of(sandbox: Sandbox, zips: &[&str], flags: &[&str]) -> Self {
        let args = [&["invoke"], zips, &["--http", "127.0.0.1:0"], flags].concat();
        let mut running = Running::start(&sandbox, &args);
        let log = running.wait_for("until Ctrl-C\n");
        let address = log.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { running, address, sandbox }
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        http::request(&self.address, method, path, headers, body).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "", b"")
    }

    /// The event of a request, which the function answers with.
    fn event(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Value {
        let answer = self.request(method, path, headers, body);
        assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("application/json")));
        serde_json::from_slice(&answer.body).unwrap()
    }
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// The path that makes the function answer with this payload.
fn answer_with(payload: &str) -> String {
    format!("/?do=answer&hex={}", hex(payload))
}

#[test]
fn a_request_becomes_the_event_that_aws_documents() {
    let url = FunctionUrl::start(&[]);
    let headers = "User-Agent: curl/8.5.0\r\nContent-Type: text/plain\r\nX-Two: 1\r\nX-Two: 2\r\n\
                   Cookie: Cookie_1=Value_1; Cookie_2=Value_2\r\n";
    let path = "/my/path?parameter1=value1&parameter1=value2&parameter2=value";
    let mut event = url.event("POST", path, headers, b"Hello from client!");
    // What differs from request to request.
    let context = event["requestContext"].as_object_mut().unwrap();
    let id = context.insert("requestId".into(), "id".into()).unwrap();
    let time = context.insert("time".into(), "12/Mar/2020:19:03:58 +0000".into()).unwrap();
    let epoch = context.insert("timeEpoch".into(), 1_583_348_638_390_i64.into()).unwrap();
    let headers = event["headers"].as_object_mut().unwrap();
    let trace = headers.remove("x-amzn-trace-id").unwrap();
    assert!(url.running.log().contains(&format!("START RequestId: {}", id.as_str().unwrap())), "{id}");
    assert!(time.as_str().unwrap().ends_with(" +0000") && time.as_str().unwrap().len() == 26, "{time}");
    assert!(epoch.as_u64().unwrap() > 1_700_000_000_000, "{epoch}");
    assert!(trace.as_str().unwrap().starts_with("Root=1-"), "{trace}");
    let port = url.address.rsplit(':').next().unwrap();
    // The structure of the developer guide, without the fields that function URLs do not use.
    let documented = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/path",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["Cookie_1=Value_1", "Cookie_2=Value_2"],
        "headers": {
            "content-length": "18", "content-type": "text/plain", "cookie": "Cookie_1=Value_1; Cookie_2=Value_2",
            "host": url.address, "user-agent": "curl/8.5.0", "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": port, "x-forwarded-proto": "http", "x-two": "1,2",
        },
        "queryStringParameters": { "parameter1": "value1,value2", "parameter2": "value" },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "function",
            "domainName": "127.0.0.1",
            "domainPrefix": "function",
            "http": {
                "method": "POST", "path": "/my/path", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390_i64,
        },
        "body": "Hello from client!",
        "isBase64Encoded": false,
    });
    assert_eq!(event, documented);
}

#[test]
fn bytes_arrive_in_base64_and_every_method_is_passed_on() {
    let url = FunctionUrl::start(&[]);
    let event = url.event("PUT", "/", "Content-Type: image/png\r\n", b"\xff\0");
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("/wA="), &json!(true)));
    for method in ["GET", "DELETE", "PATCH", "OPTIONS"] {
        assert_eq!(url.event(method, "/", "", b"")["requestContext"]["http"]["method"], method);
    }
    let head = url.request("HEAD", "/", "", b"");
    assert_eq!((head.status, head.text().as_str()), (200, ""));
}

#[test]
fn an_answer_becomes_the_response_that_aws_documents() {
    let url = FunctionUrl::start(&[]);
    let answer = url.get(&answer_with(
        r#"{"statusCode":201,"headers":{"Content-Type":"text/html","My-Custom-Header":"Custom Value"},
            "body":"<p>","cookies":["Cookie_1=Value1; Expires=21 Oct 2021 07:48 GMT","Cookie_2=Value2; Max-Age=78000"],
            "isBase64Encoded":false}"#,
    ));
    assert_eq!((answer.status, answer.text().as_str()), (201, "<p>"));
    assert_eq!(answer.header("Content-Type"), Some("text/html"));
    assert_eq!(answer.header("My-Custom-Header"), Some("Custom Value"));
    assert_eq!(answer.header("Content-Length"), Some("3"));
    assert_eq!(answer.header("x-amzn-RequestId").unwrap().len(), 36);
    let cookies: Vec<_> = answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")).collect();
    assert_eq!(cookies, ["Cookie_1=Value1; Expires=21 Oct 2021 07:48 GMT", "Cookie_2=Value2; Max-Age=78000"]);
    let answer = url.get(&answer_with(r#"{"statusCode":200,"body":"/wA=","isBase64Encoded":true}"#));
    assert_eq!(answer.body, [0xff, 0]);
    let inferred = url.get(&answer_with(r#""Hello, world!""#));
    assert_eq!((inferred.status, inferred.header("Content-Type")), (200, Some("application/json")));
    assert_eq!(inferred.text(), r#""Hello, world!""#);
}

#[test]
fn a_failure_is_an_internal_server_error() {
    let mut url = FunctionUrl::start(&["--timeout", "1"]);
    for path in ["/?do=fail", "/?do=exit", "/?do=hang", &answer_with("not JSON"), &answer_with(r#"{"statusCode":1}"#)] {
        let answer = url.get(path);
        assert_eq!((answer.status, answer.text().as_str()), (502, "Internal Server Error"), "{path}");
        assert_eq!(answer.header("x-amzn-RequestId").unwrap().len(), 36);
    }
    url.running.wait_for("is invalid for a function URL: it is not JSON");
    url.running.wait_for("is invalid for a function URL: `statusCode` is out of range");
    assert_eq!(url.get("/").status, 200, "it goes on");
}

#[test]
fn a_request_that_is_too_large_is_refused() {
    let url = FunctionUrl::start(&[]);
    let text = "Content-Type: text/plain\r\n";
    let limit = 6 * 1024 * 1024;
    assert_eq!(url.request("POST", "/", text, &vec![b'x'; limit + 1]).status, 413);
    // Base64 takes more room, and the headers take some.
    assert_eq!(url.request("POST", "/", "", &vec![b'x'; limit / 4 * 3]).status, 413);
    assert_eq!(url.request("POST", "/", "", &vec![b'x'; limit / 4 * 3 - 4096]).status, 200);
}

/// Reads a response head, and returns its lines.
fn read_head(reader: &mut impl BufRead) -> Vec<String> {
    let lines = reader.lines().map(Result::unwrap);
    lines.take_while(|line| !line.is_empty()).collect()
}

#[test]
fn a_streamed_response_is_passed_on_as_it_arrives() {
    let url = FunctionUrl::start(&["--timeout", "60"]);
    let prelude = hex(r#"{"statusCode":201,"headers":{"content-type":"text/event-stream"},"cookies":["a=1","b=2"]}"#);
    let path = format!("/?do=http-stream&prelude={prelude}");
    let answer = url.get(&path);
    assert_eq!((answer.status, answer.text().as_str()), (201, "one,two,three"));
    assert_eq!(answer.header("Content-Type"), Some("text/event-stream"));
    assert_eq!(answer.head.matches("set-cookie: ").count(), 2);

    // The first piece is there long before the last one is sent.
    let stream = TcpStream::connect(&url.address).unwrap();
    write!(&stream, "GET {path}&pause=1000 HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", url.address).unwrap();
    let mut reader = BufReader::new(&stream);
    assert_eq!(read_head(&mut reader)[0], "HTTP/1.1 201 Created");
    let mut first = [0; 4];
    reader.read_exact(&mut [0; 3]).unwrap();
    reader.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"one,");
    assert_eq!(url.running.log().matches("END RequestId").count(), 1, "{}", url.running.log());
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("three") && rest.ends_with("0\r\n\r\n"), "{rest:?}");
}

#[test]
fn a_streamed_response_that_fails_midway_is_broken_off() {
    let url = FunctionUrl::start(&[]);
    let path = format!("/?do=http-stream&then=fail&prelude={}", hex(r#"{"statusCode":200}"#));
    let mut stream = TcpStream::connect(&url.address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", url.address).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("three") && !text.ends_with("0\r\n\r\n"), "{text}");
}

#[test]
fn a_stream_without_a_prelude_is_plain_bytes_and_a_broken_prelude_is_an_error() {
    let mut url = FunctionUrl::start(&[]);
    let answer = url.get("/?do=stream");
    assert_eq!((answer.status, answer.text().as_str()), (200, "one,two,three"));
    assert_eq!(answer.header("Content-Type"), Some("application/octet-stream"));
    assert_eq!(url.get(&format!("/?do=http-stream&prelude={}", hex("{"))).status, 502);
    url.running.wait_for("the prelude is not a JSON object");
    assert_eq!(url.get("/").status, 200, "it goes on");
}

#[test]
fn pages_of_this_machine_are_served_and_others_are_refused() {
    let url = FunctionUrl::start(&[]);
    let status = |headers: &str| url.request("GET", "/", headers, b"").status;
    let own = format!("Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n", url.address);
    for accepted in ["", "Sec-Fetch-Site: none\r\n", &own, "Origin: http://localhost:3000\r\n"] {
        assert_eq!(status(accepted), 200, "{accepted}");
    }
    for refused in [
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: https://example.com\r\n",
        "Origin: null\r\n",
        "Origin: http://localhost.example.com\r\n",
    ] {
        assert_eq!(status(refused), 403, "{refused}");
    }
    let mut stream = TcpStream::connect(&url.address).unwrap();
    // A page whose name was pointed to this machine.
    write!(stream, "GET / HTTP/1.1\r\nHost: rebound.example.com\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[test]
fn the_trace_of_the_request_reaches_the_function() {
    let url = FunctionUrl::start(&[]);
    let trace = "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1\r\n";
    let answer = url.request("GET", "/?do=header&name=lambda-runtime-trace-id", trace, b"");
    assert!(answer.text().starts_with("\"Root=1-5759e988-bd862e3fe1be46a994272793;Parent="), "{}", answer.text());
}

#[test]
fn ctrl_c_stops_the_function_url_cleanly() {
    let mark = format!("MARK=http-{}", std::process::id());
    let mut url = FunctionUrl::start(&["--env", &mark]);
    assert_eq!(url.get("/").status, 200);
    url.running.signal("INT");
    assert_eq!(url.running.wait(), 0, "{}", url.running.log());
    none_is_left_with(&mark);
    url.sandbox.is_clean();
}

#[test]
fn usage_errors_name_the_next_command() {
    let sandbox = Sandbox::new();
    for (flags, words) in [
        (&["--http", "0.0.0.0:9000"][..], "expected a loopback address"),
        (&["--http", "other.zip"], "expected an address and a port"),
        (&["--http", "--serve", "127.0.0.1:0"], "cannot be used with"),
        (&["--http", "--event", "{}"], "cannot be used with"),
        (&["--http", "--message-format", "json"], "cannot be used with"),
    ] {
        sandbox.invoke(flags).exits(2).says(words);
    }
}
