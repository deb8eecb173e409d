//! Ctrl-C and Ctrl-Break on Windows. The console sends them to every program in it, cargo included, and cargo ends its
//! children with itself.

use std::io;
use std::process::{ChildStdout, Command, ExitStatus, Output};

use super::is_handled_elsewhere;
use lambda_zip_error::scratch;

/// The exit code of a program that Ctrl-C has ended: `STATUS_CONTROL_C_EXIT`.
const CONTROL_C_EXIT: u32 = 0xC000_013A;

/// Handles Ctrl-C and Ctrl-Break, in a thread of its own.
pub(crate) fn handle() {
    // Without the handler, Ctrl-C ends the run all the same, but leaves scratch files behind.
    let _ = ctrlc::set_handler(|| {
        if !is_handled_elsewhere() {
            scratch::remove_all();
            end();
        }
    });
}

#[expect(clippy::exit, reason = "the main thread may be waiting for cargo")]
fn end() {
    std::process::exit(CONTROL_C_EXIT.cast_signed());
}

/// Does nothing: what needs it runs on Linux only.
pub(crate) fn stop_children() {}

/// False: see [`stop_children`].
pub(crate) fn is_stopped() -> bool {
    false
}

/// A running program.
#[derive(Debug)]
pub(crate) struct Child(std::process::Child);

impl Child {
    /// Starts a program.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(Self)
    }

    /// Its stdout, if that is a pipe.
    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> io::Result<ExitStatus> {
        self.0.wait()
    }

    /// Reads what it prints, and waits for its end.
    pub(super) fn wait_with_output(self) -> io::Result<Output> {
        self.0.wait_with_output()
    }
}
