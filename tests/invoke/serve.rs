//! `--serve`: Lambda's API for invocations.

use std::io::{Read, Write};
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use test_support::http::{self, Answer};

use crate::support::{Running, Sandbox, none_is_left_with};

pub(crate) struct Server {
    pub(crate) running: Running,
    address: String,
    sandbox: Sandbox,
}

impl Server {
    pub(crate) fn start(flags: &[&str]) -> Self {
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

    pub(crate) fn invoke(&self, headers: &str, body: &str) -> Answer {
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
fn web_pages_are_refused() {
    let server = Server::start(&[]);
    assert_eq!(server.invoke("Sec-Fetch-Site: cross-site\r\n", "1").status, 403);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let path = "/2015-03-31/functions/function/invocations";
    // A page whose name was pointed to this machine.
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: rebound.example.com\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert_eq!(server.invoke("Sec-Fetch-Site: none\r\n", "1").text(), "1");
}

#[test]
fn what_a_caller_passes_along_reaches_the_function() {
    let server = Server::start(&[]);
    let header = |name: &str| format!(r#"{{"do":"header","name":"{name}"}}"#);
    let answer = server.invoke("X-Amz-Tenant-Id: blue\r\n", &header("lambda-runtime-aws-tenant-id"));
    assert_eq!(answer.text(), "\"blue\"");
    let answer = server.invoke("X-Amz-Cognito-Identity: {}\r\n", &header("lambda-runtime-cognito-identity"));
    assert_eq!(answer.text(), "\"{}\"");
    let trace = "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1\r\n";
    let answer = server.invoke(trace, &header("lambda-runtime-trace-id"));
    assert!(answer.text().starts_with("\"Root=1-5759e988-bd862e3fe1be46a994272793;Parent="), "{}", answer.text());
    let path = "/2015-03-31/functions/function/invocations?Qualifier=PROD";
    let answer = server.request(path, "", &header("lambda-runtime-invoked-function-arn"));
    assert!(answer.text().ends_with(":function:function:PROD\""), "{}", answer.text());
}

#[test]
fn the_request_id_of_a_streamed_response_is_that_of_the_log() {
    let mut server = Server::start(&[]);
    let path = "/2021-11-15/functions/function/response-streaming-invocations";
    let answer = server.request(path, "", r#"{"do":"stream"}"#);
    let id = answer.header("x-amzn-RequestId").unwrap().to_owned();
    server.running.wait_for(&format!("END RequestId: {id}\n"));
}

#[test]
fn a_streamed_response_of_more_than_six_megabytes_is_refused_on_the_plain_path() {
    let server = Server::start(&["--timeout", "30"]);
    let answer = server.invoke("", r#"{"do":"stream-large"}"#);
    assert_eq!((answer.status, answer.header("X-Amz-Function-Error")), (200, Some("Unhandled")));
    assert!(answer.text().starts_with(r#"{"errorType":"Function.ResponseSizeTooLarge","#), "{:.200}", answer.text());
}

#[test]
fn an_asynchronous_invocation_is_tried_three_times() {
    let mut server = Server::start(&[]);
    let answer = server.invoke("X-Amz-Invocation-Type: Event\r\n", r#"{"do":"fail"}"#);
    assert_eq!(answer.status, 202);
    assert_eq!(server.invoke("", "7").text(), "7");
    let log = server.running.wait_for("got 7\n");
    assert_eq!(log.matches("told: 202\n").count(), 3, "{log}");
}

#[test]
fn an_event_that_is_not_utf_8_is_refused() {
    let server = Server::start(&[]);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let path = "/2015-03-31/functions/function/invocations";
    let address = &server.address;
    write!(stream, "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 3\r\n\r\n")
        .unwrap();
    stream.write_all(b"\"\xe4\"").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("Invalid UTF-8"), "{answer}");
}

#[test]
fn a_client_that_sends_its_event_byte_by_byte_is_cut_off() {
    let server = Server::start(&[]);
    // Together they reserve more memory than there is for events.
    let mut slow: Vec<_> = (0..30)
        .map(|_| {
            let mut stream = TcpStream::connect(&server.address).unwrap();
            let path = "/2015-03-31/functions/function/invocations";
            write!(stream, "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: 6000000\r\n\r\n\"", server.address)
                .unwrap();
            stream
        })
        .collect();
    let sender = std::thread::spawn(move || {
        let mut answers = Vec::new();
        while !slow.is_empty() {
            slow.retain_mut(|stream| {
                let goes_on = stream.write_all(b"x").is_ok();
                stream.set_read_timeout(Some(std::time::Duration::from_millis(10))).unwrap();
                let mut answer = [0; 12];
                match stream.read(&mut answer) {
                    Ok(count) => {
                        answers.push(String::from_utf8_lossy(&answer[..count]).into_owned());
                        false
                    }
                    Err(_) => goes_on,
                }
            });
        }
        answers
    });
    assert_eq!(server.invoke("", "1").text(), "1", "another client is served");
    let answers = sender.join().unwrap();
    assert!(answers.iter().any(|answer| answer == "HTTP/1.1 408"), "{answers:?}");
}

#[test]
fn idle_connections_leave_room_for_others() {
    let server = Server::start(&[]);
    let idle: Vec<_> = (0..600).map_while(|_| TcpStream::connect(&server.address).ok()).collect();
    assert_eq!(idle.len(), 600);
    assert_eq!(server.invoke("", "1").text(), "1");
}

#[test]
fn many_large_events_at_once_take_little_memory() {
    let server = Server::start(&["--timeout", "60"]);
    let event = format!("\"{}\"", "x".repeat(6 * 1024 * 1024 - 2));
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| assert_eq!(server.invoke("", &event).status, 200));
        }
    });
    let peak = server.running.peak_memory();
    assert!(peak < 256 << 10, "{peak} KiB");
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
