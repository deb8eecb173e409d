//! `pack` in the role that it takes over: a Go program, packed by this one, boots as a Lambda function.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Emulator, Fixture, Machine, Zip, required};

/// A function on Go's standard library alone: it asks the Runtime API for events and answers with a greeting.
const FUNCTION: &str = r#"package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
)

func main() {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(base + "next")
		if err != nil {
			panic(err)
		}
		var event struct{ Name string }
		if err := json.NewDecoder(next.Body).Decode(&event); err != nil {
			panic(err)
		}
		next.Body.Close()
		answer, _ := json.Marshal(map[string]string{"message": "Hello from Go, " + event.Name + "!"})
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		accepted, err := http.Post(base+id+"/response", "application/json", bytes.NewReader(answer))
		if err != nil {
			panic(err)
		}
		accepted.Body.Close()
	}
}
"#;

/// Builds for an architecture, packs, unpacks as a stranger would, boots and greets.
#[track_caller]
fn a_go_program_boots(goarch: &str, machine: &Machine, emulator: &Path, flags: &[&str]) {
    let fixture = Fixture::empty();
    fixture.write("main.go", FUNCTION);
    let go = Command::new("go")
        .args(["build", "-o", "handler", "main.go"])
        .current_dir(fixture.path("."))
        .envs([("GOOS", "linux"), ("GOARCH", goarch), ("CGO_ENABLED", "0"), ("GO111MODULE", "off")])
        .output()
        .expect("`go` starts");
    assert!(go.status.success(), "{}", String::from_utf8_lossy(&go.stderr));

    let run = fixture.run(&[&["pack", "handler"], flags].concat()).success();
    assert_eq!(run.zip(), fixture.path("handler.zip"));
    if flags.is_empty() {
        assert_eq!(Zip::read(run.zip()).machine(), *machine);
    }
    let folder = fixture.path("task");
    let unzip = Command::new("unzip").arg(run.zip()).arg("-d").arg(&folder).output().expect("`unzip` starts");
    assert!(unzip.status.success(), "{}", String::from_utf8_lossy(&unzip.stderr));
    let function = Emulator::boot(emulator, &folder, None);
    let answer: Value = serde_json::from_str(&function.invoke(&json!({ "name": "Ada" }).to_string())).unwrap();
    assert_eq!(answer, json!({ "message": "Hello from Go, Ada!" }));
}

#[test]
#[ignore = "needs go, AWS's Runtime Interface Emulator and unzip"]
fn a_go_program_boots_on_x86_64() {
    a_go_program_boots("amd64", &Machine::X86_64, &required("LAMBDA_ZIP_TEST_RIE_X86_64"), &[]);
}

#[test]
#[ignore = "needs go, AWS's Runtime Interface Emulator and unzip"]
fn a_go_program_that_keeps_its_name_boots_through_the_link() {
    a_go_program_boots("amd64", &Machine::X86_64, &required("LAMBDA_ZIP_TEST_RIE_X86_64"), &["--keep-name"]);
}

#[test]
#[ignore = "needs go, AWS's Runtime Interface Emulator, unzip and qemu-user registered with binfmt_misc"]
fn a_go_program_boots_on_arm64() {
    a_go_program_boots("arm64", &Machine::Arm64, &required("LAMBDA_ZIP_TEST_RIE_ARM64"), &[]);
}
