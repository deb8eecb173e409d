//! An AWS account for one test, by moto's server, and AWS's own clients.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::{Fixture, Program, Server, free_port, required};

const REGION: &str = "eu-central-1";

/// A program that may be one of AWS's clients, with made-up credentials and without the user's own.
pub fn without_account(program: &Path, fixture: &Fixture) -> Program {
    Program::other(program, fixture.root()).envs(variables()).envs([
        ("AWS_CONFIG_FILE", fixture.path("aws-config")),
        ("AWS_SHARED_CREDENTIALS_FILE", fixture.path("aws-credentials")),
    ])
}

fn variables() -> [(&'static str, &'static str); 4] {
    [
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_PAGER", ""),
    ]
}

/// An account with nothing in it.
pub struct Account {
    server: Server,
    endpoint: String,
}

impl Account {
    /// Starts moto's server, whose log goes to the directory.
    #[track_caller]
    pub fn start(directory: &Path) -> Self {
        let port = free_port();
        let mut moto = Command::new(required("LAMBDA_ZIP_TEST_MOTO"));
        moto.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let server = Server::start(moto, port, directory.join("moto.log"));
        Self { server, endpoint: format!("http://127.0.0.1:{port}") }
    }

    /// The variables by which AWS's clients find the account.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let variables = variables().map(|(name, value)| (name, value.to_owned()));
        variables.into_iter().chain([("AWS_ENDPOINT_URL", self.endpoint.clone())]).collect()
    }

    /// Runs the aws CLI and returns what it prints.
    #[track_caller]
    pub fn aws(&self, fixture: &Fixture, args: &[&str]) -> Value {
        let cli = without_account(&required("LAMBDA_ZIP_TEST_AWS"), fixture).envs(self.variables());
        cli.args(["--output", "json"]).args(args).run().success().json()
    }

    /// Creates a role for functions and returns its ARN.
    #[track_caller]
    pub fn create_role(&self, fixture: &Fixture, name: &str) -> String {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole"
            }]
        });
        let create = ["iam", "create-role", "--role-name", name, "--assume-role-policy-document", &trust.to_string()];
        self.aws(fixture, &create)["Role"]["Arn"].as_str().unwrap().to_owned()
    }

    /// What the server has logged so far: a line for each request.
    pub fn log(&self) -> String {
        self.server.printed()
    }
}
