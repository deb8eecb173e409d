//! A real program of another language, packed and booted.
#![cfg(target_os = "linux")]

use std::env;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::Sandbox;

/// What aws-lambda-go does, without it: asks for an event and answers.
const HANDLER: &str = r#"package main

import (
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(base + "next")
		if err != nil {
			panic(err)
		}
		event, _ := io.ReadAll(next.Body)
		note, err := os.ReadFile("conf/note.txt")
		if err != nil {
			panic(err)
		}
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		answer := "{\"note\":\"" + string(note) + "\",\"event\":" + string(event) + "}"
		if _, err := http.Post(base+id+"/response", "application/json", strings.NewReader(answer)); err != nil {
			panic(err)
		}
	}
}
"#;

/// The emulator, which ends with the test.
struct Emulator(Child);

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

fn free_ports() -> [u16; 2] {
    let listeners = [(), ()].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

#[test]
#[ignore = "needs go, unzip and LAMBDA_ZIP_TEST_RIE_X86_64"]
fn a_go_program_boots_under_the_emulator_of_aws() {
    use std::os::unix::process::CommandExt;
    let rie = env::var_os("LAMBDA_ZIP_TEST_RIE_X86_64").expect("the path of aws-lambda-rie");
    let sandbox = Sandbox::new();
    sandbox.write("handler.go", HANDLER);
    sandbox.write("conf/note.txt", "packed");
    let mut go = Command::new("go");
    go.args(["build", "-o", "handler", "handler.go"]).current_dir(sandbox.path(""));
    go.envs([("GOOS", "linux"), ("GOARCH", "amd64"), ("CGO_ENABLED", "0")]).env("GOCACHE", sandbox.path("cache"));
    assert!(go.status().unwrap().success());

    for flags in [&["--arch", "x86_64"][..], &["--keep-name"]] {
        let zip = sandbox.pack(&[&["handler", "conf"], flags].concat());
        let task = sandbox.path(if flags.len() == 1 { "kept" } else { "task" });
        assert!(Command::new("unzip").arg("-q").arg(&zip.path).arg("-d").arg(&task).status().unwrap().success());
        let [port, api_port] = free_ports();
        let emulator = Command::new(&rie)
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{api_port}")])
            .arg(task.join("bootstrap"))
            .envs([("AWS_LAMBDA_FUNCTION_NAME", "handler")])
            .env("LAMBDA_TASK_ROOT", &task)
            .current_dir(&task)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let _emulator = Emulator(emulator);
        assert!(invoke(port, "{\"n\":1}").ends_with("{\"note\":\"packed\",\"event\":{\"n\":1}}"));
    }
}

fn invoke(port: u16, event: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut stream = loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        sleep(Duration::from_millis(20));
    };
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let length = event.len();
    write!(
        stream,
        "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{event}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
