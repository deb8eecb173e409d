//! What the linkers of a plan need before cargo starts. Finding it out runs programs, which the plan does not do.

use std::collections::BTreeMap;
use std::ffi::OsString;

use anyhow::Result;

use super::{Linker, zig};
use crate::cache::Cache;
use crate::cargo::config::{CargoConfig, Rustc};
use lambda_platform::Target;

/// The variables to set for cargo, beside those of the plan.
pub(crate) fn prepare<'a>(
    targets: impl Iterator<Item = (Target, &'a Linker)>,
    rustc: &Rustc,
    config: &CargoConfig,
    cache: &Cache,
) -> Result<BTreeMap<String, OsString>> {
    let mut chosen = None;
    let mut linked_by_zig: Vec<Target> = Vec::new();
    for (target, linker) in targets {
        if let Linker::Zig(zig) = linker {
            chosen = Some(zig);
            if !linked_by_zig.contains(&target) {
                linked_by_zig.push(target);
            }
        }
    }
    match chosen {
        Some(zig) => zig::prepare(zig, &linked_by_zig, rustc, config, cache),
        None => Ok(BTreeMap::new()),
    }
}
