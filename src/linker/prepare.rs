//! What the linkers of a plan need before cargo starts. Finding it out runs programs, which the plan does not do.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;

use super::{Linker, built_in, zig};
use crate::cache::Cache;
use crate::cargo::config::{CargoConfig, Rustc};
use lambda_platform::Target;

/// The variables to set for cargo, beside those of the plan.
pub(crate) fn prepare<'a>(
    targets: impl Iterator<Item = (Target, &'a Linker)>,
    rustc: &Rustc,
    config: &CargoConfig,
    target_directory: &Path,
    cache: &Cache,
) -> Result<BTreeMap<String, OsString>> {
    let mut chosen_zig = None;
    let mut linked_by_zig: Vec<Target> = Vec::new();
    let mut built_in_targets: Vec<Target> = Vec::new();
    for (target, linker) in targets {
        let linked = match linker {
            Linker::Zig(zig) => {
                chosen_zig = Some(zig);
                &mut linked_by_zig
            }
            Linker::BuiltIn => &mut built_in_targets,
            Linker::Configured(_) | Linker::System(_) | Linker::Cross(_) => continue,
        };
        if !linked.contains(&target) {
            linked.push(target);
        }
    }
    let mut variables = BTreeMap::new();
    if let Some(zig) = chosen_zig {
        variables.extend(zig::prepare(zig, &linked_by_zig, rustc, config, cache)?);
    }
    if !built_in_targets.is_empty() {
        variables.extend(built_in::prepare(&built_in_targets, rustc, target_directory)?);
    }
    Ok(variables)
}
