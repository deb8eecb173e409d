//! The main command: build, package, check, publish, and run if that is asked for.

mod run;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::invoke;
use crate::cargo::{RunningBuild, create_target_directory, sccache};
use crate::cli::{BuildArguments, MessageFormat, OutputFormat};
use crate::context::BuildContext;
use crate::interrupt;
use crate::linker;
use crate::plan::{self, BuildPlan, PlannedFunction};
use crate::publish::{self, Freshness, PackageJob};
use crate::report::{self, ArchiveReport, ContentsList, Report};
use crate::session::Session;
use crate::shell::Shell;
use crate::watch::Watcher;
use deployment_zip::{EntrySource, ModificationTime, OutputPaths};
use lambda_zip_error::{ErrorKind, Failure};

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &BuildArguments, session: &Session) -> Result<u8> {
    interrupt::handle();
    let shell = &session.shell;
    let events = invoke::events_after_build(arguments)?;
    if arguments.run.watch {
        return interrupt::handled_elsewhere(|| run::watch(arguments, &events, session));
    }
    let mut built = match build_and_publish(arguments, session, None)? {
        Outcome::Printed => return Ok(0),
        Outcome::Built(built) => built,
    };
    let invoked =
        interrupt::handled_elsewhere(|| invoke::smoke_test(&mut built.archives, &events, &arguments.function, shell));
    let code = match built.report(arguments, shell)? {
        0 => invoked,
        broken => broken,
    };
    match arguments.run.endpoint() {
        Some(address) if code == 0 => {
            interrupt::handled_elsewhere(|| run::serve(&built.archives, arguments, address, shell)).map(|()| 0)
        }
        _ => Ok(code),
    }
}

/// What a build did.
enum Outcome {
    /// `--dry-run` and `--list`: nothing was built.
    Printed,
    Built(Built),
}

/// The zips of a build, before they are reported.
struct Built {
    archives: Vec<ArchiveReport>,
    warnings: Vec<String>,
    build_time: Duration,
    started: Instant,
    page: Option<PathBuf>,
    directory: PathBuf,
}

impl Built {
    /// Reports the zips, and returns the exit code.
    fn report(&mut self, arguments: &BuildArguments, shell: &Shell) -> Result<u8> {
        let report = Report {
            archives: std::mem::take(&mut self.archives),
            warnings: std::mem::take(&mut self.warnings),
            build_time: Some(self.build_time),
            total_time: self.started.elapsed(),
        };
        report::print_summary(&report.archives, shell);
        report.print(arguments.message_format)?;
        if let Some(page) = &self.page {
            report::write_page(page, &report.archives, &self.directory, shell)?;
        }
        let code = report.exit_code();
        self.archives = report.archives;
        Ok(code)
    }
}

/// Builds the executables, and packages, checks and publishes the zips. With a watcher, what the zips are made of is watched
/// before the build starts, and a signal stops the build.
fn build_and_publish(arguments: &BuildArguments, session: &Session, watcher: Option<&mut Watcher>) -> Result<Outcome> {
    let started = Instant::now();
    let shell = &session.shell;
    let context = BuildContext::load(arguments, session.cargo_config()?, shell)?;
    let plan = plan::plan(&context)?;
    refuse_without_zip(&plan, arguments)?;
    plan.emit_warnings(shell);
    if arguments.dry_run {
        print_plan(&plan, arguments.message_format)?;
        return Ok(Outcome::Printed);
    }
    run::check_names(arguments, &plan)?;
    // A wrong date or page must not cost a build.
    let modified = publish::modification_time()?;
    let zips = plan.functions.iter().map(|planned| planned.path.as_path());
    let page = report::report_page_path(arguments.report_html.as_deref(), &context.directory, zips)?;
    let output_paths = plan.output_paths(page.clone());
    if arguments.packaging.list {
        print_lists(&plan, &output_paths, arguments.message_format, shell)?;
        return Ok(Outcome::Printed);
    }
    if let Some(watcher) = watcher {
        run::watch_inputs(watcher, &context, &plan, plan.output_paths(page.clone()))?;
    }

    let freshness = Freshness::load(context.cache(), &plan);
    let (executables, build_time) = build(&context, &plan, &output_paths, &freshness, shell)?;
    let jobs = plan.functions.iter().zip(executables).map(|(planned, executable)| {
        let job = PackageJob::new(planned, EntrySource::Disk(executable), &output_paths, modified)?;
        Ok(PackageJob { debug_symbols: plan.debug_symbols, ..job })
    });
    let archives = publish::publish(&jobs.collect::<Result<Vec<_>>>()?, Some(&freshness), shell)?;
    let warnings = plan.warnings();
    let directory = context.directory.clone();
    Ok(Outcome::Built(Built { archives, warnings, build_time, started, page, directory }))
}

