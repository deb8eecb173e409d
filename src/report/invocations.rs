//! What came of invocations, as the reports of a build and of `invoke` have it.

use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::shell::Shell;
use lambda_zip_error::ErrorKind;

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

/// That of the first invocation that failed.
pub(crate) fn exit_code_of(invocations: &[InvocationReport]) -> u8 {
    let mut failures = invocations.iter().filter_map(|report| report.failure.as_ref());
    failures.next().map_or(0, |failure| failure.kind.exit_code())
}

impl InvocationReport {
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
