//! The `invoke` command: check a zip, boot it on this machine, send it events, report.

mod after_build;
mod attach;
mod config;
mod event;
mod serve;
mod watch;

use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Error, Result};
use time::OffsetDateTime;

use crate::cli::{InvokeArguments, IsolationChoice, MessageFormat};
use crate::report::{self, InvocationReport, InvokeReport};
use crate::session::Session;
use crate::shell::Shell;
use lambda_local::samples::SAMPLES;
use lambda_local::{ExecutionMode, FunctionFiles, Isolation, LocalLambda, Output, Progress, Run, SetupError};
use lambda_platform::limits::DEFAULT_EPHEMERAL_STORAGE;
use lambda_zip_check::{ArchiveKind, Expectation, Levels, Rule, ZipView, has_errors};
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

pub(super) use after_build::{events_after_build, is_bootable, load_published, smoke_test};
pub(super) use event::Event;
pub(super) use serve::{serve, server};
pub(super) use watch::{repeat, serve_and_watch, start_watcher};

/// A program that a signal ended has this exit code plus the number of the signal.
const SIGNAL_EXIT_CODE: u8 = 128;

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &InvokeArguments, session: &Session) -> Result<u8> {
    let shell = &session.shell;
    if arguments.list_events {
        report::print_samples(SAMPLES, arguments.message_format)?;
        return Ok(0);
    }
    let events = event::read_all(&arguments.event)?;
    lambda_local::ensure_supported().map_err(with_advice)?;
    if let Some(address) = arguments.wait_for_runtime {
        let lambda = attach::load(arguments, address, shell)?;
        return match arguments.run.endpoint() {
            Some(address) => {
                serve::serve(serve::server(vec![lambda], address)?, &arguments.function, shell).map(|()| 0)
            }
            None => run_once(&lambda, arguments.zips.first(), &events, arguments, shell),
        };
    }
    if let Some(address) = arguments.run.endpoint() {
        refuse_one_name(arguments)?;
        return serve::run(arguments, address, shell);
    }
    let zip = only_zip(arguments)?;
    if arguments.run.watch {
        return watch::repeat(
            start_watcher()?,
            |watcher| {
                watcher.watch(watched_files(arguments)?)?;
                let lambda = load(zip, arguments, shell)?;
                run_once(&lambda, Some(zip), &events, arguments, shell).map(drop)
            },
            shell,
        );
    }
    run_once(&load(zip, arguments, shell)?, Some(zip), &events, arguments, shell)
}

/// Sends the events to a new start of the function, and returns the exit code.
fn run_once(
    lambda: &LocalLambda,
    zip: Option<&PathBuf>,
    events: &[Event],
    arguments: &InvokeArguments,
    shell: &Shell,
) -> Result<u8> {
    let is_json = arguments.message_format == MessageFormat::Json;
    let (reports, interrupted) = run_events(lambda, events, !is_json, shell)?;
    let report = InvokeReport::new(zip.cloned(), lambda.config.name.clone(), reports);
    if is_json {
        report.print()?;
    }
    Ok(interrupted.unwrap_or_else(|| report.exit_code()))
}

/// The zips of the functions and of the layers.
fn watched_files(arguments: &InvokeArguments) -> Result<Vec<PathBuf>> {
    let absolute = |path: &PathBuf| {
        std::path::absolute(path).or_fail(ErrorKind::Usage, || format!("`{}` is not a path", path.display()))
    };
    arguments.zips.iter().chain(&arguments.layer).map(absolute).collect()
}

/// Checks a zip, and unpacks it with the configuration of the command line.
fn load(zip: &Path, arguments: &InvokeArguments, shell: &Shell) -> Result<LocalLambda> {
    let name = arguments.function_name.clone().unwrap_or_else(|| config::function_name(zip));
    let config = config::function_config(&arguments.function, name)?;
    check_before_boot(zip, arguments, shell)?;
    Ok(LocalLambda {
        config,
        files: unpack(zip, &arguments.layer, shell)?,
        isolation: isolation(arguments.isolation),
        cold: arguments.cold,
        runtime_listener: None,
    })
}

