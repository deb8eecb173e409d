//! The outcome of invocations.

use std::time::Duration;

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// One for each event that was sent, in order.
    pub invocations: Vec<CompletedInvocation>,
    /// The signal that ended the run early, if one did.
    pub interrupted: Option<Interrupt>,
}

/// An invocation with its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedInvocation {
    /// How the invocation went.
    pub record: InvocationRecord,
    /// What the caller receives: the response, or an error as JSON if there is no response.
    pub response: Vec<u8>,
}

/// How an invocation went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationRecord {
    /// The id of the request, a UUID.
    pub request_id: String,
    /// Why it failed, if it did.
    pub failure: Option<InvocationFailure>,
    /// The time it took to start the function, if this invocation found none running.
    pub init_duration: Option<Duration>,
    /// The time from the start of the invocation to its end.
    pub duration: Duration,
    /// The memory that the function is configured with, in MB.
    pub memory_size: u32,
    /// The most memory that the processes of the sandbox used, in MB.
    pub memory_used: u64,
    /// The log, from the START line to the REPORT line.
    pub log: Vec<u8>,
}

impl InvocationRecord {
    /// The duration that AWS would bill: the start included, rounded up to whole milliseconds.
    #[must_use]
    pub fn billed(&self) -> Duration {
        let micros = (self.duration + self.init_duration.unwrap_or_default()).as_micros();
        Duration::from_millis(u64::try_from(micros.div_ceil(1000)).unwrap_or(u64::MAX))
    }
}

/// Why an invocation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationFailure {
    /// What failed.
    pub kind: FailureKind,
    /// Lambda's name of the error, such as `Runtime.ExitError`, or the type that the function gave its own error.
    pub error_type: String,
    /// The text of the error.
    pub message: String,
    /// What probably led to it, if more is known than Lambda's message says.
    pub cause: Option<String>,
}

/// What failed in an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The function answered with an error of its own.
    FunctionError,
    /// The function did not answer in time.
    Timeout,
    /// The function exited or was killed during the invocation.
    Crash,
    /// The function never asked for an event.
    Init,
    /// An extension did not start, or exited early.
    Extension,
}

/// A signal that ends a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// `SIGHUP`: the terminal was closed.
    HangUp,
    /// `SIGINT`: Ctrl-C.
    Interrupt,
    /// `SIGTERM`.
    Terminate,
}

impl Interrupt {
    /// The number of the signal. A shell reports a program that it ended with exit code 128 plus this number.
    #[must_use]
    pub fn signal_number(self) -> u8 {
        match self {
            Self::HangUp => 1,
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}
