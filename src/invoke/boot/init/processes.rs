//! The processes of a sandbox: started, signalled, and waited for.

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
use super::protocol_line;

/// How long killing what is left may take. Whatever forks faster than it is killed for that long is left to the machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// The processes that were started by name.
pub(super) struct Processes {
    logs: BTreeMap<String, File>,
    running: Arc<Running>,
}

/// The names of the processes that have not ended, by their numbers.
#[derive(Default)]
struct Running(Mutex<BTreeMap<i32, String>>);

impl Running {
    fn names(&self) -> MutexGuard<'_, BTreeMap<i32, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Processes {
    /// Opens the pipes for what each process prints.
    pub(super) fn new(logs: &BTreeMap<String, PathBuf>) -> Result<Self> {
        let open = |(name, path): (&String, &PathBuf)| {
            let file = OpenOptions::new().write(true).open(path);
            Ok((name.clone(), file.with_context(|| format!("the log of `{name}` cannot be opened"))?))
        };
        Ok(Self { logs: logs.iter().map(open).collect::<Result<_>>()?, running: Arc::default() })
    }

    /// Starts a program in a process group of its own.
    pub(super) fn start(&self, program: &Program) -> io::Result<()> {
        let Program { name, command, environment, folder } = program;
        let (first, args) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let log = self.logs.get(name).ok_or(io::ErrorKind::InvalidInput)?;
        let mut names = self.running.names();
        let child = Command::new(first)
            .args(args)
            .env_clear()
            .envs(environment)
            .current_dir(folder)
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
    pub(super) fn signal(&self, name: &str, signal: Signal) {
        let names = self.running.names();
        for (pid, _) in names.iter().filter(|(_, running)| *running == name) {
            // It may have ended just now.
            let _ = killpg(Pid::from_raw(*pid), signal);
        }
    }
}

/// Kills everything that descends from this process. Orphans become its children, so it is done when there are none.
pub(super) fn end_all() {
    let deadline = Instant::now() + PATIENCE;
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

/// Waits for whatever ends, orphans included, and tells of what has a name.
fn reap(running: &Running) {
    loop {
        // Only looked at: while a start is under way, the child of one that fails is waited for there.
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
            protocol_line(&Notice::Exited { name, status });
        }
    }
}

/// The children of this process, by the machine's list of processes. Those that ended and are yet to be waited for count.
fn children() -> Vec<Pid> {
    let own = getpid().as_raw().to_string();
    let Ok(list) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = list.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name before may have blanks and brackets in it.
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)) == Some(own.as_str())
    };
    pids.filter(is_child).map(Pid::from_raw).collect()
}