/// Events go to one function.
fn only_zip(arguments: &InvokeArguments) -> Result<&PathBuf> {
    match &arguments.zips[..] {
        [zip] => Ok(zip),
        zips => Err(Failure::new(ErrorKind::Usage, format!("events go to one function, found {} zips", zips.len()))
            .hint("serve several functions with `--http` or `--serve ADDRESS`, or run `invoke` for each zip")
            .into()),
    }
}

/// A name on the command line is that of one function.
fn refuse_one_name(arguments: &InvokeArguments) -> Result<()> {
    match &arguments.function_name {
        Some(name) if arguments.zips.len() > 1 => {
            let message = format!("`--function-name {name}` would name {} functions", arguments.zips.len());
            Err(Failure::new(ErrorKind::Usage, message)
                .hint("leave it out: each function is named after its zip")
                .into())
        }
        _ => Ok(()),
    }
}

/// Unpacks the zip and its layers, and warns about extensions that Lambda would not start.
fn unpack(zip: &Path, layers: &[PathBuf], shell: &Shell) -> Result<FunctionFiles> {
    let files = FunctionFiles::unpack(zip, layers)?;
    if files.has_ignored_extensions() {
        let message =
            "the `extensions` directory of the function is ignored: Lambda starts the extensions of layers only";
        shell.warn_with_hints(message, &["pack the extension with `--extension`, and pass that zip with `--layer`"]);
    }
    Ok(files)
}

/// Sends the events and prints the failures. Returns a report for each event that was sent, and the exit code if a signal
/// ended the run.
fn run_events(
    lambda: &LocalLambda,
    events: &[Event],
    print_responses: bool,
    shell: &Shell,
) -> Result<(Vec<InvocationReport>, Option<u8>)> {
    let payloads: Vec<_> = events.iter().map(|event| &event.payload).collect();
    let output = StandardStreams { print_responses, failure: Arc::default() };
    let failure = Arc::clone(&output.failure);
    let run = lambda.run_events(&payloads, output, |step| print_progress(step, lambda, shell));
    let Run { invocations, interrupted } = run.map_err(with_advice)?;
    let reports: Vec<_> = events
        .iter()
        .zip(invocations)
        .map(|(event, invocation)| InvocationReport { event: event.origin.clone(), invocation })
        .collect();
    for report in &reports {
        report.print_failure(shell);
    }
    if let Some(failure) = failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(failure);
    }
    Ok((reports, interrupted.map(|signal| SIGNAL_EXIT_CODE + signal.signal_number())))
}

/// Prints the log to stderr, and the responses to stdout if that is asked for.
struct StandardStreams {
    print_responses: bool,
    /// The error of the first response that could not be printed. The events go on, since functions may have effects.
    failure: Arc<Mutex<Option<Error>>>,
}

impl StandardStreams {
    fn print(&self, bytes: &[u8]) {
        if self.print_responses
            && let Err(error) = report::print_bytes(bytes)
        {
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }
}

impl Output for StandardStreams {
    fn log(&mut self, bytes: &[u8]) {
        let _ = stderr().lock().write_all(bytes);
    }

    fn streamed(&mut self, piece: &[u8]) {
        self.print(piece);
    }

