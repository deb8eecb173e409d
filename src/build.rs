//! Carries the build of a plan out: missing targets are added, cargo builds, and each function gets its executable.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cargo::config::CargoConfig;
use crate::cargo::{CargoCommand, sccache};
use crate::debug_symbols;
use crate::elf::{Elf, SymbolVersion};
use crate::error::{self, ErrorKind, Failure, ResultExt};
use crate::fs;
use crate::plan::{BuildPlan, PlannedFunction, PlannedTarget};
use crate::shell::Shell;
use crate::target::Target;
use crate::toolchain::{self, Linker, zig};

/// A function with the executable that this build made for it.
#[derive(Debug)]
pub(crate) struct Artifact<'a> {
    pub(crate) planned: &'a PlannedFunction,
    pub(crate) executable: PathBuf,
    /// The same with its debug information, where the two were parted.
    pub(crate) debug: Option<PathBuf>,
}

/// Builds everything in the plan with one cargo. `advice` is asked for when that fails.
pub(crate) fn build<'a>(
    plan: &'a BuildPlan,
    may_install: bool,
    config: &CargoConfig,
    shell: &Shell,
    advice: impl FnOnce() -> Vec<String>,
) -> Result<Vec<Artifact<'a>>> {
    toolchain::add_targets(&plan.install_targets, may_install, config, shell)?;
    let command = with_zig(plan)?;
    sccache::prepare(&command)?;
    shell.detail("Running", format_args!("`{command}`"));
    let executables = command.build().map_err(|mut error| {
        let of_doubts: Vec<_> = plan.doubts.iter().flat_map(|doubt| &doubt.hints).collect();
        let advice = advice();
        error::add_hints(&mut error, advice.iter().filter(|hint| !of_doubts.contains(hint)));
        error::add_hints(&mut error, of_doubts);
        error
    })?;
    plan.functions
        .iter()
        .map(|planned| {
            let function = &planned.function;
            let triple = planned.target.target.triple();
            let made = executables.iter().find(|executable| {
                executable.package == function.package_id
                    && executable.name == function.name
                    && executable.is_example == function.is_example
                    && executable.is_for(&triple)
            });
            let made = made.ok_or_else(|| {
                Failure::new(
                    ErrorKind::Build,
                    format!("cargo reported no executable for `{}` of `{}`, {triple}", function.name, function.package),
                )
                .hint(format!("see what `{}` makes", plan.cargo))
            })?;
            let executable = made.path.clone().into_std_path_buf();
            hold_against_glibc(planned.target.target, &executable)?;
            Ok(if plan.debug_symbols {
                Artifact { planned, executable: debug_symbols::split(&executable)?, debug: Some(executable) }
            } else {
                Artifact { planned, executable, debug: None }
            })
        })
        .collect()
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
