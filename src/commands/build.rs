//! Carries the build of a plan out: missing targets are added, cargo builds, and each function gets its executable.
//!
//! While cargo is at work, what packaging would read is read already: where nothing has changed, that is all there is to do.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use cargo_config2::Config;

use super::invoke;
use super::preview;
use crate::cache::{FileDigests, ZipRecord};
use crate::cargo::{CargoCommand, Executable, RunningBuild, sccache};
use crate::cli::BuildArguments;
use crate::context::{BuildContext, BuildInputs, PreparedPlan};
use crate::linker::{self, Linker, zig};
use crate::plan::{PlannedFunction, PlannedTarget};
use crate::publish::{Freshness, Job, collect_ahead};
use crate::report::Report;
use crate::shell::Shell;
use crate::{publish, report};
use deployment_zip::Collected;
use deployment_zip::EntrySource;
use lambda_platform::SymbolVersion;
use lambda_platform::Target;
use lambda_zip_check::elf::Elf;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// What was built, by which plan.
#[derive(Debug)]
struct Built {
    draft: PreparedPlan,
    /// Of each planned function, in their order.
    executables: Vec<PathBuf>,
    /// The records of zips that are there already, by their paths.
    records: HashMap<PathBuf, ZipRecord>,
    /// How long cargo took.
    time: Duration,
}

/// Plans and builds everything with one cargo. What packaging will read is read ahead into `digests`.
fn build(inquiry: &BuildContext<'_>, digests: &FileDigests, shell: &Shell) -> Result<Built> {
    let mut answers = inquiry.ask()?;
    inquiry.install_zig(&mut answers, shell)?;
    let draft = inquiry.plan(&answers)?;
    draft.tell(shell);
    // A wrong include must not cost a build.
    let collected = collect_ahead(&draft.plan)?;
    let targets = &draft.plan.install_targets;
    linker::add_targets(targets, !inquiry.arguments.no_install, &inquiry.config, shell)?;
    let command = with_zig(&draft, &answers)?;
    sccache::prepare(&command)?;
    shell.detail("Running", format_args!("`{command}`"));
    let running = command.start()?;
    inquiry.remember(&answers, &draft);
    let records = recall(&draft);
    read_ahead(&draft, &collected, &records, digests);
    let (executables, time) = finish(running, inquiry, &answers, &draft)?;
    Ok(Built { draft, executables, records, time })
}

/// What is known of the zips that were made by an earlier run.
fn recall(draft: &PreparedPlan) -> HashMap<PathBuf, ZipRecord> {
    let zips = draft.plan.functions.iter().map(|planned| &planned.path);
    zips.filter_map(|zip| Some((zip.clone(), ZipRecord::recall(&draft.memory, zip)?))).collect()
}

/// Reads what decides over the freshness of these zips. What cannot be read is read, and complained about, when its turn
/// comes.
fn read_ahead(
    draft: &PreparedPlan,
    collected: &[Collected],
    records: &HashMap<PathBuf, ZipRecord>,
    digests: &FileDigests,
) {
    let mut paths: HashSet<&OsStr> = HashSet::new();
    for (planned, collected) in draft.plan.functions.iter().zip(collected) {
        let Some(record) = records.get(&planned.path) else { continue };
        digests.recall(&record.known);
        paths.extend(record.files().chain(collected.files()).map(Path::as_os_str));
    }
    for path in paths {
        let _ = digests.of(Path::new(path));
    }
}

/// Waits for cargo, and finds the executable of each function among what it made. Tells how long cargo took.
fn finish(
    running: RunningBuild,
    inquiry: &BuildContext<'_>,
    answers: &BuildInputs,
    draft: &PreparedPlan,
) -> Result<(Vec<PathBuf>, Duration)> {
    let plan = &draft.plan;
    let (made, time) = running.finish().map_err(|mut error| {
        let of_doubts: Vec<_> = plan.doubts.iter().flat_map(|doubt| &doubt.hints).collect();
        let advice = inquiry.advice(answers, plan);
        lambda_zip_error::add_hints(&mut error, advice.iter().filter(|hint| !of_doubts.contains(hint)));
        lambda_zip_error::add_hints(&mut error, of_doubts);
        error
    })?;
    let executables = plan.functions.iter().map(|planned| executable(planned, &made, &plan.cargo));
    let executables = executables.collect::<Result<_>>()?;
    Ok((executables, time))
}

