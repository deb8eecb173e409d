//! Carries the build of a plan out: missing targets are added, cargo builds, and each function gets its executable.

use std::path::PathBuf;

use anyhow::Result;

use crate::cargo::config::CargoConfig;
use crate::error::{ErrorKind, Failure};
use crate::plan::{BuildPlan, PlannedFunction};
use crate::shell::Shell;
use crate::toolchain;

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
    shell.detail("Running", format_args!("`{}`", plan.cargo));
    let executables = plan.cargo.build()?;
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
