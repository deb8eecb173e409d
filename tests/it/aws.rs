//! AWS's own clients: what a service that speaks Lambda's API tells them of the zips, and how they call a function that
//! `invoke --serve` keeps up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Fixture, Server, free_port, pack_script, package_quickly, required};

/// A client of AWS's services, with nothing of the user's own account in reach. Returns what it prints.
fn client(program: &Path, fixture: &Fixture, args: &[&str]) -> String {
    let output = Command::new(program)
        .args(args)
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .env("AWS_CONFIG_FILE", fixture.path("aws-config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", fixture.path("aws-credentials"))
        .env("AWS_PAGER", "")
        .output()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
    assert!(output.status.success(), "{}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The aws CLI.
fn aws(program: &Path, fixture: &Fixture, port: u16, args: &[&str]) -> Value {
    let endpoint = format!("http://127.0.0.1:{port}");
    let printed = client(program, fixture, &[&["--endpoint-url", &endpoint, "--output", "json"][..], args].concat());
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

/// Keeps the function in a zip up. It is killed in the end, so what it unpacks has to go away with the fixture.
fn serve(zip: &Path, fixture: &Fixture) -> (Server, u16) {
    let port = free_port();
    let program = fixture.program().env("TMPDIR", fixture.path(".")).arg("invoke").arg(zip).args(["--timeout", "60"]);
    let command = program.args(["--serve", &format!("127.0.0.1:{port}")]).into_command();
    (Server::start(command, port, fixture.path("serve.log")), port)
}

#[test]
#[ignore = "needs moto's server and the aws CLI"]
fn the_service_computes_the_hash_and_the_size_that_the_report_says() {
    let (moto, cli) = (required("LAMBDA_ZIP_TEST_MOTO"), required("LAMBDA_ZIP_TEST_AWS"));
    let fixture = Fixture::package("greeter");
    let report = fixture.run(&["--arch", "arm64", "--message-format", "json"]).success().json();
    let archive = &report["archives"][0];
    let path = PathBuf::from(archive["path"].as_str().unwrap());

    let port = free_port();
    let mut command = Command::new(moto);
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    let _server = Server::start(command, port, fixture.path("moto.log"));
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole"
        }]
    });
    let create_role = ["iam", "create-role", "--role-name", "greeter", "--assume-role-policy-document"];
    let role = aws(&cli, &fixture, port, &[&create_role[..], &[&trust.to_string()]].concat());
    let function = aws(
        &cli,
        &fixture,
        port,
        &[
            "lambda",
            "create-function",
            "--function-name",
            "greeter",
            "--runtime",
            archive["runtime"].as_str().unwrap(),
            "--architectures",
            archive["arch"].as_str().unwrap(),
            "--handler",
            "bootstrap",
            "--role",
            role["Role"]["Arn"].as_str().unwrap(),
            "--zip-file",
            &format!("fileb://{}", path.display()),
        ],
    );
    assert_eq!(function["CodeSha256"], archive["code_sha256"]);
    assert_eq!(function["CodeSize"], archive["size"]);
}

#[test]
#[ignore = "needs the aws CLI and curl"]
fn the_cli_invokes_a_function_that_is_served() {
    let cli = required("LAMBDA_ZIP_TEST_AWS");
    let fixture = Fixture::empty();
    let zip = pack_script(&fixture);
    let (_server, port) = serve(&zip, &fixture);
    let answer = fixture.path("answer.json");
    let invoke = |event: &str| {
        let args = ["lambda", "invoke", "--function-name", "greeter", "--log-type", "Tail", "--payload", event];
        let told = aws(&cli, &fixture, port, &[&args[..], &[answer.to_str().unwrap()]].concat());
        let log = STANDARD.decode(told["LogResult"].as_str().unwrap()).unwrap();
        (fs::read_to_string(&answer).unwrap(), told, String::from_utf8(log).unwrap())
    };
    for name in ["Ada", "Grace"] {
        let (answer, told, log) = invoke(&json!({ "name": name }).to_string());
        assert_eq!(answer, format!("{{\"message\":\"Hello, {name}!\"}}"));
        assert_eq!((&told["StatusCode"], &told["ExecutedVersion"]), (&json!(200), &json!("$LATEST")));
        assert_eq!(told.get("FunctionError"), None);
        assert!(log.contains(&format!("greeting {name}\n")) && log.contains("REPORT RequestId: "), "{log}");
    }
    let (answer, told, _) = invoke("{}");
    assert_eq!(answer, r#"{"errorType":"BadEvent","errorMessage":"the event has no name"}"#);
    assert_eq!(told["FunctionError"], "Unhandled");
}

/// Prints each message of a streamed response on a line.
const STREAM: &str = r#"
import boto3, json, sys
client = boto3.client("lambda", endpoint_url=sys.argv[1])
response = client.invoke_with_response_stream(FunctionName="countdown", Payload=sys.argv[2])
for message in response["EventStream"]:
    chunk = message.get("PayloadChunk")
    print(json.dumps(chunk["Payload"].decode() if chunk else message["InvokeComplete"]))
"#;

#[test]
#[ignore = "needs boto3, which moto brings along"]
fn an_sdk_gets_a_stream_as_it_comes() {
    let python = required("LAMBDA_ZIP_TEST_PYTHON");
    let fixture = Fixture::empty();
    let zip = fixture.path("streaming.zip");
    package_quickly("streaming", &zip, &[]);
    let (_server, port) = serve(&zip, &fixture);
    let endpoint = format!("http://127.0.0.1:{port}");
    let printed = client(&python, &fixture, &["-c", STREAM, &endpoint, r#"{"from":2}"#]);
    let mut messages: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let complete = messages.pop().unwrap();
    assert!(complete.is_object() && complete.get("ErrorCode").is_none(), "{printed}");
    assert!(messages.len() > 1, "{printed}");
    let whole: String = messages.iter().map(|chunk| chunk.as_str().unwrap()).collect();
    assert!(whole.ends_with("\0\0\0\0\0\0\0\x002\n1\nlift-off\n"), "{printed}");
}
