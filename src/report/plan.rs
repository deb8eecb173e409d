//! The plan of `--dry-run`, as text.

use anyhow::Result;

use super::stdout::print_lines;
use crate::context::Function;
use crate::plan::{BuildPlan, PlannedFunction, PlannedTarget};

/// Prints the commands that a build would run, and each zip that it would make.
pub(crate) fn print_plan(plan: &BuildPlan) -> Result<()> {
    let install = plan.install_targets.iter().map(|triple| format!("rustup target add {triple}"));
    let functions = plan.functions.iter().map(|PlannedFunction { function, target, path, .. }| {
        let Function { name, package, version, .. } = function;
        let PlannedTarget { target, linker } = target;
        format!("{name} of {package} {version} ({target}), linked by {linker}: {}", path.display())
    });
    print_lines(install.chain([plan.cargo.to_string()]).chain(functions))
}
