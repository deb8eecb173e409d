//! AWS's Runtime Interface Emulator with a function in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::http::Answer;
use crate::{Server, free_ports};

/// AWS's emulator with one function.
pub struct Emulator {
    server: Server,
    log: PathBuf,
}

impl Emulator {
    /// Boots the `bootstrap` in `directory` as Lambda would, with these variables in its environment.
    #[track_caller]
    pub fn boot(emulator: &Path, directory: &Path, variables: &[(&str, &str)]) -> Self {
        let [port, runtime_api_port] = free_ports();
        let mut command = Command::new(emulator);
        command
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{runtime_api_port}")])
            .arg(directory.join("bootstrap"))
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("LAMBDA_TASK_ROOT", directory)
            .envs(variables.iter().copied())
            .current_dir(directory);
        // Next to the directory, which must contain what was in the zip and nothing else.
        let log = directory.with_extension("log");
        Self { server: Server::start(command, port, log.clone()), log }
    }

    /// Sends an event and returns the function's answer.
    #[track_caller]
    pub fn invoke(&self, event: &str) -> String {
        let answer = self.call(event);
        assert_eq!(answer.status, 200, "{}\nthe emulator printed:\n{}", answer.text(), self.server.printed());
        answer.text()
    }

    /// The answer to an event. Its status is not 200 if the function crashes.
    pub fn call(&self, event: &str) -> Answer {
        self.server.post("/2015-03-31/functions/function/invocations", event)
    }

    /// The answer to an event, if there is one: an emulator without an idle worker may close the connection.
    pub fn try_call(&self, event: &str) -> Option<Answer> {
        self.server.try_post("/2015-03-31/functions/function/invocations", event).ok()
    }

    /// What the emulator and the function have printed.
    pub fn printed(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }
}
