//! Carries the build of a plan out: missing targets are added, cargo builds, and each function gets its executable.
//!
//! Where an earlier run left its answers behind, cargo is started by the plan that follows from them, before anybody is
//! asked anew. Asking goes on while cargo is at work, and so does reading the files that may be packaged. Is one answer
//! another one, that cargo is ended, and the build starts over by the plan that follows from what is true now. So the
//! outcome never depends on what was remembered, and nothing here has to know what cargo's answers depend on.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread::{self, available_parallelism};
use std::time::Duration;

use anyhow::Result;

use crate::answers::{Answers, Draft, Inquiry};
use crate::cargo::{CargoCommand, Executable, RunningBuild, sccache};
use crate::elf::{Elf, SymbolVersion};
use crate::error::{self, ErrorKind, Failure, ResultExt};
use crate::fs;
use crate::job::collect_ahead;
use crate::memory::{FileDigests, Memory, ZipRecord};
use crate::package::{Entry, in_order};
use crate::plan::{BuildPlan, PlannedFunction, PlannedTarget};
use crate::shell::Shell;
use crate::target::Target;
use crate::toolchain::{self, Linker, zig};

/// What was built, by which plan.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) draft: Draft,
    /// Of each planned function, in their order.
    pub(crate) executables: Vec<PathBuf>,
    /// How long cargo took.
    pub(crate) time: Duration,
}

/// Plans and builds everything with one cargo. What packaging will read is read ahead into `digests` where there is time.
pub(crate) fn build(inquiry: &Inquiry<'_>, digests: &FileDigests, shell: &Shell) -> Result<Built> {
    let remembered = inquiry.recall();
    let head_start = remembered.and_then(|answers| HeadStart::by(answers, inquiry));
    let answers = match head_start {
        None => inquiry.ask(None)?,
        Some(head_start) => match head_start.confirm(inquiry, digests, shell)? {
            (answers, Some((running, draft))) => return finish(running, inquiry, &answers, draft),
            (answers, None) => answers,
        },
    };
    build_anew(answers, inquiry, shell)
}

fn build_anew(mut answers: Answers, inquiry: &Inquiry<'_>, shell: &Shell) -> Result<Built> {
    inquiry.install_zig(&mut answers, shell)?;
    let draft = inquiry.plan(&answers)?;
    draft.tell(shell);
    // A wrong include must not cost a build.
    collect_ahead(&draft.plan)?;
    let targets = &draft.plan.install_targets;
    toolchain::add_targets(targets, !inquiry.arguments.no_install, &inquiry.config, shell)?;
    let command = with_zig(&draft.plan)?;
    sccache::prepare(&command)?;
    shell.detail("Running", format_args!("`{command}`"));
    let running = command.start()?;
    inquiry.remember(&answers, &draft);
    finish(running, inquiry, &answers, draft)
}

/// A cargo that was started on the strength of remembered answers.
struct HeadStart {
    answers: Answers,
    draft: Draft,
    running: RunningBuild,
}

impl HeadStart {
    /// Nothing where a plan cannot be made of the answers, or takes more than cargo to carry out.
    fn by(answers: Answers, inquiry: &Inquiry<'_>) -> Option<Self> {
        let draft = inquiry.plan(&answers).ok()?;
        let BuildPlan { functions, install_targets, cargo, .. } = &draft.plan;
        let has_zig = functions.iter().any(|planned| matches!(planned.target.linker, Linker::Zig(_)));
        if has_zig || !install_targets.is_empty() {
            return None;
        }
        sccache::prepare(cargo).ok()?;
        let running = cargo.start().ok()?;
        Some(Self { answers, draft, running })
    }

    /// Asks everything anew, and reads ahead, while cargo is at work. Where the answers are others, no cargo is at work any
    /// more.
    fn confirm(
        self,
        inquiry: &Inquiry<'_>,
        digests: &FileDigests,
        shell: &Shell,
    ) -> Result<(Answers, Option<(RunningBuild, Draft)>)> {
        let Self { answers: remembered, draft, mut running } = self;
        let (answers, ahead) = thread::scope(|scope| {
            let ahead = scope.spawn(|| read_ahead(&draft, digests));
            let answers = inquiry.ask(Some(&remembered));
            if answers.as_ref().is_ok_and(|answers| *answers == remembered) {
                draft.tell(shell);
                shell.detail("Running", format_args!("`{}`", draft.plan.cargo));
            } else {
                running.abandon();
            }
            (answers, ahead.join().expect("reading ahead does not panic"))
        });
        let answers = answers?;
        if answers != remembered {
            return Ok((answers, None));
        }
        match ahead {
            Ok(()) => Ok((answers, Some((running, draft)))),
            Err(error) => {
                running.abandon();
                Err(error)
            }
        }
    }
}

/// Reads what decides over the freshness of the zips, and what is to go into them, before the executables are there. Only
/// what is wrong with the includes is an error: it must not cost a build.
fn read_ahead(draft: &Draft, digests: &FileDigests) -> Result<()> {
    let collected = collect_ahead(&draft.plan)?;
    let memory = Memory::of(&draft.target_directory);
    let mut paths: BTreeSet<PathBuf> = BTreeSet::new();
    for (planned, collected) in draft.plan.functions.iter().zip(&collected) {
        let Some(record) = ZipRecord::recall(&memory, &planned.path) else { continue };
        paths.extend(record.files().map(Path::to_owned));
        paths.extend(collected.entries.entries().iter().filter_map(Entry::file).map(Path::to_owned));
    }
    let threads = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let hash = |(): &mut (), path: &PathBuf| {
        // What cannot be read now is read, and complained about, when its turn comes.
        let _ = digests.of(path);
    };
    in_order(threads, paths.into_iter(), |_| 0, || (), hash, |_, ()| anyhow::Ok(()))
}

/// Waits for cargo, and finds the executable of each function among what it made.
fn finish(running: RunningBuild, inquiry: &Inquiry<'_>, answers: &Answers, draft: Draft) -> Result<Built> {
    let plan = &draft.plan;
    let (made, time) = running.finish().map_err(|mut error| {
        let of_doubts: Vec<_> = plan.doubts.iter().flat_map(|doubt| &doubt.hints).collect();
        let advice = inquiry.advice(answers, plan);
        error::add_hints(&mut error, advice.iter().filter(|hint| !of_doubts.contains(hint)));
        error::add_hints(&mut error, of_doubts);
        error
    })?;
    let executables = plan.functions.iter().map(|planned| executable(planned, &made, &plan.cargo));
    let executables = executables.collect::<Result<_>>()?;
    Ok(Built { draft, executables, time })
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
fn with_zig(plan: &BuildPlan) -> Result<CargoCommand> {
    let mut command = plan.cargo.clone();
    let mut chosen = None;
    let mut targets: Vec<Target> = Vec::new();
    for PlannedFunction { target: PlannedTarget { target, linker }, .. } in &plan.functions {
        if let Linker::Zig(zig) = linker {
            chosen = Some(zig);
            if !targets.contains(target) {
                targets.push(*target);
            }
        }
    }
    if let Some(zig) = chosen {
        command.env.extend(zig::prepare(zig, &targets)?);
    }
    Ok(command)
}
