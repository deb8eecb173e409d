//! The unstable key `forced-target` of a package, with which cargo builds it for another target than the one asked for.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use cargo_metadata::Metadata;
use toml::Table;

use super::Function;
use crate::cargo::MANIFEST_LIMIT;
use crate::cargo::config::Rustc;
use crate::manifest::FunctionConfig;
use lambda_platform::Target;
use lambda_zip_error::{ErrorKind, Failure, fs};

const KEY: &str = "forced-target";

/// Refuses a selected package that cargo would build for another target than these. Without this, the build would link with
/// the flags of another target, and its executable would be missing.
pub(super) fn refuse_forced_targets(
    functions: &[(Function, FunctionConfig)],
    metadata: &Metadata,
    targets: &[Target],
    rustc: &Rustc,
) -> Result<()> {
    // A stable cargo refuses the key by itself.
    if !rustc.allows_unstable() {
        return Ok(());
    }
    let manifests: BTreeSet<_> =
        functions.iter().map(|(function, _)| &metadata[&function.package_id].manifest_path).collect();
    for manifest in manifests {
        let Some(forced) = forced_target(manifest.as_std_path())? else { continue };
        if targets.iter().all(|target| target.triple() == forced) {
            continue;
        }
        let message = format!("`{KEY}` in `{manifest}` makes cargo ignore the target, and build for `{forced}`");
        let mut failure = Failure::new(ErrorKind::Setup, message).hint(format!("remove `{KEY}` from the manifest"));
        if Target::from_triple(&forced, targets[0].runtime).is_ok() {
            failure = failure.hint(format!("or build for that target: `--target {forced}`"));
        }
        return Err(failure.into());
    }
    Ok(())
}

fn forced_target(manifest: &Path) -> Result<Option<String>> {
    // Cargo has already read it.
    let Ok(table) = fs::read_text_bounded(manifest, MANIFEST_LIMIT)?.parse::<Table>() else { return Ok(None) };
    let key = table.get("package").and_then(|package| package.get(KEY));
    Ok(key.and_then(|value| value.as_str()).map(str::to_owned))
}
