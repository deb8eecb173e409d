//! The machinery of `invoke` on Linux: from a zip to the outcome of each event.

mod api;
mod emulation;
mod event_stream;
mod function;
mod http;
mod init;
mod launcher;
mod lifecycle;
mod log;
mod memory;
mod outcome;
mod printer;
mod record;
mod sandbox;
mod serve;
mod settings;
mod telemetry;
mod unpack;
mod workspace;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hyper::body::Bytes;
use time::OffsetDateTime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::event;
use crate::cli::{FunctionFlags, InvokeArguments, IsolationChoice, MessageFormat};
use crate::report::{InvocationFailure, InvocationReport, InvokeReport, print_findings};
use crate::shell::Shell;
use lambda_zip_check::{ArchiveKind, Expectation, Levels, Rule, ZipView, any_broken};
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

pub(super) use init::answer;

use function::{Event, Function};
use log::Log;
use printer::Printer;
use settings::Settings;
use workspace::Workspace;

/// Linux runs functions.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it is an error")]
pub(super) fn can_boot() -> Result<()> {
    Ok(())
}

/// The command, with its exit code.
pub(super) fn invoke(arguments: &InvokeArguments, events: &[event::Event], shell: &Shell) -> Result<u8> {
    let zip = arguments.zip.as_deref().context("there is no zip")?;
    let flags = &arguments.function;
    let settings = Settings::new(flags, zip)?;
    let expectation = Expectation {
        kind: ArchiveKind::Function,
        arch: arguments.arch,
        runtime: arguments.runtime,
        today: OffsetDateTime::now_utc().date(),
        levels: levels(arguments.levels.levels()?)?,
        layers: &[],
    };
    hold_against_rules(zip, &flags.layer, &expectation, shell)?;
    let workspace = Workspace::unpack(zip, &flags.layer)?;
    if workspace.has_idle_extensions() {
        let message = "the function's own `extensions` folder is not looked at: Lambda starts those of layers alone";
        shell.warn_with_hints(message, &["pack the extension with `--extension`, and name that zip with `--layer`"]);
    }
    let is_json = arguments.message_format == MessageFormat::Json;
    let how = How { isolation: flags.isolation, is_cold: arguments.cold, prints: !is_json };
    if let Some(address) = arguments.serve {
        return serve::serve(address, &settings, &workspace, &how, shell);
    }
    let (reports, interrupted) = run_events(events, &settings, &workspace, &how, shell)?;
    let report = InvokeReport::new(zip, settings.function_name.clone(), reports);
    if is_json {
        report.print()?;
    }
    Ok(interrupted.unwrap_or_else(|| report.exit_code()))
}

/// Boots a zip that was just published, as a function that is not configured any further. What it answers is in the
/// reports, its log goes to stderr. The exit code is there if the user interrupted it.
pub(super) fn smoke_test(
    zip: &Path,
    events: &[event::Event],
    shell: &Shell,
) -> Result<(Vec<InvocationReport>, Option<u8>)> {
    let flags = FunctionFlags::default();
    let settings = Settings::new(&flags, zip)?;
    let workspace = Workspace::unpack(zip, &[])?;
    let how = How { isolation: flags.isolation, is_cold: false, prints: false };
    run_events(events, &settings, &workspace, &how, shell)
}

/// How events are run.
struct How {
    isolation: IsolationChoice,
    is_cold: bool,
    /// Whether responses go to stdout as they come.
    prints: bool,
}

/// The user's levels over this command's: a zip that is too large for a request can still go through Amazon S3.
fn levels(typed: Levels) -> Result<Levels> {
    let mut levels = Levels::default();
    levels.warn(Rule::UploadLimit.id())?;
    levels.extend(typed);
    Ok(levels)
}

/// Nothing is unpacked that breaks a rule.
fn hold_against_rules(zip: &Path, layers: &[PathBuf], expectation: &Expectation, shell: &Shell) -> Result<()> {
    for path in layers.iter().map(PathBuf::as_path).chain([zip]) {
        if path.is_dir() {
            return Err(Failure::new(ErrorKind::Usage, format!("`{}` is a folder, not a zip", path.display())).into());
        }
    }
    let read = |path: &Path| {
        let kind = if path.exists() { ErrorKind::Archive } else { ErrorKind::Usage };
        ZipView::read(path).or_fail(kind, || format!("`{}` cannot be booted", path.display()))
    };
    let views: Vec<_> = layers.iter().map(|path| read(path)).collect::<Result<_>>()?;
    let view = read(zip)?;
    shell.status("Checking", zip.display());
    let mut is_broken = false;
    for (path, view) in layers.iter().zip(&views) {
        let expectation = Expectation { kind: ArchiveKind::Layer, ..expectation.clone() };
        is_broken |= judge(path, view, &[], &expectation, shell);
    }
    is_broken |= judge(zip, &view, &views, expectation, shell);
    if is_broken {
        let message = format!("`{}` is not booted: a rule of its runtime is broken", zip.display());
        return Err(Failure::new(ErrorKind::Rule, message)
            .hint("mend it, or take the rule less seriously with `--warn RULE`")
            .into());
    }
    Ok(())
}

