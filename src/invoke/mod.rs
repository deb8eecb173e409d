//! `invoke`: the last proof before the upload. The very zip is unpacked and booted on this machine, on a local Runtime
//! API, and gets events.

#[cfg(target_os = "linux")]
mod boot;
mod event;
pub(crate) mod samples;

use std::ffi::OsString;

use anyhow::Result;

use crate::cli::InvokeArguments;
use crate::report::{self, ArchiveReport};
use crate::shell::Shell;
use lambda_zip_check::ArchiveKind;

pub(crate) use event::Event;

#[cfg(not(target_os = "linux"))]
use elsewhere as boot;

/// Answers a call of this program by itself, as the first process of a sandbox; nothing for any other command line.
pub(crate) fn answer(args: &[OsString]) -> Option<u8> {
    boot::answer(args)
}

/// The command, with its exit code.
pub(crate) fn invoke(arguments: &InvokeArguments, shell: &Shell) -> Result<u8> {
    if arguments.list_events {
        report::print_samples(samples::SAMPLES, arguments.message_format)?;
        return Ok(0);
    }
    let events = event::read_all(&arguments.event)?;
    boot::invoke(arguments, &events, shell)
}

/// The events that a build sends to the zips that it made; none where nothing was asked for.
pub(crate) fn events_after_build(typed: &[String]) -> Result<Vec<Event>> {
    if typed.is_empty() {
        return Ok(Vec::new());
    }
    boot::can_boot()?;
    event::read_all(typed)
}

/// Sends events to the functions that were just published, and notes in their reports what came of it. Returns the exit
/// code: that of the first failure.
pub(crate) fn smoke_test(archives: &mut [ArchiveReport], events: &[Event], shell: &Shell) -> u8 {
    let mut code = 0;
    if events.is_empty() {
        return code;
    }
    let is_bootable =
        |report: &&mut ArchiveReport| report.published && report.description.kind == ArchiveKind::Function;
    for report in archives.iter_mut().filter(is_bootable) {
        let booted = boot::smoke_test(&report.archive.path, events, shell);
        let (failed, is_interrupted) = match booted {
            Ok((invocations, interrupted)) => {
                for invocation in &invocations {
                    invocation.tell_response(shell);
                }
                let failed = interrupted.unwrap_or_else(|| report::exit_code_of(&invocations));
                report.invocations = Some(invocations);
                (failed, interrupted.is_some())
            }
            Err(failure) => {
                shell.error(&failure);
                (lambda_zip_error::exit_code(&failure), false)
            }
        };
        if code == 0 || is_interrupted {
            code = failed;
        }
        if is_interrupted {
            break;
        }
    }
    code
}

/// What there is in place of [`boot`] where there is no Linux to run a function on.
#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::ffi::OsString;
    use std::path::Path;

    use anyhow::Result;

    use super::Event;
    use crate::cli::InvokeArguments;
    use crate::report::InvocationReport;
    use crate::shell::Shell;
    use lambda_zip_error::{ErrorKind, Failure};

    pub(super) fn answer(_: &[OsString]) -> Option<u8> {
        None
    }

    pub(super) fn can_boot() -> Result<()> {
        Err(Failure::new(ErrorKind::Setup, "a function runs on this machine when it is invoked, which takes Linux")
            .hint("run the same command in a Linux container or virtual machine (on Windows: in WSL)")
            .hint("`cargo lambda-zip check` holds the zip against the rules on any system")
            .into())
    }

    pub(super) fn invoke(_: &InvokeArguments, _: &[Event], _: &Shell) -> Result<u8> {
        can_boot().map(|()| 0)
    }

    pub(super) fn smoke_test(_: &Path, _: &[Event], _: &Shell) -> Result<(Vec<InvocationReport>, Option<u8>)> {
        can_boot().map(|()| (Vec::new(), None))
    }
}
