//! Carries the build of a plan out: missing targets are added, cargo builds, and each function gets its executable.

use std::path::PathBuf;

use anyhow::Result;

use crate::cargo::CargoCommand;
use crate::cargo::config::CargoConfig;
use crate::error::{self, ErrorKind, Failure};
use crate::plan::{BuildPlan, PlannedFunction, PlannedTarget};
use crate::shell::Shell;
use crate::target::Target;
use crate::toolchain::{self, Linker, zig};

/// A function with the executable that this build made for it.
#[derive(Debug)]
pub(crate) struct Artifact<'a> {
    pub(crate) planned: &'a PlannedFunction,
    pub(crate) executable: PathBuf,
}

/// Builds everything in the plan with one cargo.
pub(crate) fn build<'a>(
    plan: &'a BuildPlan,
    may_install: bool,
    config: &CargoConfig,
    shell: &Shell,
) -> Result<Vec<Artifact<'a>>> {
    toolchain::add_targets(&plan.install_targets, may_install, config, shell)?;
    let command = with_zig(plan)?;
    shell.detail("Running", format_args!("`{command}`"));
    let executables = command.build().map_err(|mut error| {
        error::add_hints(&mut error, plan.doubts.iter().flat_map(|doubt| &doubt.hints));
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
            Ok(Artifact { planned, executable: made.path.clone().into_std_path_buf() })
        })
        .collect()
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
