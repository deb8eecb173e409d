//! A runtime and an extension in one program without dependencies. Events tell it what to do, right or wrong.
//!
//! Under the name `bootstrap` it is a runtime, under any other name an extension. The variable `START` selects what it does
//! before it asks for an event, the field `do` of an event what it does then.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, exit};
use std::sync::{Condvar, Mutex};
use std::thread::sleep;
use std::time::Duration;
use std::{env, fs};

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}

fn connect() -> TcpStream {
    TcpStream::connect(env::var("AWS_LAMBDA_RUNTIME_API").unwrap()).unwrap()
}

fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return Answer { status: 0, headers: Vec::new(), body: Vec::new() };
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: Vec::new() };
    let length = answer.header("content-length").parse().unwrap_or(0);
    answer.body = vec![0; length];
    stream.read_exact(&mut answer.body).unwrap();
    answer
}

fn send(method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let mut stream = connect();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: api\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).unwrap();
    let _ = stream.write_all(body);
    read_answer(&mut stream)
}

/// Asks for an invocation. Its connection stays open for as long as it is kept.
fn ask_for_invocation() -> (Answer, TcpStream) {
    let mut stream = connect();
    write!(stream, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: api\r\n\r\n").unwrap();
    (read_answer(&mut stream), stream)
}

fn post(path: &str, body: &[u8]) -> u16 {
    send("POST", &format!("/2018-06-01/runtime/{path}"), "", body).status
}

/// The value of a field in JSON text; good enough for the events of the tests.
fn field<'a>(json: &'a str, name: &str) -> &'a str {
    let start = format!("\"{name}\":\"");
    json.split_once(&start).and_then(|(_, rest)| rest.split('"').next()).unwrap_or("")
}

fn forever() -> ! {
    loop {
        sleep(Duration::from_secs(60));
    }
}

/// Starts a child in its own session that ignores every signal it can and outlives its parent.
fn escape() {
    let script = "trap '' TERM HUP INT; while :; do sleep 0.05; done";
    Command::new("setsid").args(["sh", "-c", script]).spawn().unwrap();
}

/// The names in a directory, sorted.
fn list(path: &str) -> String {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names.join(" ")
}

/// The contents of the data file in the zip.
fn data() -> String {
    fs::read_to_string("data/message.txt").unwrap_or_default()
}

/// The bytes that a text of hexadecimal digits stands for.
fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap()).collect()
}