fn executable(planned: &PlannedFunction, made: &[Executable], cargo: &CargoCommand) -> Result<PathBuf> {
    let function = &planned.function;
    let triple = planned.target.target.triple();
    let is_it = |made: &&Executable| {
        made.package == function.package_id
            && made.name == function.name
            && made.is_example == function.is_example
            && made.is_for(&triple)
    };
    let found = made.iter().find(is_it).ok_or_else(|| {
        let message =
            format!("cargo reported no executable for `{}` of `{}`, {triple}", function.name, function.package);
        Failure::new(ErrorKind::Build, message).hint(format!("see what `{cargo}` makes"))
    })?;
    let path = found.path.clone().into_std_path_buf();
    hold_against_glibc(planned.target.target, &path)?;
    Ok(path)
}

/// An executable is held against the glibc of its runtime with everything else in its zip. One that was asked for by name
/// is this build's own affair.
fn hold_against_glibc(target: Target, executable: &Path) -> Result<()> {
    let Some(glibc) = target.glibc else { return Ok(()) };
    let elf = Elf::read(BufReader::new(fs::open(executable)?))
        .or_fail(ErrorKind::Build, || format!("failed to read `{}`", executable.display()))?;
    match elf.highest_need("GLIBC") {
        Some((need, version)) if version > SymbolVersion::new(glibc.major, glibc.minor, 0) => Err(Failure::new(
            ErrorKind::Build,
            format!("`{}` needs `{}`, which is newer than glibc {glibc}", executable.display(), need.version),
        )
        .hint(
            "a library that was compiled elsewhere brings that in: compile it with the rest, or ask for a newer glibc",
        )
        .into()),
        _ => Ok(()),
    }
}

/// The planned command, with what zig needs to link the targets that are zig's. It takes running zig to tell, which the
/// plan does not do.
fn with_zig(draft: &PreparedPlan, answers: &BuildInputs) -> Result<CargoCommand> {
    let mut command = draft.plan.cargo.clone();
    let mut chosen = None;
    let mut targets: Vec<Target> = Vec::new();
    for PlannedFunction { target: PlannedTarget { target, linker }, .. } in &draft.plan.functions {
        if let Linker::Zig(zig) = linker {
            chosen = Some(zig);
            if !targets.contains(target) {
                targets.push(*target);
            }
        }
    }
    if let Some(zig) = chosen {
        command.env.extend(zig::prepare(zig, &targets, &answers.rustc, &draft.memory)?);
    }
    Ok(command)
}

/// The main command, where cargo is configured like this. Returns its exit code.
pub(crate) fn run(arguments: &BuildArguments, configured: Result<Config>, shell: &Shell) -> Result<u8> {
    let started = Instant::now();
    let events = invoke::events_after_build(&arguments.invoke_event)?;
    let inquiry = BuildContext::new(arguments, configured?)?;
    if inquiry.only_looks() {
        return preview::show(&inquiry, shell);
    }
    // A wrong date must not cost a build.
    let modified = publish::modification_time()?;
    let digests = FileDigests::default();
    let Built { draft, executables, records, time } = build(&inquiry, &digests, shell)?;

    let own = draft.plan.own_files();
    let jobs = draft.plan.functions.iter().zip(executables).map(|(planned, executable)| {
        let job = Job::of(planned, EntrySource::Disk(executable), &own, modified)?;
        Ok(Job { debug_symbols: draft.plan.debug_symbols, ..job })
    });
    let freshness = Freshness { memory: &draft.memory, digests: &digests, records: &records };
    let mut archives = publish::publish(&jobs.collect::<Result<Vec<_>>>()?, Some(freshness), shell)?;

    let invoked = invoke::smoke_test(&mut archives, &events, shell);
    let warnings = draft.warnings();
    let report = Report { archives, warnings, build_time: Some(time), total_time: started.elapsed() };
    report::print_summary(&report.archives, shell);
    report.print(arguments.message_format)?;
    inquiry.page(&draft.plan)?.publish(&report.archives, shell)?;
    Ok(match report.exit_code() {
        0 => invoked,
        broken => broken,
    })
}
