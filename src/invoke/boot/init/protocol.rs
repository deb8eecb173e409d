//! What the program and the first process of a sandbox say to one another: a line of JSON for each message.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How a sandbox is to be set up; the argument of its first process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::invoke::boot) struct Setup {
    /// Whether namespaces are to be made.
    pub(in crate::invoke::boot) isolated: bool,
    /// The folders of the sandbox on this machine.
    pub(in crate::invoke::boot) folders: Folders,
    /// Named pipes for what each process prints, by its name.
    pub(in crate::invoke::boot) logs: BTreeMap<String, PathBuf>,
    /// What runs programs of another architecture, where the kernel does not know itself.
    pub(in crate::invoke::boot) emulator: Option<PathBuf>,
}

/// The folders of a sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::invoke::boot) struct Folders {
    /// Becomes `/`.
    pub(in crate::invoke::boot) root: PathBuf,
    /// Becomes `/var/task`.
    pub(in crate::invoke::boot) task: PathBuf,
    /// Becomes `/opt`.
    pub(in crate::invoke::boot) layers: PathBuf,
    /// Becomes `/tmp`.
    pub(in crate::invoke::boot) temporary: PathBuf,
    /// Becomes `/etc/hosts`.
    pub(in crate::invoke::boot) hosts: PathBuf,
}

/// What the first process is asked to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::invoke::boot) enum Request {
    Start(Program),
    /// Asks a process to end.
    Terminate(String),
    Kill(String),
}

/// A process to start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::invoke::boot) struct Program {
    pub(in crate::invoke::boot) name: String,
    /// The program itself, then its arguments.
    pub(in crate::invoke::boot) command: Vec<String>,
    pub(in crate::invoke::boot) environment: BTreeMap<String, String>,
    pub(in crate::invoke::boot) folder: String,
}

/// What the first process tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::invoke::boot) enum Notice {
    /// The sandbox is set up.
    Ready,
    /// It cannot be.
    Refused(String),
    /// A process does not start.
    NotStarted {
        name: String,
        reason: String,
    },
    Exited {
        name: String,
        status: ProcessStatus,
    },
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::invoke::boot) enum ProcessStatus {
    Code(i32),
    Signal(i32),
}

impl fmt::Display for ProcessStatus {
    /// In the words of Lambda, which are those of Go.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => match signal_description(signal) {
                Some(description) => write!(f, "signal: {description}"),
                None => write!(f, "signal: signal {signal}"),
            },
        }
    }
}

/// The signals that end programs, as Go names them.
fn signal_description(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        15 => "terminated",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_as_lambda_tells_it() {
        assert_eq!(ProcessStatus::Code(1).to_string(), "exit status 1");
        assert_eq!(ProcessStatus::Signal(9).to_string(), "signal: killed");
        assert_eq!(ProcessStatus::Signal(40).to_string(), "signal: signal 40");
    }

    #[test]
    fn a_message_is_one_line() {
        let notice = Notice::NotStarted { name: "a".into(), reason: "b\nc".into() };
        let line = serde_json::to_string(&notice).unwrap();
        assert!(!line.contains('\n'), "{line}");
        assert_eq!(serde_json::from_str::<Notice>(&line).unwrap(), notice);
    }
}