fn runtime() {
    match env::var("START").as_deref().unwrap_or("") {
        "exit" => exit(7),
        "hang" => forever(),
        "error" => {
            let path = "/2018-06-01/runtime/init/error";
            let error = br#"{"errorType":"NoTable","errorMessage":"TABLE is not set"}"#;
            send("POST", path, "Lambda-Runtime-Function-Error-Type: NoTable\r\n", error);
            exit(1)
        }
        "early" => {
            println!("early answer: {}", post("invocation/x/response", b"1"));
            println!("broken: {}", {
                let mut stream = connect();
                stream.write_all(b"NONSENSE\r\n\r\n").unwrap();
                read_answer(&mut stream).status
            });
            println!("elsewhere: {}", send("GET", "/2018-06-01/elsewhere", "", b"").status);
            println!("wrong method: {}", send("POST", "/2018-06-01/runtime/invocation/next", "", b"").status);
        }
        "internal" => {
            let register = |events: &str| {
                let headers = "Lambda-Extension-Name: inner\r\n";
                send("POST", "/2020-01-01/extension/register", headers, events.as_bytes())
            };
            println!("with SHUTDOWN: {}", register(r#"{"events":["SHUTDOWN"]}"#).status);
            let registered = register(r#"{"events":["INVOKE"]}"#);
            println!("internal: {}", registered.status);
            let identifier =
                format!("Lambda-Extension-Identifier: {}\r\n", registered.header("lambda-extension-identifier"));
            std::thread::spawn(move || follow_events(&identifier));
        }
        // Fails only the first time: `/tmp` is kept for the next start.
        "once" if fs::create_dir("/tmp/started").is_ok() => exit(9),
        _ => {}
    }
    println!("booted");
    if env::var("START").as_deref() == Ok("workers") {
        let workers: usize = env::var("WORKERS").or(env::var("AWS_LAMBDA_MAX_CONCURRENCY")).unwrap().parse().unwrap();
        for _ in 1..workers {
            std::thread::spawn(|| work());
        }
    }
    work()
}

/// The invocations that wait for one another.
static MEETING: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// Waits until this many invocations are under way at once.
fn meet(expected: usize) {
    let (count, changed) = &MEETING;
    let mut count = count.lock().unwrap();
    *count += 1;
    changed.notify_all();
    while *count < expected {
        count = changed.wait(count).unwrap();
    }
}

/// What the calls in `CALLS` were answered.
static TABLE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Makes these calls during an invocation. The event `"report"` returns what they were answered.
fn make_calls(calls: &str, id: &str, next: &Answer) {
    let mut table = TABLE.lock().unwrap();
    if next.body == br#""report""# {
        post(&format!("invocation/{id}/response"), table.join("\n").as_bytes());
        return;
    }
    table.push(describe("next", next));
    for line in calls.split(';') {
        let mut parts = line.splitn(3, ' ');
        let (method, path) = (parts.next().unwrap(), parts.next().unwrap().replace("ID", id));
        let answer = send(method, &path, "", parts.next().unwrap_or("").as_bytes());
        table.push(describe(line, &answer).replace(id, "ID"));
    }
}

fn describe(name: &str, answer: &Answer) -> String {
    let mut names: Vec<_> = answer.headers.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "Date").collect();
    names.sort_unstable();
    format!("{name}: {} [{}] {}", answer.status, names.join(" "), String::from_utf8_lossy(&answer.body))
}

/// Asks for invocations and does what their events say.
fn work() -> ! {
    loop {
        let (next, connection) = ask_for_invocation();
        let _kept = (env::var("START").as_deref() == Ok("keep-connections")).then_some(connection);
        if next.status == 500 {
            println!("refused: {}", next.status);
            forever()
        }
        let id = next.header("lambda-runtime-aws-request-id").to_owned();
        let event = String::from_utf8(next.body.clone()).unwrap();
        let answer = |body: &[u8]| post(&format!("invocation/{id}/response"), body);
        if let Ok(calls) = env::var("CALLS") {
            make_calls(&calls, &id, &next);
            continue;
        }
        match field(&event, "do") {
            "fail" => {
                let error = br#"{"errorType":"NoSuchOrder","errorMessage":"there is no order 17"}"#;
                println!("told: {}", post(&format!("invocation/{id}/error"), error));
            }
            "exit" => exit(field(&event, "code").parse().unwrap_or(0)),
            "exit-after" => {
                answer(b"\"done\"");
                exit(5)
            }
            "abort" => std::process::abort(),
            "hang" => forever(),
            "meet" => {
                let expected = field(&event, "count");
                meet(expected.parse().unwrap());
                answer(expected.as_bytes());
            }
            "sleep" => {
                sleep(Duration::from_millis(field(&event, "milliseconds").parse().unwrap()));
                println!("slept: {}", answer(event.as_bytes()));
            }
            "escape" => {
                escape();
                forever()
            }
            "leave-child" => {
                escape();
                answer(b"\"left\"");
            }
            "twice" => println!("first: {}, second: {}", answer(b"\"one\""), answer(b"\"two\"")),
            "wrong-id" => {
                println!("wrong: {}", post("invocation/00000000-0000-0000-0000-000000000000/response", b"1"));
                println!("right: {}", answer(b"\"right\""));
            }
            "next-first" => {
                println!("next: {}", send("GET", "/2018-06-01/runtime/invocation/next", "", b"").status);
                answer(b"\"late\"");
            }
            "break-off" => {
                let mut stream = connect();
                write!(
                    stream,
                    "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: api\r\nContent-Length: 99\r\n\r\nhalf"
                )
                .unwrap();
            }
            "large" => {
                let size: usize = field(&event, "size").parse().unwrap();
                println!("large: {}", answer(format!("\"{}\"", "x".repeat(size - 2)).as_bytes()));
            }
            "flood" => {
                let line = format!("{}\n", "y".repeat(999));
                let mut stdout = std::io::stdout().lock();
                for _ in 0..20_000 {
                    let _ = stdout.write_all(line.as_bytes());
                }
                drop(stdout);
                answer(b"\"flooded\"");
            }
            "flood-forever" => loop {
                let _ = std::io::stdout().write_all(&[b'z'; 65_536]);
            },
            "stream" => {
                let mut stream = connect();
                write!(
                    stream,
                    "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: api\r\n\
                     Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
                     Trailer: Lambda-Runtime-Function-Error-Type\r\n\r\n"
                )
                .unwrap();
                for piece in ["one,", "two,", "three"] {
                    write!(stream, "{:x}\r\n{piece}\r\n", piece.len()).unwrap();
                    sleep(Duration::from_millis(20));
                }
                let trailers = match field(&event, "then") {
                    // {"errorMessage":"half way"} in base64.
                    "fail" => {
                        "Lambda-Runtime-Function-Error-Type: Midway\r\n\
                         Lambda-Runtime-Function-Error-Body: eyJlcnJvck1lc3NhZ2UiOiJoYWxmIHdheSJ9\r\n"
                    }
                    _ => "",
                };
                write!(stream, "0\r\n{trailers}\r\n").unwrap();
                read_answer(&mut stream);
            }
            // A response for a function URL: status and headers, eight zeros, and the body.
            "http-stream" => {
                let mut stream = connect();
                write!(
                    stream,
                    "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: api\r\n\
                     Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
                     Content-Type: application/vnd.awslambda.http-integration-response\r\n\
                     Trailer: Lambda-Runtime-Function-Error-Type\r\n\r\n"
                )
                .unwrap();
                let prelude = from_hex(field(&event, "prelude"));
                // The border between prelude and body is not one between pieces.
                let pieces = [&prelude[..prelude.len() / 2], &prelude[prelude.len() / 2..], b"\0\0\0", b"\0\0\0\0\0one,"];
                for piece in pieces.into_iter().chain([&b"two,"[..], b"three"]) {
                    if !piece.is_empty() {
                        write!(stream, "{:x}\r\n", piece.len()).unwrap();
                        stream.write_all(&[piece, b"\r\n"].concat()).unwrap();
                    }
                    sleep(Duration::from_millis(field(&event, "pause").parse().unwrap_or(20)));
                }
                let trailers = match field(&event, "then") {
                    "fail" => "Lambda-Runtime-Function-Error-Type: Midway\r\n",
                    _ => "",
                };
                write!(stream, "0\r\n{trailers}\r\n").unwrap();
                read_answer(&mut stream);
            }
            // Answers with the bytes that the event has in hexadecimal.
            "answer" => println!("answered: {}", answer(&from_hex(field(&event, "hex")))),
            "memory" => {
                let mut hog = vec![0_u8; 400 << 20];
                for page in hog.chunks_mut(4096) {
                    page[0] = 1;
                }
                sleep(Duration::from_secs(2));
                answer(format!("{}", hog.len()).as_bytes());
            }
            "look" => {
                let task = env::var("LAMBDA_TASK_ROOT").unwrap();
                let writable = ["/tmp", &task, "/", "/usr"].map(|path| fs::write(format!("{path}/probe"), "").is_ok());
                let status = fs::read_to_string("/proc/self/status").unwrap();
                let user = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap().split('\t').nth(1).unwrap();
                let (cwd, root, files, data) = (env::current_dir().unwrap(), list("/"), list(&task), data());
                answer(
                    format!(
                        "{{\"cwd\":{cwd:?},\"root\":{root:?},\"task\":{files:?},\"user\":{user:?},\
                         \"writable\":{writable:?},\"data\":{data:?}}}"
                    )
                    .as_bytes(),
                );
            }
            "where" => {
                let variables: Vec<_> = env::vars().map(|(name, value)| format!("{name:?}:{value:?}")).collect();
                let variables = variables.join(",");
                let headers: Vec<_> = next.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
                let (cwd, task, data) = (env::current_dir().unwrap(), env::var("LAMBDA_TASK_ROOT").unwrap(), data());
                answer(
                    format!(
                        "{{\"cwd\":{cwd:?},\"task\":{task:?},\"data\":{data:?},\"environment\":{{{variables}}},\
                         \"headers\":{:?}}}",
                        headers.join(" ")
                    )
                    .as_bytes(),
                );
            }
            "shut" => {
                fs::create_dir_all("/tmp/shut/inner").unwrap();
                for directory in ["/tmp/shut/inner", "/tmp/shut"] {
                    fs::set_permissions(directory, std::os::unix::fs::PermissionsExt::from_mode(0)).unwrap();
                }
                answer(b"\"shut\"");
            }
            "sh" => {
                let output = Command::new("sh").args(["-c", field(&event, "script")]).output().unwrap();
                answer(format!("{:?}", String::from_utf8_lossy(&output.stdout)).as_bytes());
            }
            "threads" => {
                let spawn = || std::thread::Builder::new().stack_size(16 * 1024).spawn(|| forever()).is_ok();
                answer((1..5000).take_while(|_| spawn()).count().to_string().as_bytes());
            }
            "memory-file" => {
                // A shell cannot make one, and this fixture has no dependencies: Python's standard library can.
                let script = "import os,time; f=os.memfd_create('x'); [os.write(f, b'x'*(1<<20)) for _ in range(300)]; time.sleep(2)";
                Command::new("python3").args(["-c", script]).status().unwrap();
                answer(b"\"done\"");
            }
            "deep" => {
                env::set_current_dir("/tmp").unwrap();
                for _ in 0..3000 {
                    fs::create_dir("directory").unwrap();
                    env::set_current_dir("directory").unwrap();
                }
                answer(b"\"deep\"");
            }
            "context" => {
                answer(next.header("lambda-runtime-client-context").as_bytes());
            }
            "spelling" => {
                let names: Vec<_> = next.headers.iter().map(|(name, _)| name.as_str()).collect();
                answer(format!("{:?}", names.join(" ")).as_bytes());
            }
            "header" => {
                answer(format!("{:?}", next.header(field(&event, "name"))).as_bytes());
            }
            "slashes" => {
                for path in ["//2018-06-01/runtime/invocation/next", "/2018-06-01/runtime/invocation/next/"] {
                    println!("{path}: {}", send("GET", path, "", b"").status);
                }
                answer(b"\"slashes\"");
            }
            // Two more workers ask for an invocation while this one has it, on connections that stay open.
            "workers" => {
                for _ in 0..2 {
                    std::thread::spawn(|| loop {
                        let (next, _kept) = ask_for_invocation();
                        if next.status != 200 {
                            return;
                        }
                        let id = next.header("lambda-runtime-aws-request-id").to_owned();
                        println!("worker: {id}");
                        post(&format!("invocation/{id}/response"), &next.body);
                    });
                }
                sleep(Duration::from_millis(500));
                println!("first: {id}");
                answer(b"\"first\"");
                forever()
            }
            "metadata" => {
                let path = "/2026-01-15/metadata/execution-environment";
                let token = env::var("AWS_LAMBDA_METADATA_TOKEN").unwrap();
                assert_eq!(env::var("AWS_LAMBDA_METADATA_API"), env::var("AWS_LAMBDA_RUNTIME_API"));
                println!("without a token: {}", send("GET", path, "", b"").status);
                println!("with another token: {}", send("GET", path, "Authorization: Bearer no\r\n", b"").status);
                let authorization = format!("Authorization: Bearer {token}\r\n");
                println!("another method: {}", send("PUT", path, &authorization, b"").status);
                let metadata = send("GET", path, &authorization, b"");
                println!("metadata: {} {}", metadata.status, metadata.header("cache-control"));
                answer(&metadata.body);
            }
            "stale" => {
                let path = format!("/2018-06-01/runtime/invocation/{id}/response");
                let with_id = |invocation: &str| {
                    send("POST", &path, &format!("Lambda-Runtime-Invocation-Id: {invocation}\r\n"), b"1").status
                };
                println!("stale: {}", with_id("00000000-0000-0000-0000-000000000000"));
                println!("fresh: {}", with_id(next.header("lambda-runtime-invocation-id")));
            }
            "stream-slowly" => {
                let mut stream = connect();
                write!(
                    stream,
                    "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: api\r\n\
                     Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                .unwrap();
                while write!(stream, "1\r\nx\r\n").is_ok() {
                    sleep(Duration::from_millis(100));
                }
            }
            "stream-large" => {
                let mut stream = connect();
                write!(
                    stream,
                    "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: api\r\n\
                     Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                .unwrap();
                let piece = vec![b'x'; 1 << 20];
                let pieces = field(&event, "pieces").parse().unwrap_or(7);
                for _ in 0..pieces {
                    write!(stream, "{:x}\r\n", piece.len()).unwrap();
                    stream.write_all(&piece).unwrap();
                    write!(stream, "\r\n").unwrap();
                }
                write!(stream, "0\r\n\r\n").unwrap();
                read_answer(&mut stream);
            }
            _ => {
                println!("got {event}");
                answer(event.as_bytes());
            }
        }
    }
}

fn extension(name: &str) {
    let base = "/2020-01-01/extension";
    match env::var("EXTENSION").as_deref().unwrap_or("") {
        "exit" => exit(3),
        "hang" => forever(),
        _ => {}
    }
    let given = env::var("EVENTS").unwrap_or_default();
    let events = match env::var("EXTENSION").as_deref().unwrap_or("") {
        _ if !given.is_empty() => given.as_str(),
        "shutdown-only" => r#"{"events":["SHUTDOWN"]}"#,
        "misnamed" | "invoke-only" => r#"{"events":["INVOKE"]}"#,
        "none" => r#"{"events":[]}"#,
        _ => r#"{"events":["INVOKE","SHUTDOWN"]}"#,
    };
    let name = if env::var("EXTENSION").as_deref() == Ok("misnamed") { "another-name" } else { name };
    let registered =
        send("POST", &format!("{base}/register"), &format!("Lambda-Extension-Name: {name}\r\n"), events.as_bytes());
    println!("registered: {} {}", registered.status, String::from_utf8(registered.body.clone()).unwrap());
    if registered.status != 200 {
        exit(1);
    }
    let id = registered.header("lambda-extension-identifier").to_owned();
    let identifier = format!("Lambda-Extension-Identifier: {id}\r\n");
    if env::var("EXTENSION").as_deref() == Ok("init-error") {
        let headers = format!("{identifier}Lambda-Extension-Function-Error-Type: Extension.NoKey\r\n");
        send("POST", &format!("{base}/init/error"), &headers, b"{}");
        exit(1);
    }
    if env::var("EXTENSION").as_deref() == Ok("telemetry") {
        let listener = std::net::TcpListener::bind("sandbox.localdomain:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                receive_telemetry(stream.unwrap());
            }
        });
        let schema = env::var("SCHEMA").unwrap_or_else(|_| "2022-12-13".into());
        let body = format!(
            r#"{{"schemaVersion":"{schema}","types":["platform","function"],
                "buffering":{{"maxItems":1000,"maxBytes":262144,"timeoutMs":25}},
                "destination":{{"protocol":"HTTP","URI":"http://sandbox.localdomain:{port}"}}}}"#
        );
        println!("subscribed: {}", send("PUT", "/2022-07-01/telemetry", &identifier, body.as_bytes()).status);
    }
    follow_events(&identifier);
}

