//! Errors that a caller can tell apart, to add advice of its own.

use std::fmt;

/// Why a function cannot run on this machine with its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetupError {
    /// The system is not Linux.
    NeedsLinux,
    /// [`Isolation::Namespaces`](crate::Isolation::Namespaces) was asked for, and the kernel refuses it for this reason.
    Isolation(String),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedsLinux => f.write_str("functions run on Linux only"),
            Self::Isolation(reason) => write!(f, "cannot isolate the function: {reason}"),
        }
    }
}

impl std::error::Error for SetupError {}
