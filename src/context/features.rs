//! The features that the command line turns on in a package. They decide which of its binaries can be built.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use cargo_metadata::Package;

use crate::cli::CargoFlags;
use crate::suggest::nearest;
use lambda_zip_error::{ErrorKind, Failure};

/// Refuses a feature that no selected package has.
pub(super) fn refuse_unknown(flags: &CargoFlags, packages: &[&Package]) -> Result<()> {
    for feature in flags.features() {
        let known = packages.iter().any(|package| {
            package.features.contains_key(feature)
                || feature.split_once('/').is_some_and(|(prefix, name)| knows_prefixed(package, prefix, name))
        });
        if known {
            continue;
        }
        let names: Vec<_> = packages.iter().map(|package| format!("`{}`", package.name)).collect();
        let failure = Failure::new(ErrorKind::Usage, format!("{} has no feature `{feature}`", names.join(" or ")));
        let features: BTreeSet<&str> =
            packages.iter().flat_map(|package| package.features.keys().map(String::as_str)).collect();
        return Err(failure.hint(nearest("features", feature, features)).into());
    }
    Ok(())
}

/// True for `package/feature` of the package itself, and for `dependency/feature`: only cargo knows the features of a
/// dependency.
fn knows_prefixed(package: &Package, prefix: &str, name: &str) -> bool {
    let dependency = prefix.trim_end_matches('?');
    (package.name.as_str() == prefix && package.features.contains_key(name))
        || package.dependencies.iter().any(|found| found.rename.as_ref().unwrap_or(&found.name) == dependency)
}

/// The features of a package that the command line turns on, directly or through other features.
///
/// Features that other packages of the workspace turn on in it are not considered. A binary that needs such a feature is
/// built if the command line names the feature.
pub(super) fn enabled(flags: &CargoFlags, package: &Package) -> BTreeSet<String> {
    let mut pending: Vec<&str> = Vec::new();
    if flags.all_features {
        pending.extend(package.features.keys().map(String::as_str));
    }
    if !flags.no_default_features {
        pending.push("default");
    }
    for feature in flags.features() {
        match feature.split_once('/') {
            Some((prefix, name)) if prefix == package.name.as_str() => pending.push(name),
            _ => pending.push(feature),
        }
    }
    let table: &BTreeMap<String, Vec<String>> = &package.features;
    let mut enabled = BTreeSet::new();
    while let Some(feature) = pending.pop() {
        if !enabled.insert(feature.to_owned()) {
            continue;
        }
        pending.extend(table.get(feature).into_iter().flatten().map(String::as_str));
        // `dependency/feature` also turns on an optional dependency, `dependency?/feature` does not.
        if let Some((dependency, _)) = feature.split_once('/')
            && !dependency.ends_with('?')
        {
            pending.push(dependency);
        }
    }
    enabled
}
