//! What happens when a signal or Ctrl-C ends a run: the programs that it started end too, its scratch files are removed, and
//! it ends as a program without a handler would.
//!
//! `invoke` handles signals itself, see [`handled_elsewhere`].

#[cfg(unix)]
mod children;
#[cfg(unix)]
mod signals;
#[cfg(not(unix))]
mod windows;

use std::io;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
pub(crate) use children::{Child, is_stopped, stop_children};
#[cfg(unix)]
pub(crate) use signals::handle;
#[cfg(not(unix))]
pub(crate) use windows::{Child, handle, is_stopped, stop_children};

/// Runs a program to its end, as [`Command::status`] does.
pub(crate) fn status(command: &mut Command) -> io::Result<ExitStatus> {
    Child::spawn(command)?.wait()
}

/// Runs a program to its end and collects what it prints, as [`Command::output`] does.
pub(crate) fn output(command: &mut Command) -> io::Result<Output> {
    Child::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?.wait_with_output()
}

static HANDLED_ELSEWHERE: AtomicBool = AtomicBool::new(false);

/// Leaves signals to `work`, which has handlers of its own.
pub(crate) fn handled_elsewhere<T>(work: impl FnOnce() -> T) -> T {
    HANDLED_ELSEWHERE.store(true, Ordering::SeqCst);
    let result = work();
    HANDLED_ELSEWHERE.store(false, Ordering::SeqCst);
    result
}

fn is_handled_elsewhere() -> bool {
    HANDLED_ELSEWHERE.load(Ordering::SeqCst)
}
