//! The same function under AWS's own emulator: what it is told and what its callers get must be the same.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::Sandbox;

const PATIENCE: Duration = Duration::from_secs(60);

struct Emulator {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Emulator {
    fn boot(sandbox: &Sandbox) -> Self {
        let variable =
            format!("LAMBDA_ZIP_TEST_RIE_{}", if cfg!(target_arch = "aarch64") { "ARM64" } else { "X86_64" });
        let program = std::env::var_os(&variable).unwrap_or_else(|| panic!("set `{variable}`, as `.ci/run` does"));
        let listeners = [(), ()].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let [port, api_port] = listeners.map(|listener| listener.local_addr().unwrap().port());
        let log = sandbox.path("emulator.log");
        let file = fs::File::create(&log).unwrap();
        let child = Command::new(program)
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{api_port}")])
            .arg(sandbox.path("bootstrap"))
            .envs([("START", "early"), ("AWS_LAMBDA_FUNCTION_NAME", "function"), ("AWS_LAMBDA_FUNCTION_TIMEOUT", "30")])
            .current_dir(sandbox.path("."))
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap();
        Self { child, port, log }
    }

    fn invoke(&self, event: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut stream = loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
                Ok(stream) => break stream,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            sleep(Duration::from_millis(20));
        };
        let length = event.len();
        let path = "/2015-03-31/functions/function/invocations";
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{event}"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let body = &answer[end + 4..];
        let is_chunked = String::from_utf8_lossy(&answer[..end]).contains("Transfer-Encoding: chunked");
        String::from_utf8(if is_chunked { crate::serve::dechunked(body) } else { body.to_vec() }).unwrap()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // A negative number stands for the process group: the emulator and the function.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

/// What the function printed, without what whoever runs it adds.
fn printed(log: &str) -> Vec<String> {
    const OWN: [&str; 9] =
        ["early", "broken", "elsewhere", "wrong method", "booted", "told", "first", "wrong", "right"];
    let is_own = |line: &&str| OWN.iter().chain(&["next", "large", "got"]).any(|start| line.starts_with(start));
    log.lines().filter(is_own).map(str::to_owned).collect()
}

/// The request's number is made up anew each time.
fn without_number(answer: &str) -> String {
    match answer.split_once("RequestId: ") {
        Some((start, rest)) => format!("{start}RequestId: {}", &rest[36..]),
        None => answer.to_owned(),
    }
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator"]
fn the_emulator_and_the_program_agree() {
    let sandbox = Sandbox::new();
    let events = [
        r#"{"a":1}"#,
        r#"{"do":"fail"}"#,
        r#"{"do":"twice"}"#,
        r#"{"do":"wrong-id"}"#,
        r#"{"do":"next-first"}"#,
        r#"{"do":"stream"}"#,
        r#"{"do":"large","size":"6291556"}"#,
        r#"{"do":"large","size":"6291557"}"#,
        r#"{"do":"exit","code":"3"}"#,
        r#"{"do":"exit"}"#,
        r#"{"do":"abort"}"#,
    ];
    let emulator = Emulator::boot(&sandbox);
    for event in events {
        let run = sandbox.invoke(&["--cold", "--env", "START=early", "--timeout", "30", "--event", event]);
        let expected = emulator.invoke(event);
        let own = run.stdout.strip_suffix('\n').unwrap_or(&run.stdout);
        assert!(without_number(own) == without_number(&expected), "{event}: {own:.300} and {expected:.300}");
    }
    let program = printed(&events.map(|event| sandbox.invoke(&["--env", "START=early", "-e", event]).stderr).concat());
    let emulators = printed(&fs::read_to_string(&emulator.log).unwrap());
    // The program started for each event, the emulator after each crash alone.
    let without_start = |lines: &[String]| {
        let is_start = |line: &String| {
            printed("early\nbroken\nelsewhere\nwrong method\nbooted")
                .iter()
                .any(|start| line.starts_with(start.as_str()))
        };
        let start: Vec<_> = lines.iter().take(5).cloned().collect();
        (start, lines.iter().filter(|line| !is_start(line)).cloned().collect::<Vec<_>>())
    };
    assert_eq!(without_start(&program), without_start(&emulators));
}
