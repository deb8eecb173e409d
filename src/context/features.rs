//! The features that the command line and the metadata tables turn on in a package. They decide which of its binaries can be
//! built, and which are built together.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use anyhow::Result;
use cargo_metadata::Package;

use super::Function;
use crate::cli::CargoFlags;
use crate::manifest::FunctionConfig;
use crate::suggest::nearest;
use lambda_zip_error::{ErrorKind, Failure};

/// Refuses a feature that no selected package has.
pub(super) fn refuse_unknown(flags: &CargoFlags, packages: &[&Package]) -> Result<()> {
    for feature in flags.features() {
        if packages.iter().any(|package| knows(package, feature)) {
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

/// Refuses a feature in a table that the package does not have.
pub(super) fn refuse_unknown_in_tables(config: &FunctionConfig, package: &Package) -> Result<(), Failure> {
    for features in config.features() {
        if let Some(unknown) = features.names.iter().find(|name| !knows(package, name)) {
            let message = format!("{}: `{}` has no feature `{unknown}`", features.origin, package.name);
            let hint = nearest("features", unknown, package.features.keys().map(String::as_str));
            return Err(Failure::new(ErrorKind::Setup, message).hint(hint));
        }
    }
    Ok(())
}

/// True for a feature that cargo accepts in `--features` for this package.
fn knows(package: &Package, feature: &str) -> bool {
    package.features.contains_key(feature)
        || feature.split_once('/').is_some_and(|(prefix, name)| knows_prefixed(package, prefix, name))
}

/// True for `package/feature` of the package itself, and for `dependency/feature`: only cargo knows the features of a
/// dependency.
fn knows_prefixed(package: &Package, prefix: &str, name: &str) -> bool {
    let dependency = prefix.trim_end_matches('?');
    (package.name.as_str() == prefix && package.features.contains_key(name))
        || package.dependencies.iter().any(|found| found.rename.as_ref().unwrap_or(&found.name) == dependency)
}

/// The features that the tables of a function add to those of the command line. Functions with different ones are built
/// apart: cargo turns features on for a whole build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AddedFeatures {
    names: Vec<String>,
    no_default_features: bool,
    /// The name of the package, which the names belong to. `None` if there are none.
    package: Option<String>,
}

impl AddedFeatures {
    pub(crate) fn new(flags: &CargoFlags, function: &Function, config: &FunctionConfig) -> Self {
        let mut names: Vec<String> = Vec::new();
        for name in config.features().flat_map(|features| &features.names).filter(|_| !flags.all_features) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let package = (!names.is_empty()).then(|| function.package.clone());
        Self { names, no_default_features: config.no_default_features() && !flags.no_default_features, package }
    }

    /// The arguments for a build of these packages, together with the flags. If they are not all selected packages, features
    /// that none of them has are left out: cargo would refuse them.
    pub(crate) fn args(&self, flags: &CargoFlags, packages: Option<&[&Package]>) -> Vec<OsString> {
        let mut args: Vec<OsString> = Vec::new();
        match packages {
            None => args.extend(flags.feature_args()),
            Some(packages) => {
                let known = flags.features().filter(|feature| packages.iter().any(|package| knows(package, feature)));
                let switches =
                    [("--all-features", flags.all_features), ("--no-default-features", flags.no_default_features)];
                args.extend(switches.into_iter().filter(|(_, set)| *set).map(|(flag, _)| flag.into()));
                args.extend(list(known.map(str::to_owned)));
            }
        }
        args.extend(self.no_default_features.then(|| "--no-default-features".into()));
        args.extend(list(self.names.iter().cloned()));
        args
    }

    /// The arguments with which cargo resolves the dependencies of all functions. They turn on no less than any build does.
    pub(crate) fn args_for_all(flags: &CargoFlags, functions: &[(Function, FunctionConfig)]) -> Vec<OsString> {
        let added: Vec<_> = functions.iter().map(|(function, config)| Self::new(flags, function, config)).collect();
        let mut args = flags.feature_args();
        let is_off = !added.is_empty() && added.iter().all(|added| added.no_default_features);
        args.extend(is_off.then(|| "--no-default-features".into()));
        let names: BTreeSet<String> = added
            .iter()
            .filter_map(|added| Some((added, added.package.as_ref()?)))
            .flat_map(|(added, package)| added.names.iter().map(move |name| qualified(package, name)))
            .collect();
        args.extend(list(names));
        args
    }
}

/// `package/feature`. Cargo takes no package in front of `dependency/feature`.
fn qualified(package: &str, feature: &str) -> String {
    if feature.contains('/') { feature.to_owned() } else { format!("{package}/{feature}") }
}

fn list(names: impl IntoIterator<Item = String>) -> Option<OsString> {
    let names: Vec<_> = names.into_iter().collect();
    (!names.is_empty()).then(|| format!("--features={}", names.join(",")).into())
}

/// The features of a package that the command line and these tables turn on, directly or through other features.
///
/// Features that other packages of the workspace turn on in it are not considered. A binary that needs such a feature is
/// built if the command line names the feature.
pub(super) fn enabled(flags: &CargoFlags, config: &FunctionConfig, package: &Package) -> BTreeSet<String> {
    let mut pending: Vec<&str> = Vec::new();
    if flags.all_features {
        pending.extend(package.features.keys().map(String::as_str));
    }
    if !flags.no_default_features && !config.no_default_features() {
        pending.push("default");
    }
    let in_tables = config.features().flat_map(|features| &features.names).map(String::as_str);
    for feature in flags.features().chain(in_tables) {
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