/// Asks for events, as the extension with this identifier.
fn follow_events(identifier: &str) {
    loop {
        let event = send("GET", "/2020-01-01/extension/event/next", identifier, b"");
        let text = String::from_utf8(event.body).unwrap();
        println!("event: {} {}", field(&text, "eventType"), field(&text, "shutdownReason"));
        match (field(&text, "eventType"), env::var("EXTENSION").as_deref().unwrap_or("")) {
            ("SHUTDOWN", "stubborn") => {
                sleep(Duration::from_millis(1800));
                println!("still here");
                forever()
            }
            ("SHUTDOWN", _) => exit(0),
            ("INVOKE", "crash") => exit(4),
            _ => {}
        }
    }
}

/// Prints the types of the events of one batch.
fn receive_telemetry(mut stream: TcpStream) {
    let mut request = Vec::new();
    let mut buffer = [0; 65_536];
    let body = loop {
        let count = stream.read(&mut buffer).unwrap_or(0);
        request.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_lowercase().split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
        if count == 0 || body.len() >= length {
            break body.to_owned();
        }
    };
    let types: Vec<_> = body.split("\"type\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    println!("telemetry: {}", types.join(" "));
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

fn main() {
    let program = env::args().next().unwrap_or_default();
    match program.rsplit('/').next().unwrap_or_default() {
        "bootstrap" => runtime(),
        name => extension(name),
    }
}