fn judge(path: &Path, view: &ZipView, layers: &[ZipView], expectation: &Expectation, shell: &Shell) -> bool {
    let findings = lambda_zip_check::check_view(view, layers, expectation);
    if any_broken(&findings) && expectation.kind == ArchiveKind::Layer {
        shell.status("Broken", format_args!("layer `{}`", path.display()));
    }
    print_findings(&findings, shell);
    any_broken(&findings)
}

/// Sends the events one after the other. The exit code is there if the user interrupted it.
fn run_events(
    events: &[event::Event],
    settings: &Settings,
    workspace: &Workspace,
    how: &How,
    shell: &Shell,
) -> Result<(Vec<InvocationReport>, Option<u8>)> {
    let (printer, thread) = Printer::start()?;
    let mut reports = Vec::new();
    let interrupted = block_on(async {
        let log = Log::new(printer.clone());
        let mut function = Function::new(settings, workspace, &log, how.isolation, how.is_cold, shell).await?;
        shell.status("Invoking", format_args!("{} ({})", settings.function_name, function.description()));
        for event in events {
            let report = run_event(event, &mut function, how, &printer).await?;
            reports.push(report);
        }
        function.shut_down().await;
        Ok(())
    })?;
    drop(printer);
    if interrupted.is_none() {
        thread.finish();
    }
    for report in &reports {
        report.tell(shell);
    }
    Ok((reports, interrupted))
}

async fn run_event(
    event: &event::Event,
    function: &mut Function<'_>,
    how: &How,
    printer: &Printer,
) -> Result<InvocationReport> {
    let (sink, mut pieces) = mpsc::channel::<Bytes>(16);
    let live = how.prints.then(|| printer.clone());
    let streamed = tokio::task::spawn_local(async move {
        let mut kept = Vec::new();
        while let Some(piece) = pieces.recv().await {
            match &live {
                Some(printer) => printer.response(piece).await,
                None => kept.extend_from_slice(&piece),
            }
        }
        kept
    });
    let invoked = Event { payload: event.payload.clone().into(), client_context: None, sink };
    let record = function.invoke(invoked).await?;
    let streamed = streamed.await.context("a response got lost")?;
    if let (true, Some(payload)) = (how.prints, &record.outcome.payload) {
        printer.response(payload.clone()).await;
        // One line for each event, where the function itself ends none.
        if payload.last() != Some(&b'\n') {
            printer.response(&b"\n"[..]).await;
        }
    }
    let billed = record.billed();
    let response = record.outcome.payload.map_or(streamed, Vec::from);
    let failure = record.outcome.failure.map(|failed| InvocationFailure {
        kind: failed.kind,
        error_type: failed.error_type,
        message: failed.message.trim().to_owned(),
    });
    Ok(InvocationReport {
        event: event.origin.clone(),
        request_id: record.request_id,
        failure,
        response,
        init_duration: record.init_duration,
        duration: record.duration,
        billed,
        memory_size: record.memory_size,
        memory_used: record.memory_used,
        log: record.log,
    })
}

/// Runs something on this thread, until it is done or the user has had enough of it. In that case the exit code is that of
/// a program that the signal ends.
fn block_on(work: impl Future<Output = Result<()>>) -> Result<Option<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the program's own tasks do not start")?;
    LocalSet::new().block_on(&runtime, async {
        let listen = |kind| signal(kind).context("signals cannot be listened for");
        let (mut interrupt, mut terminate, mut hang_up) =
            (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?);
        tokio::select! {
            outcome = work => outcome.map(|()| None),
            _ = interrupt.recv() => Ok(Some(130)),
            _ = terminate.recv() => Ok(Some(143)),
            _ = hang_up.recv() => Ok(Some(129)),
        }
    })
}
