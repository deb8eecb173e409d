//! The outcome of `invoke`: a sentence for people about each event that failed, and one JSON document for programs.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::invocations::{InvocationFailure, InvocationReport, exit_code_of};
use super::print_json;
use crate::plan::SCHEMA_VERSION;
use crate::shell::Shell;
use lambda_zip_error::{ErrorKind, Failure};

/// The outcome of the `invoke` command.
#[derive(Debug, Serialize)]
pub(crate) struct InvokeReport {
    schema_version: u32,
    path: PathBuf,
    function: String,
    invocations: Vec<InvocationReport>,
}

impl InvokeReport {
    pub(crate) fn new(zip: &Path, function: String, invocations: Vec<InvocationReport>) -> Self {
        Self { schema_version: SCHEMA_VERSION, path: zip.to_owned(), function, invocations }
    }

    /// That of the first invocation that failed.
    pub(crate) fn exit_code(&self) -> u8 {
        exit_code_of(&self.invocations)
    }

    /// One JSON document on stdout.
    pub(crate) fn print(&self) -> Result<()> {
        print_json(self)
    }
}

impl InvocationReport {
    /// Tells a person why it failed, if it did.
    pub(crate) fn tell(&self, shell: &Shell) {
        let Some(InvocationFailure { kind, error_type, message }) = &self.failure else { return };
        let what = match kind {
            ErrorKind::FunctionError => "the function answered with an error",
            ErrorKind::FunctionTimeout => "the function took too long",
            ErrorKind::FunctionCrash => "the function crashed",
            ErrorKind::FunctionInit => "the function did not come up",
            _ => "an extension failed",
        };
        let hint = match (kind, error_type.as_str()) {
            (ErrorKind::FunctionTimeout, _) => "give it more time with `--timeout SECONDS`, and in its configuration",
            (_, "Runtime.OutOfMemory") => "give it more memory with `--memory MB`, and in its configuration",
            (_, "Runtime.InvalidEntrypoint") => "`cargo lambda-zip check ZIP` says what is wrong with the zip",
            _ => "its log is above",
        };
        shell.error(&Failure::new(*kind, format!("{what}: {error_type}: {message}")).hint(hint).into());
    }
}
