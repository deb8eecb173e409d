//! What a service that speaks Lambda's API makes of the zips.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Fixture, Server, free_port, required};

/// The aws CLI, with nothing of the user's own account in reach.
fn aws(program: &Path, fixture: &Fixture, port: u16, args: &[&str]) -> Value {
    let output = Command::new(program)
        .args(["--endpoint-url", &format!("http://127.0.0.1:{port}"), "--output", "json"])
        .args(args)
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .env("AWS_CONFIG_FILE", fixture.path("aws-config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", fixture.path("aws-credentials"))
        .env("AWS_PAGER", "")
        .output()
        .expect("the aws CLI starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "aws {}: {}", args.join(" "), text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stdout)))
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
