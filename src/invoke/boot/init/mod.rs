//! The first process of a sandbox: this program itself, started once more. It sets the sandbox up, starts what it is told
//! to, tells what ends, and takes everything down with it when it ends itself.
//!
//! It is another process because namespaces are entered before there are threads, and because the kernel hands processes
//! without a parent to the first of their namespace.

mod namespaces;
mod processes;
mod protocol;
mod root;

use std::ffi::OsString;
use std::io::{BufRead, stdin};

use anyhow::{Context, Result};
use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;

pub(super) use protocol::{Folders, Notice, ProcessStatus, Program, Request, Setup};
pub(super) use root::EMULATOR;

use processes::Processes;

/// The first argument of a call by this program itself. It is no part of the command line of users.
pub(super) const WORD: &str = "__sandbox";

/// The same, from inside of the namespaces.
const INSIDE_WORD: &str = "__sandbox-inside";

/// What one process of a function may open, by the AWS Lambda developer guide, "Lambda quotas".
const OPEN_FILES_LIMIT: u64 = 1024;

/// Answers a call of this program by itself with the exit code; nothing for any other command line.
pub(crate) fn answer(args: &[OsString]) -> Option<u8> {
    let [_, word, setup] = args else { return None };
    let inside = match word.to_str()? {
        WORD => false,
        INSIDE_WORD => true,
        _ => return None,
    };
    let outcome = setup.to_str().context("a path is not UTF-8").and_then(|setup| serve(setup, inside));
    Some(outcome.unwrap_or_else(|error| {
        protocol_line(&Notice::Refused(format!("{error:#}")));
        1
    }))
}

fn serve(text: &str, inside: bool) -> Result<u8> {
    let setup: Setup = serde_json::from_str(text).context("the set-up cannot be read")?;
    if setup.isolated {
        // Should the program be killed, nothing of the sandbox survives it. Without namespaces this process has to live
        // on and end the others itself, when it gets no more requests.
        set_pdeathsig(Signal::SIGKILL).context("the end of the program would go unnoticed")?;
    }
    if setup.isolated && !inside {
        let status = namespaces::run_inside(&[INSIDE_WORD, text])?;
        return Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
    }
    let processes = Processes::new(&setup.logs)?;
    if setup.isolated {
        root::enter(&setup)?;
        namespaces::become_lambda_user()?;
    } else {
        set_child_subreaper(true).context("processes without a parent would get lost")?;
    }
    setrlimit(Resource::RLIMIT_NOFILE, OPEN_FILES_LIMIT, OPEN_FILES_LIMIT).context("open files cannot be limited")?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0).context("core dumps cannot be forbidden")?;
    protocol_line(&Notice::Ready);
    obey(&processes)?;
    if !setup.isolated {
        processes::end_all();
    }
    Ok(0)
}

/// Carries out requests until there are no more to come.
fn obey(processes: &Processes) -> Result<()> {
    for line in stdin().lock().lines() {
        let line = line.context("requests cannot be read")?;
        match serde_json::from_str(&line).context("a request cannot be read")? {
            Request::Start(program) => {
                if let Err(error) = processes.start(&program) {
                    let reason = reason(&error);
                    protocol_line(&Notice::NotStarted { name: program.name, reason });
                }
            }
            Request::Terminate(name) => processes.signal(&name, Signal::SIGTERM),
            Request::Kill(name) => processes.signal(&name, Signal::SIGKILL),
        }
    }
    Ok(())
}

/// The operating system's words alone, in lower case as Lambda has them, without Rust's number behind.
fn reason(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => nix::errno::Errno::from_raw(code).desc().to_lowercase(),
        None => error.to_string(),
    }
}

/// Tells the program something. If it does not listen any more, this process is about to end.
fn protocol_line(notice: &Notice) {
    if let Ok(line) = serde_json::to_string(notice) {
        let _ = crate::report::print_text(&format!("{line}\n"));
    }
}
