//! What can go wrong in a sandbox, under Lambda's names.

use std::time::Duration;

use hyper::body::Bytes;
use serde::Serialize;

use crate::init::ProcessStatus;
use crate::{FailureKind, InvocationFailure};

/// Lambda's name for an invocation that ran out of time.
const TIMED_OUT: &str = "Sandbox.Timedout";

/// The response to an invocation, or why there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What the caller receives: the response, or an error as JSON. `None` if the response was streamed.
    pub(crate) payload: Option<Bytes>,
    pub(crate) failure: Option<InvocationFailure>,
}

/// A failure of the sandbox, independent of the invocation that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    TimedOut,
    /// An extension did not register in time. It may have used another name than that of its file.
    ExtensionNotRegistered {
        name: String,
        registered_as: Option<String>,
    },
    RuntimeExited(ProcessStatus),
    /// The function used more memory than it is configured with.
    OutOfMemory,
    /// `bootstrap` cannot be started, for this reason.
    InvalidEntrypoint(String),
    /// The runtime reported that it cannot start.
    InitError {
        error_type: String,
        payload: Bytes,
    },
    ExtensionNotStarted {
        name: String,
        reason: String,
    },
    ExtensionExited {
        name: String,
        status: ProcessStatus,
    },
    /// An extension reported that it cannot start, or cannot go on.
    ExtensionError {
        name: String,
        error_type: String,
        starting: bool,
    },
    /// No worker of the function asked for an invocation in time, because all are still busy with others.
    NoWorker,
    /// The first process of the sandbox is gone: something outside of the sandbox killed it.
    SandboxGone,
}

impl Fault {
    /// The failure of the invocation that this fault ended. `starting` is true if the function never asked for an event.
    pub(crate) fn failure(&self, timeout: Duration, starting: bool) -> InvocationFailure {
        let runtime_kind = if starting { FailureKind::Init } else { FailureKind::Crash };
        let failure = |error_type: &str, message: String, kind| InvocationFailure {
            error_type: error_type.into(),
            message,
            kind,
            cause: None,
        };
        match self {
            Self::TimedOut => {
                let seconds = timeout.as_secs();
                let kind = if starting { FailureKind::Init } else { FailureKind::Timeout };
                failure(TIMED_OUT, format!("Task timed out after {seconds}.00 seconds"), kind)
            }
            Self::ExtensionNotRegistered { name, registered_as } => {
                let cause = match registered_as {
                    None => format!("the extension `{name}` did not register"),
                    Some(other) => {
                        format!("the extension `{name}` registered as `{other}`, not under the name of its file")
                    }
                };
                InvocationFailure { cause: Some(cause), ..Self::TimedOut.failure(timeout, starting) }
            }
            Self::RuntimeExited(ProcessStatus::Code(0)) => {
                failure("Runtime.ExitError", "Runtime exited without providing a reason".into(), runtime_kind)
            }
            Self::RuntimeExited(status) => {
                failure("Runtime.ExitError", format!("Runtime exited with error: {status}"), runtime_kind)
            }
            Self::OutOfMemory => {
                failure("Runtime.OutOfMemory", "Runtime exited with error: signal: killed".into(), runtime_kind)
            }
            Self::InvalidEntrypoint(reason) => failure("Runtime.InvalidEntrypoint", reason.clone(), FailureKind::Init),
            Self::InitError { error_type, payload } => {
                let message = message_in(payload).unwrap_or_else(|| "the runtime could not start".into());
                failure(error_type, message, FailureKind::Init)
            }
            Self::ExtensionNotStarted { name, reason } => {
                failure("Extension.LaunchError", format!("extension {name}: {reason}"), FailureKind::Extension)
            }
            Self::ExtensionExited { name, status } => {
                failure("Extension.Crash", format!("extension {name}: {status}"), FailureKind::Extension)
            }
            Self::ExtensionError { name, error_type, starting } => {
                let phase = if *starting { "Extension.InitError" } else { "Extension.ExitError" };
                failure(phase, format!("extension {name}: {error_type}"), FailureKind::Extension)
            }
            Self::NoWorker => {
                let seconds = timeout.as_secs();
                let message = format!("No worker asked for the invocation within {seconds}.00 seconds");
                let cause = "every worker is still busy with an invocation that timed out".to_owned();
                let failure = failure("Runtime.Unavailable", message, FailureKind::Timeout);
                InvocationFailure { cause: Some(cause), ..failure }
            }
            Self::SandboxGone => failure("Sandbox.Failure", "the sandbox was killed from outside".into(), runtime_kind),
        }
    }
}

/// The JSON in which Lambda reports an error to the caller.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorPayload<'a> {
    error_type: &'a str,
    error_message: String,
}

impl InvocationFailure {
    pub(crate) fn is_timeout(&self) -> bool {
        self.error_type == TIMED_OUT
    }

    /// What the caller of the invocation receives.
    pub(crate) fn payload(&self, request_id: &str) -> Bytes {
        self.with_message(format!("RequestId: {request_id} Error: {}", self.message))
    }

    /// The same without the request id, which Lambda leaves out for a response that it cannot deliver.
    pub(crate) fn plain_payload(&self) -> Bytes {
        self.with_message(self.message.clone())
    }

    fn with_message(&self, error_message: String) -> Bytes {
        let payload = ErrorPayload { error_type: &self.error_type, error_message };
        serde_json::to_vec(&payload).unwrap_or_default().into()
    }
}

/// The failure of a function that answered with an error of its own.
pub(crate) fn function_error(header: Option<String>, payload: &Bytes) -> InvocationFailure {
    let error_type = field(payload, "errorType").or(header).unwrap_or_else(|| "Runtime.Unknown".into());
    let message = message_in(payload).unwrap_or_else(|| "the function gave no reason".into());
    InvocationFailure { error_type, message, kind: FailureKind::FunctionError, cause: None }
}

fn message_in(payload: &Bytes) -> Option<String> {
    field(payload, "errorMessage")
}

/// A string at the top level of a runtime's error.
pub(crate) fn field(payload: &Bytes, name: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(payload).ok()?;
    Some(value.get(name)?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_reads_as_on_lambda() {
        let failure = Fault::TimedOut.failure(Duration::from_secs(3), false);
        assert_eq!(
            &failure.payload("1-2")[..],
            br#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1-2 Error: Task timed out after 3.00 seconds"}"#
        );
    }

    #[test]
    fn an_exit_reads_as_on_lambda() {
        let message = |status| Fault::RuntimeExited(status).failure(Duration::ZERO, false).message;
        assert_eq!(message(ProcessStatus::Code(3)), "Runtime exited with error: exit status 3");
        assert_eq!(message(ProcessStatus::Signal(11)), "Runtime exited with error: signal: segmentation fault");
        assert_eq!(message(ProcessStatus::Code(0)), "Runtime exited without providing a reason");
    }

    #[test]
    fn a_function_names_its_own_errors() {
        let payload = Bytes::from_static(br#"{"errorType":"NoSuchOrder","errorMessage":"17"}"#);
        let failure = function_error(None, &payload);
        assert_eq!((failure.error_type.as_str(), failure.message.as_str()), ("NoSuchOrder", "17"));
        assert_eq!(function_error(Some("Header".into()), &Bytes::from_static(b"broken")).error_type, "Header");
        assert_eq!(function_error(None, &Bytes::new()).error_type, "Runtime.Unknown");
    }
}
