//! Running programs that a signal must end: cargo, rustup, and what installs zig.
//!
//! Each gets a process group of its own, so that its children can be ended with it. A run in the foreground of a terminal
//! keeps them in its own group, because git or ssh may ask for a password there. The terminal sends its signals to the whole
//! group.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdout, Command, ExitStatus, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, getpgrp, getpid, kill_process, kill_process_group, test_kill_process, test_kill_process_group,
};
use rustix::termios::tcgetpgrp;

/// How long programs may take to end after a signal, before they are killed.
const GRACE: Duration = Duration::from_secs(1);

/// How often they are looked at in that time.
const INTERVAL: Duration = Duration::from_millis(5);

static IS_STOPPED: AtomicBool = AtomicBool::new(false);

static RUNNING: Mutex<Vec<Running>> = Mutex::new(Vec::new());

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Running {
    pid: Pid,
    leads_group: bool,
}

/// A running program that a signal to this one ends, together with its children.
#[derive(Debug)]
pub(crate) struct Child {
    child: std::process::Child,
    running: Running,
}

impl Child {
    /// Starts a program.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let leads_group = !is_in_foreground();
        if leads_group {
            command.process_group(0);
        }
        // A signal waits until the program is in the list.
        let mut list = list();
        if is_stopped() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let child = command.spawn()?;
        let pid = Pid::from_child(&child);
        let running = Running { pid, leads_group };
        list.push(running);
        Ok(Self { child, running })
    }

    /// Its stdout, if that is a pipe.
    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for its end. Does not return if a signal ends this program.
    pub(crate) fn wait(mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait();
        self.running.remove();
        status
    }

    /// Reads what it prints, and waits for its end. Does not return if a signal ends this program.
    pub(super) fn wait_with_output(self) -> io::Result<Output> {
        let output = self.child.wait_with_output();
        self.running.remove();
        output
    }
}

fn list() -> MutexGuard<'static, Vec<Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// True if this process is in the foreground of its terminal, where programs can ask the user.
fn is_in_foreground() -> bool {
    File::open("/dev/tty").is_ok_and(|terminal| tcgetpgrp(terminal).ok() == Some(getpgrp()))
}

/// Ends all running programs, of this and of later calls of [`Child::spawn`], while this one goes on.
pub(crate) fn stop_children() {
    let list = list();
    IS_STOPPED.store(true, Ordering::SeqCst);
    for running in list.iter() {
        // This fails only if the program has ended. In a terminal, the others of its group have got a signal as well.
        let _ = if running.leads_group {
            kill_process_group(running.pid, Signal::TERM)
        } else {
            kill_process(running.pid, Signal::TERM)
        };
    }
}

/// True after [`stop_children`].
pub(crate) fn is_stopped() -> bool {
    IS_STOPPED.load(Ordering::SeqCst)
}

/// Ends all running programs and their children. The list stays locked, so that no other one is started and that their end
/// is not reported as a failure.
pub(super) fn end_all(signal: Signal) {
    let list = list();
    for running in list.iter() {
        running.send(signal);
    }
    let deadline = Instant::now() + GRACE;
    while list.iter().any(|running| running.exists()) && Instant::now() < deadline {
        sleep(INTERVAL);
    }
    for running in list.iter().filter(|running| running.exists()) {
        running.send(Signal::KILL);
    }
    std::mem::forget(list);
}

impl Running {
    /// Removes it from the list, once it has ended.
    fn remove(self) {
        list().retain(|running| *running != self);
    }

    /// Fails only if the program has ended.
    fn send(self, signal: Signal) {
        let _ = if self.leads_group {
            kill_process_group(self.pid, signal)
        } else if getpgrp() == getpid() && signal != Signal::KILL {
            // The whole group is this run, as a shell has started it.
            kill_process_group(getpgrp(), signal)
        } else {
            kill_process(self.pid, signal)
        };
    }

    fn exists(self) -> bool {
        if self.leads_group { test_kill_process_group(self.pid) } else { test_kill_process(self.pid) }.is_ok()
    }
}
