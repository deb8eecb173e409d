//! `--serve`: Lambda's API for invocations.

use std::io::Write;
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use test_support::http::{self, Answer};

use crate::support::{Running, Sandbox, none_is_left_with};

struct Server {
    running: Running,
    address: String,
    sandbox: Sandbox,
}

impl Server {
    fn start(flags: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let args = [&["invoke", "function.zip", "--serve", "127.0.0.1:0"], flags].concat();
        let mut running = Running::start(&sandbox, &args);
        let log = running.wait_for("/2015-03-31/functions/function/invocations");
        let address = log.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { running, address, sandbox }
    }

    fn request(&self, path: &str, headers: &str, body: &str) -> Answer {
        http::post(&self.address, path, headers, body).unwrap()
    }

    fn invoke(&self, headers: &str, body: &str) -> Answer {
        self.request("/2015-03-31/functions/function/invocations", headers, body)
    }
}

#[test]
fn invocations_are_answered_as_lambda_answers_them() {
    let server = Server::start(&[]);
    let answer = server.invoke("", r#"{"a":1}"#);
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"a":1}"#));
    assert_eq!(answer.header("X-Amz-Executed-Version"), Some("$LATEST"));
    assert_eq!(answer.header("X-Amz-Function-Error"), None);
    assert_eq!(answer.header("x-amzn-RequestId").unwrap().len(), 36);
    assert_eq!(server.invoke("", "").text(), "{}", "no event is an empty one");
    let failed = server.invoke("X-Amz-Log-Type: Tail\r\n", r#"{"do":"fail"}"#);
    assert_eq!((failed.status, failed.header("X-Amz-Function-Error")), (200, Some("Unhandled")));
    assert_eq!(failed.text(), r#"{"errorType":"NoSuchOrder","errorMessage":"there is no order 17"}"#);
    let log = decode_base64(failed.header("X-Amz-Log-Result").unwrap());
    assert!(log.starts_with("START RequestId: ") && log.contains("told: 202\nEND RequestId: "), "{log}");
    let context = STANDARD.encode(r#"{"client":{"app":"shop"}}"#);
    let answer = server.invoke(&format!("X-Amz-Client-Context: {context}\r\n"), r#"{"do":"context"}"#);
    assert_eq!(answer.text(), r#"{"client":{"app":"shop"}}"#);
    assert_eq!(server.running.log().matches("booted\n").count(), 1, "one start serves them all");
}

#[test]
fn after_a_crash_or_a_timeout_the_next_invocation_gets_a_new_start() {
    let server = Server::start(&["--timeout", "1"]);
    for event in [r#"{"do":"exit"}"#, r#"{"do":"hang"}"#] {
        let answer = server.invoke("", event);
        assert_eq!((answer.status, answer.header("X-Amz-Function-Error")), (200, Some("Unhandled")));
        assert_eq!(server.invoke("", "1").text(), "1");
    }
    assert_eq!(server.running.log().matches("booted\n").count(), 3, "{}", server.running.log());
}

#[test]
fn invocation_types_are_distinguished() {
    let mut server = Server::start(&[]);
    let answer = server.invoke("X-Amz-Invocation-Type: DryRun\r\n", r#"{"dry":1}"#);
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    let answer = server.invoke("X-Amz-Invocation-Type: Event\r\n", r#"{"later":1}"#);
    assert_eq!((answer.status, answer.text().as_str()), (202, ""));
    let log = server.running.wait_for("got {\"later\":1}\n");
    assert!(!log.contains("dry"), "{log}");
    assert_eq!(server.invoke("X-Amz-Invocation-Type: Dream\r\n", "1").status, 400);
}

#[test]
fn invalid_invocations_are_refused() {
    let server = Server::start(&[]);
    let answer = server.invoke("", "{");
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("x-amzn-ErrorType"), Some("InvalidRequestContentException"));
    let answer = server.invoke("", &format!("\"{}\"", "x".repeat(6_291_555)));
    assert_eq!(answer.header("x-amzn-ErrorType"), Some("RequestEntityTooLargeException"), "{}", answer.head);
    assert_eq!(answer.status, 413);
    assert_eq!(server.request("/elsewhere", "", "1").status, 404);
    assert_eq!(server.invoke("Origin: https://example.com\r\n", "1").status, 403, "no web page runs code here");
    assert_eq!(server.invoke("X-Amz-Client-Context: %\r\n", "1").status, 400);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(b"NONSENSE\r\n\r\n").unwrap();
    assert_eq!(server.invoke("", "1").text(), "1", "it goes on");
}

#[test]
fn invocations_wait_for_their_turn() {
    let server = Server::start(&[]);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let invoke = |number: usize| server.invoke("", &number.to_string()).text();
        let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || invoke(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn a_streamed_response_comes_whole_or_in_chunks_depending_on_the_path() {
    let server = Server::start(&[]);
    assert_eq!(server.invoke("", r#"{"do":"stream"}"#).text(), "one,two,three");
    let path = "/2021-11-15/functions/function/response-streaming-invocations";
    for (event, pieces, complete) in [
        (r#"{"do":"stream"}"#, &["one,", "two,", "three"][..], "{}"),
        (
            r#"{"do":"stream","then":"fail"}"#,
            &["one,", "two,", "three"],
            r#"{"ErrorCode":"Midway","ErrorDetails":"half way"}"#,
        ),
        ("[7]", &["[7]"], "{}"),
    ] {
        let answer = server.request(path, "", event);
        assert_eq!(answer.header("Content-Type"), Some("application/vnd.amazon.eventstream"));
        let messages = messages(&answer.body);
        let (last, first) = messages.split_last().unwrap();
        assert_eq!(
            first,
            pieces.iter().map(|piece| ("PayloadChunk".to_owned(), (*piece).to_owned())).collect::<Vec<_>>()
        );
        assert_eq!(*last, ("InvokeComplete".to_owned(), complete.to_owned()));
    }
}

#[test]
fn ctrl_c_stops_the_server_cleanly() {
    let mark = format!("MARK=serve-{}", std::process::id());
    let mut server = Server::start(&["--env", &mark]);
    assert_eq!(server.invoke("", "1").text(), "1");
    server.running.signal("INT");
    assert_eq!(server.running.wait(), 0, "that is how it is ended: {}", server.running.log());
    none_is_left_with(&mark);
    server.sandbox.is_clean();
}

/// The types and payloads of the messages in an event stream.
fn messages(mut bytes: &[u8]) -> Vec<(String, String)> {
    let number = |bytes: &[u8]| usize::try_from(u32::from_be_bytes(bytes[..4].try_into().unwrap())).unwrap();
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let (message, rest) = bytes.split_at(number(bytes));
        let headers = &message[12..12 + number(&message[4..])];
        // The first header is `:event-type`, a text.
        let length = usize::from(headers[13]) << 8 | usize::from(headers[14]);
        let event_type = String::from_utf8(headers[15..15 + length].to_vec()).unwrap();
        let payload = &message[12 + headers.len()..message.len() - 4];
        messages.push((event_type, String::from_utf8(payload.to_vec()).unwrap()));
        bytes = rest;
    }
    messages
}

fn decode_base64(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}
