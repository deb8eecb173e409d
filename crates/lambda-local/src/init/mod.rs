//! The first process of a sandbox: the calling program, started again. It sets up the sandbox, starts programs on request,
//! reports their exits, and kills everything when it exits itself.
//!
//! It has to be a process of its own: namespaces must be entered before there are threads, and the kernel hands orphaned
//! processes to the first process of their namespace.

mod namespaces;
mod privileges;
mod processes;
mod protocol;
mod root;
mod storage;

use std::ffi::OsString;
use std::io::{BufRead, Write, stdin, stdout};

use anyhow::{Context, Result};
use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::signal::Signal;

pub(crate) use privileges::{LAMBDA_GROUP, LAMBDA_USER, raise_open_files_limit};
pub(crate) use protocol::{Directories, Notice, ProcessStatus, Program, Request, Setup};
pub(crate) use root::EMULATOR;
pub(crate) use storage::StorageSetup;

use processes::Processes;

/// The first argument that makes this program the process outside of the namespaces. Users never type it.
pub(crate) const OUTER_COMMAND: &str = "__sandbox";

/// The same for the process that keeps `/tmp`.
pub(crate) const STORAGE_COMMAND: &str = "__sandbox-storage";

/// The same for the process inside of the namespaces.
const INNER_COMMAND: &str = "__sandbox-inside";

/// Becomes the first process of a sandbox if the arguments say so. Returns its exit code, or `None` for any other command
/// line.
///
/// `main` calls this before anything else, with all its arguments.
#[must_use]
pub fn try_reexec(args: &[OsString]) -> Option<u8> {
    let [_, command, setup] = args else { return None };
    let run = match command.to_str()? {
        OUTER_COMMAND => |setup: &str| serve(setup, false),
        INNER_COMMAND => |setup: &str| serve(setup, true),
        STORAGE_COMMAND => storage::keep,
        _ => return None,
    };
    let outcome = setup.to_str().context("a path is not UTF-8").and_then(run);
    Some(outcome.unwrap_or_else(|error| {
        send(&Notice::Refused(format!("{error:#}")));
        1
    }))
}

fn serve(text: &str, inside: bool) -> Result<u8> {
    let setup: Setup = serde_json::from_str(text).context("failed to parse the setup")?;
    privileges::close_inherited_files()?;
    if let (Some(storage), false) = (setup.storage, inside) {
        die_with_parent()?;
        let status = namespaces::run_inside(storage, &[INNER_COMMAND, text])?;
        return Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
    }
    let processes = Processes::new(&setup.logs)?;
    if setup.is_isolated() {
        root::enter(&setup)?;
        privileges::drop_all()?;
        die_with_parent()?;
    } else {
        set_child_subreaper(true).context("failed to adopt orphaned processes")?;
    }
    privileges::set_limits(&setup)?;
    send(&Notice::Ready);
    handle_requests(&processes)?;
    if !setup.is_isolated() {
        processes::end_all();
    }
    Ok(0)
}

/// Lets the kernel kill this process when its parent dies. The kernel forgets this when a process changes its user.
///
/// Without namespaces this process must live on instead, to kill the others when requests end.
fn die_with_parent() -> Result<()> {
    set_pdeathsig(Signal::SIGKILL).context("failed to follow the end of the parent process")
}

/// Handles requests until the caller closes stdin.
fn handle_requests(processes: &Processes) -> Result<()> {
    for line in stdin().lock().lines() {
        let line = line.context("failed to read a request")?;
        match serde_json::from_str(&line).context("failed to parse a request")? {
            Request::Start(program) => {
                if let Err(error) = processes.start(&program) {
                    let reason = reason(&error);
                    send(&Notice::NotStarted { name: program.name, reason });
                }
            }
            Request::Terminate(name) => processes.signal(&name, Signal::SIGTERM),
            Request::Kill(name) => processes.signal(&name, Signal::SIGKILL),
        }
    }
    Ok(())
}

/// The operating system's text in lower case, as in Lambda's messages, without the error number that Rust adds.
fn reason(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => nix::errno::Errno::from_raw(code).desc().to_lowercase(),
        None => error.to_string(),
    }
}

/// Sends a notice to the caller. If the caller is gone, this process is about to end as well.
fn send(notice: &Notice) {
    if let Ok(line) = serde_json::to_string(notice) {
        let _ = stdout().lock().write_all(format!("{line}\n").as_bytes());
    }
}
