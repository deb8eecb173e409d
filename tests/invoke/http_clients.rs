//! Real clients and real functions at both ends of a function URL.

use std::path::Path;

use serde_json::{Value, json};
use test_support::{Fixture, Program, Server, example, free_port, package_quickly, write_executable};

/// Serves a function URL of the function in a zip.
fn serve(zip: &Path, fixture: &Fixture) -> (Server, String) {
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let program = fixture.program().env("TMPDIR", fixture.root()).arg("invoke").arg(zip).args(["--timeout", "60"]);
    let command = program.args(["--http", &address]).into_command();
    (Server::start(command, port, fixture.path("serve.log")), format!("http://localhost:{port}"))
}

/// What curl prints.
fn curl(fixture: &Fixture, url: &str, args: &[&str]) -> String {
    Program::other("curl", fixture.root()).args(["--silent", "--show-error", url]).args(args).run().success().stdout
}

#[test]
#[ignore = "needs curl"]
fn a_web_service_answers_curl() {
    let fixture = Fixture::empty();
    let zip = fixture.path("http.zip");
    package_quickly(&example("http"), &zip, &[]);
    let (_server, url) = serve(&zip, &fixture);
    let status = ["--write-out", " %{http_code} %{content_type}"];
    let greeting = curl(&fixture, &format!("{url}/greetings?name=Ada%20L."), &status);
    assert_eq!(greeting, r#"{"message":"Hello, Ada L.!"} 200 application/json"#);
    let body = ["--json", r#"{"greeting":"Good morning"}"#];
    let posted = curl(&fixture, &format!("{url}/greetings?name=Ada"), &[body, status].concat());
    assert_eq!(posted, r#"{"message":"Good morning, Ada!"} 200 application/json"#);
    // This type is not text for a function URL, so that the body arrives in base64, which `lambda_http` decodes.
    let form = ["--data", r#"{"greeting":"Good evening"}"#, "--header", "Content-Type: application/vnd.shop+json"];
    assert!(curl(&fixture, &format!("{url}/greetings"), &form).contains("Good evening, world!"));
    let unknown = curl(&fixture, &format!("{url}/elsewhere"), &status);
    assert!(unknown.ends_with(" 404 application/json"), "{unknown}");
}

#[test]
#[ignore = "needs curl"]
fn a_stream_of_the_rust_runtime_reaches_curl() {
    let fixture = Fixture::empty();
    let zip = fixture.path("streaming.zip");
    package_quickly(&example("streaming"), &zip, &[]);
    let (_server, url) = serve(&zip, &fixture);
    let printed = curl(&fixture, &format!("{url}/?from=3"), &["--no-buffer", "--include"]);
    assert!(printed.starts_with("HTTP/1.1 200 OK\r\n"), "{printed}");
    assert!(printed.ends_with("\r\n\r\n3\n2\n1\nlift-off\n"), "{printed}");
    let failed = curl(&fixture, &format!("{url}/?from=moon"), &["--write-out", " %{http_code}"]);
    assert_eq!(failed, "Internal Server Error 502");
}

/// A runtime in bash that prints each event and answers with its body.
const PRINTS_ITS_EVENT: &str = r#"#!/bin/bash
set -eu
runtime=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while true; do
    id=$(curl -sf -o /tmp/event -w '%header{lambda-runtime-aws-request-id}' "$runtime/invocation/next")
    echo "event: $(cat /tmp/event)"
    curl -sf -o /dev/null -d '{"statusCode":418,"headers":{"X-Kind":"pot"},"body":"short and stout"}' \
        "$runtime/invocation/$id/response"
done
"#;

#[test]
#[ignore = "needs curl and bash"]
fn a_function_in_bash_prints_its_event() {
    let fixture = Fixture::empty();
    write_executable(&fixture.path("bootstrap"), PRINTS_ITS_EVENT);
    fixture.run(&["pack", "-o", "pot.zip", "bootstrap"]).exits(0);
    let (_server, url) = serve(&fixture.path("pot.zip"), &fixture);
    let form = ["--include", "--data", "a=b", "--cookie", "theme=dark", "--header", "X-One: 1"];
    let printed = curl(&fixture, &format!("{url}/tea?sugar=2"), &form);
    assert!(printed.starts_with("HTTP/1.1 418 I'm a teapot\r\nx-kind: pot\r\n"), "{printed}");
    assert!(printed.ends_with("\r\n\r\nshort and stout"), "{printed}");
    let log = std::fs::read_to_string(fixture.path("serve.log")).unwrap();
    let event = log.lines().find_map(|line| line.strip_prefix("event: ")).unwrap();
    let event: Value = serde_json::from_str(event).unwrap();
    assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&json!("/tea"), &json!("sugar=2")));
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("YT1i"), &json!(true)));
    assert_eq!((&event["cookies"], &event["headers"]["x-one"]), (&json!(["theme=dark"]), &json!("1")));
    assert!(event["headers"]["user-agent"].as_str().unwrap().starts_with("curl/"), "{event}");
}