/// Refuses flags that read the zip if a function has none.
fn refuse_without_zip(plan: &BuildPlan, arguments: &BuildArguments) -> Result<()> {
    let flags = [
        ("--invoke-event", !arguments.invoke_event.is_empty()),
        ("--serve", arguments.run.serve.is_some()),
        ("--http", arguments.run.http.is_some()),
        ("--report-html", arguments.report_html.is_some()),
    ];
    let Some((flag, _)) = flags.into_iter().find(|(_, set)| *set) else { return Ok(()) };
    let has_none = |planned: &&PlannedFunction| planned.packaging.format == OutputFormat::Binary;
    let Some(planned) = plan.functions.iter().find(has_none) else { return Ok(()) };
    let message = format!("`{flag}` needs a zip, and the output format of `{}` is `binary`", planned.function.name);
    Err(Failure::new(ErrorKind::Usage, message)
        .hint(format!("leave out `{flag}`, or add `--output-format zip`"))
        .into())
}

/// `--dry-run`: the plan in place of its results.
fn print_plan(plan: &BuildPlan, format: MessageFormat) -> Result<()> {
    match format {
        MessageFormat::Human => report::print_plan(plan),
        MessageFormat::Json => report::print_json(plan),
    }
}

/// `--list`: the contents of each zip, without building its executable.
fn print_lists(plan: &BuildPlan, output_paths: &OutputPaths, format: MessageFormat, shell: &Shell) -> Result<()> {
    let lists = plan.functions.iter().map(|planned| {
        let job = PackageJob::new(planned, EntrySource::Bytes(Vec::new()), output_paths, ModificationTime::default())?;
        let collected = job.collect()?;
        job.emit_warnings(&collected, shell);
        let built = format!("cargo's build of `{}`", planned.function.name);
        ContentsList::new(job.description, job.path, collected.entries.entries(), &built)
    });
    report::print_lists(&lists.collect::<Result<Vec<_>>>()?, format)
}

/// Builds all executables with one cargo, and returns their paths, in the order of the plan's functions, with the time that
/// cargo took. While cargo works, the files that decide about freshness are read.
fn build(
    context: &BuildContext<'_>,
    plan: &BuildPlan,
    output_paths: &OutputPaths,
    freshness: &Freshness,
    shell: &Shell,
) -> Result<(Vec<PathBuf>, Duration)> {
    // A wrong include or output must not cost a build.
    let collected = publish::collect_ahead(plan, output_paths)?;
    let target_directory = context.target_directory();
    publish::check_outputs(plan, &target_directory)?;
    linker::add_targets(&plan.install_targets, !context.arguments.no_install, &context.config, shell)?;
    create_target_directory(&target_directory)?;
    let linker_env =
        linker::prepare(plan.linkers(), &context.inputs.rustc, &context.config, &target_directory, &freshness.cache)?;
    let mut commands: Vec<_> = plan.cargo_commands().cloned().collect();
    for command in &mut commands {
        command.env.extend(linker_env.clone());
        sccache::prepare(command)?;
        shell.detail("Running", format_args!("`{command}`"));
    }
    let running = RunningBuild::start(commands, target_directory.join(".lambda-zip").join("executables"))?;
    context.store_inputs(&freshness.cache);
    freshness.read_ahead(plan, &collected);
    finish(running, context, plan)
}

/// Waits for cargo and finds the executables in its messages.
fn finish(running: RunningBuild, context: &BuildContext<'_>, plan: &BuildPlan) -> Result<(Vec<PathBuf>, Duration)> {
    let (built, time) = running.finish().map_err(|mut error| {
        let link_hints = plan.link_hints();
        let advice = context.advice(plan.linkers());
        lambda_zip_error::add_hints(&mut error, advice.iter().filter(|hint| !link_hints.contains(hint)));
        lambda_zip_error::add_hints(&mut error, link_hints);
        error
    })?;
    let executables = plan.executables(&built)?;
    for (planned, executable) in plan.functions.iter().zip(&executables) {
        publish::check_glibc(planned.target.target, executable)?;
    }
    Ok((executables, time))
}