    /// Ends the line if the function did not, so that each event has a line of its own.
    fn response(&mut self, payload: &[u8]) {
        self.print(payload);
        if payload.last() != Some(&b'\n') {
            self.print(b"\n");
        }
    }
}

fn print_progress(step: Progress<'_>, lambda: &LocalLambda, shell: &Shell) {
    let name = &lambda.config.name;
    match step {
        Progress::NotIsolated(reason) => warn_not_isolated(reason, shell),
        Progress::WaitingForRuntime(variables) => attach::print_variables(variables, shell),
        Progress::Started(mode) => {
            warn_of_unlimited_storage(mode, Some(lambda.config.ephemeral_storage), shell);
            shell.status("Invoking", format_args!("{name} ({})", describe(mode)));
        }
        Progress::Listening(..) | Progress::Replaced(_) => {}
    }
}

fn warn_not_isolated(reason: &str, shell: &Shell) {
    let message =
        format!("the function is not isolated ({reason}): its files are at `LAMBDA_TASK_ROOT`, not at `/var/task`");
    shell.warn_with_hints(message, &["pass `--isolation none` to silence this warning"]);
}

fn warn_of_unlimited_storage(mode: ExecutionMode, megabytes: Option<u32>, shell: &Shell) {
    if !mode.isolated && megabytes.is_some_and(|megabytes| megabytes != DEFAULT_EPHEMERAL_STORAGE) {
        shell.warn("`--ephemeral-storage` has no effect: without isolation, `/tmp` is this machine's");
    }
}

fn describe(mode: ExecutionMode) -> String {
    if mode.external {
        return "started by you".to_owned();
    }
    let isolation = if mode.isolated { "isolated" } else { "not isolated: it can read and change your files" };
    let emulation = if mode.emulated { ", emulated" } else { "" };
    format!("{isolation}{emulation}")
}

fn isolation(choice: IsolationChoice) -> Isolation {
    match choice {
        IsolationChoice::Auto => Isolation::Auto,
        IsolationChoice::Namespaces => Isolation::Namespaces,
        IsolationChoice::None => Isolation::None,
    }
}

/// Adds exit code and hints to an error of the set-up.
fn with_advice(error: impl Into<Error>) -> Error {
    let error = error.into();
    let Some(setup) = error.downcast_ref::<SetupError>() else { return error };
    let failure = Failure::new(ErrorKind::Setup, setup.to_string());
    match setup {
        SetupError::NeedsLinux => failure
            .hint("run the same command in a Linux container or virtual machine (on Windows: in WSL)")
            .hint("`cargo lambda-zip check` checks the zip on any system"),
        SetupError::Isolation(_) => failure.hint(
            "allow user namespaces (`sysctl kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, `--privileged` for a container), or use `--isolation none`",
        ),
    }
    .into()
}

/// The user's levels over this command's: a zip that is too large for a request can still go through Amazon S3.
fn levels(typed: Levels) -> Levels {
    let mut levels = Levels::default();
    levels.warn(Rule::UploadLimit);
    levels.extend(typed);
    levels
}

/// Checks the zip and its layers. A zip that breaks a rule is not unpacked.
fn check_before_boot(zip: &Path, arguments: &InvokeArguments, shell: &Shell) -> Result<()> {
    let layers = &arguments.layer;
    let expectation = Expectation {
        kind: ArchiveKind::Function,
        arch: arguments.arch,
        runtime: arguments.runtime,
        today: OffsetDateTime::now_utc().date(),
        levels: levels(arguments.levels.levels()?),
    };
    let layer_views: Vec<_> = layers.iter().map(|path| read_zip(path)).collect::<Result<_>>()?;
    let view = read_zip(zip)?;
    shell.status("Checking", zip.display());
    let mut is_broken = false;
    for (path, view) in layers.iter().zip(&layer_views) {
        let expectation = Expectation { kind: ArchiveKind::Layer, ..expectation.clone() };
        is_broken |= print_check(path, view, &[], &expectation, shell);
    }
    is_broken |= print_check(zip, &view, &layer_views, &expectation, shell);
    if is_broken {
        let message = format!("`{}` was not booted: it breaks a rule of its runtime", zip.display());
        return Err(Failure::new(ErrorKind::Rule, message)
            .hint("fix the zip, or lower the rule with `--warn RULE`")
            .into());
    }
    Ok(())
}

fn read_zip(path: &Path) -> Result<ZipView> {
    if path.is_dir() {
        return Err(Failure::new(ErrorKind::Usage, format!("`{}` is a directory, not a zip", path.display())).into());
    }
    let kind = if path.is_file() { ErrorKind::Archive } else { ErrorKind::Usage };
    ZipView::read(path).or_fail(kind, || format!("failed to boot `{}`", path.display()))
}

/// Prints the findings. Returns true if a rule is broken.
fn print_check(path: &Path, view: &ZipView, layers: &[ZipView], expectation: &Expectation, shell: &Shell) -> bool {
    let findings = lambda_zip_check::check_view(view, layers, expectation);
    if has_errors(&findings) && expectation.kind == ArchiveKind::Layer {
        shell.status("Broken", format_args!("layer `{}`", path.display()));
    }
    report::print_findings(&findings, shell);
    has_errors(&findings)
}
