//! Starts, signals and reaps the processes of a sandbox.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, getpid};

use super::protocol::{Notice, ProcessStatus, Program};
use super::send;

/// How long killing the remaining processes may take. A process that forks faster for this long is left running.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// The processes that were started, by name.
pub(crate) struct Processes {
    logs: BTreeMap<String, File>,
    running: Arc<Running>,
}

/// The names of the running processes, by process id.
#[derive(Default)]
struct Running(Mutex<BTreeMap<i32, String>>);

impl Running {
    fn names(&self) -> MutexGuard<'_, BTreeMap<i32, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Processes {
    /// Opens the log pipe of each process.
    pub(crate) fn new(logs: &BTreeMap<String, PathBuf>) -> Result<Self> {
        let open = |(name, path): (&String, &PathBuf)| {
            let file = OpenOptions::new().write(true).open(path);
            Ok((name.clone(), file.with_context(|| format!("failed to open the log of `{name}`"))?))
        };
        Ok(Self { logs: logs.iter().map(open).collect::<Result<_>>()?, running: Arc::default() })
    }

    /// Starts a program in a process group of its own.
    pub(crate) fn start(&self, program: &Program) -> io::Result<()> {
        let Program { name, command, environment, directory } = program;
        let (first, args) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let log = self.logs.get(name).ok_or(io::ErrorKind::InvalidInput)?;
        let mut names = self.running.names();
        let child = Command::new(first)
            .args(args)
            .env_clear()
            .envs(environment)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .process_group(0)
            .spawn()?;
        let is_first = names.is_empty();
        names.insert(child.id().cast_signed(), name.clone());
        drop(names);
        if is_first {
            let running = Arc::clone(&self.running);
            thread::Builder::new().name("reaper".into()).spawn(move || reap(&running))?;
        }
        Ok(())
    }

    /// Sends a signal to the group of a process, if it is running.
    pub(crate) fn signal(&self, name: &str, signal: Signal) {
        let names = self.running.names();
        for (pid, _) in names.iter().filter(|(_, running)| *running == name) {
            // The process may have exited in this moment.
            let _ = killpg(Pid::from_raw(*pid), signal);
        }
    }
}

/// Kills all descendants of this process. Orphans become its children, so it is done when there are no children.
pub(crate) fn end_all() {
    let deadline = Instant::now() + KILL_TIMEOUT;
    loop {
        let children = children();
        if children.is_empty() || Instant::now() > deadline {
            return;
        }
        for child in children {
            let _ = kill(child, Signal::SIGKILL);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits for every process that exits, orphans included, and reports those that have a name.
fn reap(running: &Running) {
    loop {
        // Without reaping: if a start fails, `Command::spawn` itself waits for the child.
        let pid = match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Ok(status) => status.pid(),
            Err(Errno::EINTR) => continue,
            Err(_) => return,
        };
        let mut names = running.names();
        let status = match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, code)) => ProcessStatus::Code(code),
            Ok(WaitStatus::Signaled(_, signal, _)) => ProcessStatus::Signal(signal as i32),
            _ => continue,
        };
        if let Some(name) = pid.and_then(|pid| names.remove(&pid.as_raw())) {
            send(&Notice::Exited { name, status });
        }
    }
}

/// The children of this process in `/proc`, zombies included.
fn children() -> Vec<Pid> {
    let own = getpid().as_raw().to_string();
    let Ok(list) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = list.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name before it may contain spaces and parentheses.
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)) == Some(own.as_str())
    };
    pids.filter(is_child).map(Pid::from_raw).collect()
}
