//! What came of invocations: a sentence for people about each that failed, and one JSON document for programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{print_json, print_lines};
use crate::cli::MessageFormat;
use crate::error::{ErrorKind, Failure};
use crate::invoke::samples::Sample;
use crate::plan::SCHEMA_VERSION;
use crate::shell::Shell;

/// The outcome of the `invoke` command.
#[cfg(target_os = "linux")]
#[derive(Debug, Serialize)]
pub(crate) struct InvokeReport {
    schema_version: u32,
    path: PathBuf,
    function: String,
    invocations: Vec<InvocationReport>,
}

/// The outcome of one invocation.
#[derive(Debug)]
pub(crate) struct InvocationReport {
    /// As it was typed.
    pub(crate) event: String,
    pub(crate) request_id: String,
    pub(crate) failure: Option<InvocationFailure>,
    /// What the caller gets, with an error in it if there was one before a response.
    pub(crate) response: Vec<u8>,
    /// How long the start took, where there was one.
    pub(crate) init_duration: Option<Duration>,
    pub(crate) duration: Duration,
    pub(crate) billed: Duration,
    /// In MB.
    pub(crate) memory_size: u32,
    /// In MB.
    pub(crate) memory_used: u64,
    pub(crate) log: Vec<u8>,
}

/// Why an invocation failed.
#[derive(Debug)]
pub(crate) struct InvocationFailure {
    /// Decides the exit code.
    pub(crate) kind: ErrorKind,
    /// In Lambda's or the function's own words.
    pub(crate) error_type: String,
    pub(crate) message: String,
}

#[cfg(target_os = "linux")]
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

/// That of the first invocation that failed.
pub(crate) fn exit_code_of(invocations: &[InvocationReport]) -> u8 {
    let mut failures = invocations.iter().filter_map(|report| report.failure.as_ref());
    failures.next().map_or(0, |failure| failure.kind.exit_code())
}

impl InvocationReport {
    /// Tells a person why it failed, if it did.
    #[cfg(target_os = "linux")]
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

    /// Tells a person what the function answered, where stdout is for something else.
    pub(crate) fn tell_response(&self, shell: &Shell) {
        shell.status("Answered", String::from_utf8_lossy(&self.response).trim_end());
    }

    fn status(&self) -> &'static str {
        match self.failure.as_ref().map(|failure| failure.kind) {
            None => "success",
            Some(ErrorKind::FunctionError) => "error",
            Some(ErrorKind::FunctionTimeout) => "timeout",
            Some(ErrorKind::FunctionCrash) => "crash",
            Some(ErrorKind::FunctionInit) => "init-failure",
            Some(_) => "extension-failure",
        }
    }
}

/// The samples of events that are built in: a line each, or as JSON with all there is to them.
pub(crate) fn print_samples(samples: &[Sample], format: MessageFormat) -> Result<()> {
    let width = samples.iter().map(|sample| sample.name.len()).max().unwrap_or(0);
    match format {
        MessageFormat::Human => {
            print_lines(samples.iter().map(|sample| format!("{:width$}  {}", sample.name, sample.about)))
        }
        MessageFormat::Json => {
            let event = |json| serde_json::from_str::<Value>(json);
            let document = samples.iter().map(|sample| {
                let Sample { name, about, source, json } = sample;
                Ok(json!({ "name": name, "about": about, "source": source, "event": event(json)? }))
            });
            print_json(&document.collect::<Result<Vec<_>>>()?)
        }
    }
}

/// The fields of an invocation, as `docs/reference.md` describes them.
#[derive(Serialize)]
struct InvocationDocument<'a> {
    event: &'a str,
    request_id: &'a str,
    status: &'static str,
    error_type: Option<&'a str>,
    error_message: Option<&'a str>,
    response: Value,
    timings_ms: InvocationTimings,
    memory_size_mb: u32,
    max_memory_used_mb: u64,
    log: String,
}

#[derive(Serialize)]
struct InvocationTimings {
    init: Option<f64>,
    duration: f64,
    billed: u128,
}

impl Serialize for InvocationReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let text = || Value::from(String::from_utf8_lossy(&self.response));
        InvocationDocument {
            event: &self.event,
            request_id: &self.request_id,
            status: self.status(),
            error_type: self.failure.as_ref().map(|failure| failure.error_type.as_str()),
            error_message: self.failure.as_ref().map(|failure| failure.message.as_str()),
            response: serde_json::from_slice(&self.response).unwrap_or_else(|_| text()),
            timings_ms: InvocationTimings {
                init: self.init_duration.map(milliseconds),
                duration: milliseconds(self.duration),
                billed: self.billed.as_millis(),
            },
            memory_size_mb: self.memory_size,
            max_memory_used_mb: self.memory_used,
            log: String::from_utf8_lossy(&self.log).into_owned(),
        }
        .serialize(serializer)
    }
}
