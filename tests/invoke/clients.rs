//! AWS's own clients call a function that `invoke --serve` runs.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use test_support::{Fixture, Server, example, free_port, pack_script, package_quickly, required, without_account};

/// Serves the function in a zip. The server is killed in the end, so its temporary files have to go away with the fixture.
fn serve(zip: &Path, fixture: &Fixture) -> (Server, String) {
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let program = fixture.program().env("TMPDIR", fixture.root()).arg("invoke").arg(zip).args(["--timeout", "60"]);
    let command = program.args(["--serve", &address]).into_command();
    (Server::start(command, port, fixture.path("serve.log")), format!("http://{address}"))
}

#[test]
#[ignore = "needs the aws CLI and curl"]
fn the_cli_invokes_a_function_that_is_served() {
    let cli = required("LAMBDA_ZIP_TEST_AWS");
    let fixture = Fixture::empty();
    let zip = pack_script(&fixture);
    let (_server, endpoint) = serve(&zip, &fixture);
    let answer = fixture.path("answer.json");
    let invoke = |event: &str| {
        let args = ["lambda", "invoke", "--function-name", "greeter", "--log-type", "Tail", "--payload", event];
        let client = without_account(&cli, &fixture).args(["--endpoint-url", &endpoint, "--output", "json"]);
        let told = client.args(args).arg(&answer).run().success().json();
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
    package_quickly(&example("streaming"), &zip, &[]);
    let (_server, endpoint) = serve(&zip, &fixture);
    let client = without_account(&python, &fixture).args(["-c", STREAM, &endpoint, r#"{"from":2}"#]);
    let printed = client.run().success().stdout;
    let mut messages: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let complete = messages.pop().unwrap();
    assert!(complete.is_object() && complete.get("ErrorCode").is_none(), "{printed}");
    assert!(messages.len() > 1, "{printed}");
    let whole: String = messages.iter().map(|chunk| chunk.as_str().unwrap()).collect();
    assert!(whole.ends_with("\0\0\0\0\0\0\0\x002\n1\nlift-off\n"), "{printed}");
}
