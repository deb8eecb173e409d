//! How an invocation ended, in Lambda's names.

use std::time::Duration;

use hyper::body::Bytes;
use serde::Serialize;

use super::init::ProcessStatus;
use lambda_zip_error::ErrorKind;

/// What Lambda calls the end of an invocation's time.
const TIMED_OUT: &str = "Sandbox.Timedout";

/// Why an invocation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    /// What Lambda calls it, such as `Runtime.ExitError`; or the function's own type of error.
    pub(super) error_type: String,
    pub(super) message: String,
    /// Decides the exit code.
    pub(super) kind: ErrorKind,
}

/// What came of an invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// What the caller gets: the response, or an error as JSON. Nothing where the response was streamed.
    pub(super) payload: Option<Bytes>,
    pub(super) failure: Option<Failed>,
}

/// What the sandbox itself did wrong, whatever the invocation was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The time is up.
    TimedOut,
    RuntimeExited(ProcessStatus),
    /// The function took more memory than it has.
    OutOfMemory,
    /// `bootstrap` does not start, and why.
    InvalidEntrypoint(String),
    /// The runtime told that it cannot start.
    InitError {
        error_type: String,
        payload: Bytes,
    },
    /// An extension does not start, and why.
    ExtensionNotStarted {
        name: String,
        reason: String,
    },
    ExtensionExited {
        name: String,
        status: ProcessStatus,
    },
    /// An extension told that it cannot start, or cannot go on.
    ExtensionError {
        name: String,
        error_type: String,
        starting: bool,
    },
    /// The first process of the sandbox is gone, which nobody but the machine can have done.
    SandboxGone,
}

impl Fault {
    /// The failure of an invocation that this fault ended. `starting` says whether the function ever came up.
    pub(super) fn failed(&self, timeout: Duration, starting: bool) -> Failed {
        let runtime_kind = if starting { ErrorKind::FunctionInit } else { ErrorKind::FunctionCrash };
        let failed = |error_type: &str, message: String, kind| Failed { error_type: error_type.into(), message, kind };
        match self {
            Self::TimedOut => {
                let seconds = timeout.as_secs();
                let kind = if starting { ErrorKind::FunctionInit } else { ErrorKind::FunctionTimeout };
                failed(TIMED_OUT, format!("Task timed out after {seconds}.00 seconds"), kind)
            }
            Self::RuntimeExited(ProcessStatus::Code(0)) => {
                failed("Runtime.ExitError", "Runtime exited without providing a reason".into(), runtime_kind)
            }
            Self::RuntimeExited(status) => {
                failed("Runtime.ExitError", format!("Runtime exited with error: {status}"), runtime_kind)
            }
            Self::OutOfMemory => {
                failed("Runtime.OutOfMemory", "Runtime exited with error: signal: killed".into(), runtime_kind)
            }
            Self::InvalidEntrypoint(reason) => {
                failed("Runtime.InvalidEntrypoint", reason.clone(), ErrorKind::FunctionInit)
            }
            Self::InitError { error_type, payload } => {
                let message = message_in(payload).unwrap_or_else(|| "the runtime could not start".into());
                failed(error_type, message, ErrorKind::FunctionInit)
            }
            Self::ExtensionNotStarted { name, reason } => {
                failed("Extension.LaunchError", format!("extension {name}: {reason}"), ErrorKind::Extension)
            }
            Self::ExtensionExited { name, status } => {
                failed("Extension.Crash", format!("extension {name}: {status}"), ErrorKind::Extension)
            }
            Self::ExtensionError { name, error_type, starting } => {
                let what = if *starting { "Extension.InitError" } else { "Extension.ExitError" };
                failed(what, format!("extension {name}: {error_type}"), ErrorKind::Extension)
            }
            Self::SandboxGone => failed("Sandbox.Failure", "the sandbox was killed from outside".into(), runtime_kind),
        }
    }
}

/// The JSON in which Lambda tells a caller of an error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorPayload<'a> {
    error_type: &'a str,
    error_message: String,
}

impl Failed {
    /// Whether the time was up.
    pub(super) fn is_timeout(&self) -> bool {
        self.error_type == TIMED_OUT
    }

    /// What the caller of the invocation gets.
    pub(super) fn payload(&self, request_id: &str) -> Bytes {
        self.with_message(format!("RequestId: {request_id} Error: {}", self.message))
    }

    /// The same for a response that cannot be handed on, of which Lambda gives no identifier.
    pub(super) fn plain_payload(&self) -> Bytes {
        self.with_message(self.message.clone())
    }

    fn with_message(&self, error_message: String) -> Bytes {
        let payload = ErrorPayload { error_type: &self.error_type, error_message };
        serde_json::to_vec(&payload).unwrap_or_default().into()
    }
}

/// The failure of a function that answered with an error of its own.
pub(super) fn function_error(header: Option<String>, payload: &Bytes) -> Failed {
    let error_type = field(payload, "errorType").or(header).unwrap_or_else(|| "Runtime.Unknown".into());
    let message = message_in(payload).unwrap_or_else(|| "the function gave no reason".into());
    Failed { error_type, message, kind: ErrorKind::FunctionError }
}

/// The message in a runtime's error.
pub(super) fn message_in(payload: &Bytes) -> Option<String> {
    field(payload, "errorMessage")
}

/// A text at the top of a runtime's error.
pub(super) fn field(payload: &Bytes, name: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(payload).ok()?;
    Some(value.get(name)?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_reads_as_lambdas() {
        let failed = Fault::TimedOut.failed(Duration::from_secs(3), false);
        assert_eq!(
            &failed.payload("1-2")[..],
            br#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1-2 Error: Task timed out after 3.00 seconds"}"#
        );
    }

    #[test]
    fn an_exit_reads_as_lambdas() {
        let failed = |status| Fault::RuntimeExited(status).failed(Duration::ZERO, false).message;
        assert_eq!(failed(ProcessStatus::Code(3)), "Runtime exited with error: exit status 3");
        assert_eq!(failed(ProcessStatus::Signal(11)), "Runtime exited with error: signal: segmentation fault");
        assert_eq!(failed(ProcessStatus::Code(0)), "Runtime exited without providing a reason");
    }

    #[test]
    fn a_function_names_its_errors_itself() {
        let payload = Bytes::from_static(br#"{"errorType":"NoSuchOrder","errorMessage":"17"}"#);
        let failed = function_error(None, &payload);
        assert_eq!((failed.error_type.as_str(), failed.message.as_str()), ("NoSuchOrder", "17"));
        assert_eq!(function_error(Some("Header".into()), &Bytes::from_static(b"broken")).error_type, "Header");
        assert_eq!(function_error(None, &Bytes::new()).error_type, "Runtime.Unknown");
    }
}
