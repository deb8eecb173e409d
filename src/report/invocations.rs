//! The outcomes of invocations, for the reports of a build and of `invoke`.

use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::shell::Shell;
use lambda_local::{CompletedInvocation, FailureKind, InvocationFailure, InvocationRecord};
use lambda_zip_error::ErrorKind;

/// The outcome of one event.
#[derive(Debug)]
pub(crate) struct InvocationReport {
    /// The event as it was typed.
    pub(crate) event: String,
    pub(crate) invocation: CompletedInvocation,
}

/// The exit code of the first invocation that failed, or 0.
pub(crate) fn exit_code_of(invocations: &[InvocationReport]) -> u8 {
    let mut failures = invocations.iter().filter_map(InvocationReport::failure);
    failures.next().map_or(0, |failure| error_kind(failure.kind).exit_code())
}

/// The kind of error, which decides the exit code.
pub(super) fn error_kind(kind: FailureKind) -> ErrorKind {
    match kind {
        FailureKind::FunctionError => ErrorKind::FunctionError,
        FailureKind::Timeout => ErrorKind::FunctionTimeout,
        FailureKind::Crash => ErrorKind::FunctionCrash,
        FailureKind::Init => ErrorKind::FunctionInit,
        FailureKind::Extension => ErrorKind::Extension,
    }
}

impl InvocationReport {
    /// Prints the response to stderr, for a command whose stdout has other data.
    pub(crate) fn print_response(&self, shell: &Shell) {
        shell.status("Answered", String::from_utf8_lossy(&self.invocation.response).trim_end());
    }

    fn failure(&self) -> Option<&InvocationFailure> {
        self.invocation.record.failure.as_ref()
    }

    fn status(&self) -> &'static str {
        match self.failure().map(|failure| failure.kind) {
            None => "success",
            Some(FailureKind::FunctionError) => "error",
            Some(FailureKind::Timeout) => "timeout",
            Some(FailureKind::Crash) => "crash",
            Some(FailureKind::Init) => "init-failure",
            Some(FailureKind::Extension) => "extension-failure",
        }
    }
}

/// The JSON of an invocation. `docs/reference.md` describes it.
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
        let CompletedInvocation { record, response } = &self.invocation;
        let text = || Value::from(String::from_utf8_lossy(response));
        let billed = record.billed().as_millis();
        let InvocationRecord { request_id, failure, init_duration, duration, memory_size, memory_used, log } = record;
        InvocationDocument {
            event: &self.event,
            request_id,
            status: self.status(),
            error_type: failure.as_ref().map(|failure| failure.error_type.as_str()),
            error_message: failure.as_ref().map(|failure| failure.message.trim()),
            response: serde_json::from_slice(response).unwrap_or_else(|_| text()),
            timings_ms: InvocationTimings {
                init: init_duration.map(milliseconds),
                duration: milliseconds(*duration),
                billed,
            },
            memory_size_mb: *memory_size,
            max_memory_used_mb: *memory_used,
            log: String::from_utf8_lossy(log).into_owned(),
        }
        .serialize(serializer)
    }
}
