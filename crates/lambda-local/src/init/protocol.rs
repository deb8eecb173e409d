//! The messages between the caller and the first process of a sandbox: one line of JSON each.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How to set up a sandbox. An argument of its first process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// The process that keeps `/tmp`, to create namespaces from its own. `None` for no isolation.
    pub(crate) storage: Option<u32>,
    /// The sandbox's directories on this machine.
    pub(crate) directories: Directories,
    /// The log pipe of each process, by the name of the process.
    pub(crate) logs: BTreeMap<String, PathBuf>,
    /// How many files each process may open.
    pub(crate) open_files: u64,
    /// The qemu that runs programs of another architecture, if the kernel has none registered.
    pub(crate) emulator: Option<PathBuf>,
}

impl Setup {
    pub(crate) fn is_isolated(&self) -> bool {
        self.storage.is_some()
    }
}

/// The sandbox's directories on this machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Directories {
    /// Becomes `/`.
    pub(crate) root: PathBuf,
    /// Becomes `/var/task`.
    pub(crate) task: PathBuf,
    /// Becomes `/opt`.
    pub(crate) layers: PathBuf,
    /// Becomes `/tmp`.
    pub(crate) temporary: PathBuf,
    /// Becomes `/etc/hosts`.
    pub(crate) hosts: PathBuf,
    /// Becomes `/etc/passwd`.
    pub(crate) passwd: PathBuf,
}

/// A request to the first process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    Start(Program),
    /// Sends SIGTERM to a process.
    Terminate(String),
    /// Sends SIGKILL to a process.
    Kill(String),
}

/// A process to start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Program {
    pub(crate) name: String,
    /// The program, then its arguments.
    pub(crate) command: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) directory: String,
}

/// A notice of the first process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    /// The sandbox is set up.
    Ready,
    /// The sandbox cannot be set up, for this reason.
    Refused(String),
    /// A process could not be started.
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
pub(crate) enum ProcessStatus {
    Code(i32),
    Signal(i32),
}

impl fmt::Display for ProcessStatus {
    /// Lambda's wording, which is Go's.
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

/// Go's names of the signals that end programs.
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
    fn an_exit_is_described_as_on_lambda() {
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
