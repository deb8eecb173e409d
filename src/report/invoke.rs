//! The report of the `invoke` command: an error message for each event that failed, and one JSON document.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::invocations::{InvocationReport, error_kind, exit_code_of};
use super::print_json;
use crate::plan::SCHEMA_VERSION;
use crate::shell::Shell;
use lambda_local::{FailureKind, InvocationFailure};
use lambda_zip_error::Failure;

/// The most characters of a function's message that an error repeats.
const MESSAGE_LIMIT: usize = 1000;

/// The outcome of the `invoke` command.
#[derive(Debug, Serialize)]
pub(crate) struct InvokeReport {
    schema_version: u32,
    /// `None` if the user started the function without a zip.
    path: Option<PathBuf>,
    function: String,
    invocations: Vec<InvocationReport>,
}

impl InvokeReport {
    pub(crate) fn new(zip: Option<PathBuf>, function: String, invocations: Vec<InvocationReport>) -> Self {
        Self { schema_version: SCHEMA_VERSION, path: zip, function, invocations }
    }

    /// The exit code of the first invocation that failed.
    pub(crate) fn exit_code(&self) -> u8 {
        exit_code_of(&self.invocations)
    }

    /// Prints one JSON document on stdout.
    pub(crate) fn print(&self) -> Result<()> {
        print_json(self)
    }
}

/// A function's message may be very long. The whole text is in the response and in the log.
fn shortened(message: &str) -> String {
    match message.char_indices().nth(MESSAGE_LIMIT) {
        None => message.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &message[..end], message.len()),
    }
}

impl InvocationReport {
    /// Prints why the invocation failed, if it did.
    pub(crate) fn print_failure(&self, shell: &Shell) {
        let Some(InvocationFailure { kind, error_type, message, cause }) = &self.invocation.record.failure else {
            return;
        };
        let what = match kind {
            FailureKind::FunctionError => "the function answered with an error",
            FailureKind::Timeout => "the function timed out",
            FailureKind::Crash => "the function crashed",
            FailureKind::Init => "the function did not start",
            FailureKind::Extension => "an extension failed",
        };
        let hint = match (kind, error_type.as_str()) {
            (FailureKind::Timeout, _) => "allow more time with `--timeout SECONDS`, here and in the cloud",
            (_, "Runtime.OutOfMemory") => "allow more memory with `--memory MB`, here and in the cloud",
            (_, "Runtime.InvalidEntrypoint") => "run `cargo lambda-zip check ZIP` for details",
            _ => "see the log above",
        };
        let message = shortened(message.trim());
        let failure = Failure::new(error_kind(*kind), format!("{what}: {error_type}: {message}"));
        let failure = cause.iter().fold(failure, Failure::hint);
        shell.error(&failure.hint(hint).into());
    }
}

#[cfg(test)]
mod tests {
    use super::{MESSAGE_LIMIT, shortened};

    #[test]
    fn a_long_message_is_shortened() {
        assert_eq!(shortened("short"), "short");
        let long = "ä".repeat(300_000);
        let shown = shortened(&long);
        assert!(shown.ends_with("… (600000 bytes)") && shown.chars().count() < MESSAGE_LIMIT + 30, "{shown}");
    }
}
