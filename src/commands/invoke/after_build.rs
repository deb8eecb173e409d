//! Runs what a build has just published.

use anyhow::Result;

use super::event::{self, Event};
use super::{config, run_events, with_advice};
use crate::cli::{BuildArguments, FunctionFlags};
use crate::report::{self, ArchiveReport, InvocationReport};
use crate::shell::Shell;
use lambda_local::{FunctionFiles, LocalLambda};
use lambda_zip_check::ArchiveKind;
use lambda_zip_error::{ErrorKind, Failure};

/// The events that a build sends to its zips. Fails before the build if the flags make no sense, or this machine cannot run
/// functions.
pub(crate) fn events_after_build(arguments: &BuildArguments) -> Result<Vec<Event>> {
    let runs = arguments.run.endpoint().is_some() || !arguments.invoke_event.is_empty();
    if !runs {
        return match arguments.run.watch.then_some("--watch").or(arguments.function.first_typed()) {
            None => Ok(Vec::new()),
            Some(flag) => Err(Failure::new(ErrorKind::Usage, format!("`{flag}` applies to a function that is run"))
                .hint("add `--http`, `--serve ADDRESS` or `--invoke-event EVENT`")
                .into()),
        };
    }
    if arguments.packaging.list && arguments.run.endpoint().is_some() {
        return Err(Failure::new(ErrorKind::Usage, "`--list` builds no function to run").into());
    }
    lambda_local::ensure_supported().map_err(with_advice)?;
    // A wrong variable must not cost a build.
    config::function_config(&arguments.function, "function".into())?;
    if arguments.invoke_event.is_empty() { Ok(Vec::new()) } else { event::read_all(&arguments.invoke_event) }
}

/// Sends events to the functions that were just published, and adds the outcomes to their reports. Returns the exit code of
/// the first failure.
pub(crate) fn smoke_test(archives: &mut [ArchiveReport], events: &[Event], flags: &FunctionFlags, shell: &Shell) -> u8 {
    let mut code = 0;
    if events.is_empty() {
        return code;
    }
    for report in archives.iter_mut().filter(|report| is_bootable(report)) {
        let (failed, is_interrupted) = match boot_published(report, events, flags, shell) {
            Ok((invocations, interrupted)) => {
                for invocation in &invocations {
                    invocation.print_response(shell);
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

/// True for the zip of a function at its path, which was checked.
pub(crate) fn is_bootable(report: &ArchiveReport) -> bool {
    report.published && report.description.kind == ArchiveKind::Function
}

/// Boots a zip. Responses go into the reports only, and the log to stderr.
fn boot_published(
    report: &ArchiveReport,
    events: &[Event],
    flags: &FunctionFlags,
    shell: &Shell,
) -> Result<(Vec<InvocationReport>, Option<u8>)> {
    run_events(&load_published(report, flags)?, events, false, shell)
}

/// Unpacks a zip that was published.
pub(crate) fn load_published(report: &ArchiveReport, flags: &FunctionFlags) -> Result<LocalLambda> {
    let config = config::function_config(flags, config::valid_name(&report.description.function))?;
    Ok(LocalLambda::new(config, FunctionFiles::unpack(&report.archive.path, &[])?))
}
