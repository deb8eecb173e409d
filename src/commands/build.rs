//! The main command: build, package, check, publish.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::invoke;
use crate::cargo::{RunningBuild, sccache};
use crate::cli::{BuildArguments, MessageFormat};
use crate::context::BuildContext;
use crate::interrupt;
use crate::linker;
use crate::plan::{self, BuildPlan};
use crate::publish::{self, Freshness, PackageJob};
use crate::report::{self, ContentsList, Report};
use crate::session::Session;
use crate::shell::Shell;
use deployment_zip::{EntrySource, ModificationTime, OutputPaths};

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &BuildArguments, session: &Session) -> Result<u8> {
    let started = Instant::now();
    interrupt::handle();
    let shell = &session.shell;
    let events = invoke::events_after_build(&arguments.invoke_event)?;
    let context = BuildContext::load(arguments, session.cargo_config()?, shell)?;
    let plan = plan::plan(&context)?;
    plan.emit_warnings(shell);
    if arguments.dry_run {
        return print_plan(&plan, arguments.message_format);
    }
    // A wrong date or page must not cost a build.
    let modified = publish::modification_time()?;
    let zips = plan.functions.iter().map(|planned| planned.path.as_path());
    let page = report::report_page_path(arguments.report_html.as_deref(), &context.directory, zips)?;
    let output_paths = plan.output_paths(page.clone());
    if arguments.packaging.list {
        return print_lists(&plan, &output_paths, arguments.message_format, shell);
    }

    let freshness = Freshness::load(context.cache(), &plan);
    let (executables, build_time) = build(&context, &plan, &output_paths, &freshness, shell)?;
    let jobs = plan.functions.iter().zip(executables).map(|(planned, executable)| {
        let job = PackageJob::new(planned, EntrySource::Disk(executable), &output_paths, modified)?;
        Ok(PackageJob { debug_symbols: plan.debug_symbols, ..job })
    });
    let mut archives = publish::publish(&jobs.collect::<Result<Vec<_>>>()?, Some(&freshness), shell)?;

    let invoked = interrupt::handled_elsewhere(|| invoke::smoke_test(&mut archives, &events, shell));
    let report =
        Report { archives, warnings: plan.warnings(), build_time: Some(build_time), total_time: started.elapsed() };
    report::print_summary(&report.archives, shell);
    report.print(arguments.message_format)?;
    if let Some(page) = &page {
        report::write_page(page, &report.archives, &context.directory, shell)?;
    }
    Ok(match report.exit_code() {
        0 => invoked,
        broken => broken,
    })
}

/// `--dry-run`: the plan in place of its results.
fn print_plan(plan: &BuildPlan, format: MessageFormat) -> Result<u8> {
    match format {
        MessageFormat::Human => report::print_plan(plan)?,
        MessageFormat::Json => report::print_json(plan)?,
    }
    Ok(0)
}

/// `--list`: the contents of each zip, without building its executable.
fn print_lists(plan: &BuildPlan, output_paths: &OutputPaths, format: MessageFormat, shell: &Shell) -> Result<u8> {
    let lists = plan.functions.iter().map(|planned| {
        let job = PackageJob::new(planned, EntrySource::Bytes(Vec::new()), output_paths, ModificationTime::default())?;
        let collected = job.collect()?;
        job.emit_warnings(&collected, shell);
        let built = format!("cargo's build of `{}`", planned.function.name);
        ContentsList::new(job.description, job.path, collected.entries.entries(), &built)
    });
    report::print_lists(&lists.collect::<Result<Vec<_>>>()?, format)?;
    Ok(0)
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
    // A wrong include must not cost a build.
    let collected = publish::collect_ahead(plan, output_paths)?;
    linker::add_targets(&plan.install_targets, !context.arguments.no_install, &context.config, shell)?;
    let targets = plan.functions.iter().map(|planned| (planned.target.target, &planned.target.linker));
    let target_directory = context.target_directory();
    let linker_env =
        linker::prepare(targets, &context.inputs.rustc, &context.config, &target_directory, &freshness.cache)?;
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
        let advice = context.advice();
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
