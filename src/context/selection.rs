//! The binaries of the selected packages that become functions.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use cargo_metadata::semver::Version;
use cargo_metadata::{CrateType, Metadata, Package, PackageId, TargetKind};
use globset::Glob;
use serde::Serialize;

use super::features;
use crate::cargo::Binary;
use crate::cli::CargoFlags;
use crate::manifest::FunctionConfig;
use crate::suggest::nearest;
use lambda_zip_error::{ErrorKind, Failure};

/// A binary or example that becomes a Lambda function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Function {
    /// The name of the binary.
    #[serde(rename = "function")]
    pub(crate) name: String,
    /// The package that it belongs to.
    pub(crate) package: String,
    /// The version of the package.
    pub(crate) version: Version,
    #[serde(skip)]
    pub(crate) package_id: PackageId,
    #[serde(skip)]
    pub(crate) is_example: bool,
}

impl Function {
    /// The function as cargo builds it.
    pub(crate) fn binary(&self) -> Binary<'_> {
        Binary { package: &self.package_id, name: &self.name, is_example: self.is_example }
    }

    /// The package as cargo's `--package` takes it. A name alone is ambiguous if the graph has several versions.
    pub(crate) fn package_spec(&self) -> String {
        format!("{}@{}", self.package, self.version)
    }
}

/// A binary that needs features which are off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SkippedBinary {
    #[serde(rename = "function")]
    pub(crate) name: String,
    pub(crate) package: String,
    /// All of the features that it needs.
    pub(crate) required_features: Vec<String>,
}

/// The binaries to build, and those left out.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Each with its metadata tables.
    pub(super) functions: Vec<(Function, FunctionConfig)>,
    pub(super) skipped: Vec<SkippedBinary>,
}

/// Selects what `cargo build` would, except libraries, tests and build scripts. `directory` is the working directory.
pub(crate) fn select(flags: &CargoFlags, metadata: &Metadata, directory: &Path) -> Result<Selection> {
    let packages = packages(flags, metadata)?;
    features::refuse_unknown(flags, &packages)?;
    refuse_unknown_binaries(flags, &packages, metadata)?;

    let mut selection = Selection { functions: Vec::new(), skipped: Vec::new() };
    for package in &packages {
        for target in executables(package) {
            let is_example = target.is_kind(TargetKind::Example);
            if !wanted(flags, &target.name, is_example) {
                continue;
            }
            let config = FunctionConfig::read(metadata, package, &target.name, directory)?;
            features::refuse_unknown_in_tables(&config, package)?;
            let enabled = features::enabled(flags, &config, package);
            let required = &target.required_features;
            if required.iter().all(|feature| enabled.contains(feature)) {
                let function = Function {
                    name: target.name.clone(),
                    package: package.name.to_string(),
                    version: package.version.clone(),
                    package_id: package.id.clone(),
                    is_example,
                };
                selection.functions.push((function, config));
            } else if flags.bin.contains(&target.name) || flags.example.contains(&target.name) {
                return Err(Failure::new(
                    ErrorKind::Usage,
                    format!("`{}` of `{}` needs features that are off: {}", target.name, package.name, list(required)),
                )
                .hint(format!("add `--features {}`", required.join(",")))
                .into());
            } else {
                selection.skipped.push(SkippedBinary {
                    name: target.name.clone(),
                    package: package.name.to_string(),
                    required_features: required.clone(),
                });
            }
        }
    }
    if selection.functions.is_empty() {
        return Err(nothing_to_package(&packages, &selection.skipped).into());
    }
    selection
        .functions
        .sort_by(|(a, _), (b, _)| (&a.package, &a.name, a.is_example).cmp(&(&b.package, &b.name, b.is_example)));
    Ok(selection)
}

/// The selected packages. Without a flag, cargo's own choice: the package of the current manifest, else the default members
/// of the workspace.
fn packages<'a>(flags: &CargoFlags, metadata: &'a Metadata) -> Result<Vec<&'a Package>> {
    let members = metadata.workspace_packages();
    let names = || members.iter().map(|package| package.name.as_str()).collect::<BTreeSet<_>>();
    let unknown =
        |flag: &str, spec: &str| {
            Failure::new(ErrorKind::Usage, format!("`{flag} {spec}` matches no package of this workspace"))
                .hint(nearest("packages", spec, names()))
        };
    if flags.workspace {
        for spec in &flags.exclude {
            if !members.iter().any(|package| matches(package, spec)) {
                return Err(unknown("--exclude", spec).into());
            }
        }
        return Ok(members
            .into_iter()
            .filter(|package| !flags.exclude.iter().any(|spec| matches(package, spec)))
            .collect());
    }
    if flags.package.is_empty() {
        return Ok(metadata.workspace_default_packages());
    }
    if let Some(spec) = flags.package.iter().find(|spec| !members.iter().any(|package| matches(package, spec))) {
        return Err(unknown("--package", spec).into());
    }
    Ok(members.into_iter().filter(|package| flags.package.iter().any(|spec| matches(package, spec))).collect())
}

/// True if cargo's `--package SPEC` selects this package: by its id, by `name`, `name@version` or `name:version`, or by a
/// glob over names.
fn matches(package: &Package, spec: &str) -> bool {
    if package.id.repr == spec {
        return true;
    }
    let (name, version) = match spec.split_once(['@', ':']) {
        Some((name, version)) => (name, Some(version)),
        None => (spec, None),
    };
    Glob::new(name).is_ok_and(|glob| glob.compile_matcher().is_match(package.name.as_str()))
        && version.is_none_or(|version| {
            let full = package.version.to_string();
            full == version || full.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'))
        })
}

fn executables(package: &Package) -> impl Iterator<Item = &cargo_metadata::Target> {
    package.targets.iter().filter(|target| {
        target.is_kind(TargetKind::Bin)
            || (target.is_kind(TargetKind::Example) && target.crate_types.contains(&CrateType::Bin))
    })
}

/// As with cargo, naming an example leaves out the binaries that are not named too.
fn wanted(flags: &CargoFlags, name: &str, is_example: bool) -> bool {
    let names_examples = flags.examples || !flags.example.is_empty();
    if is_example {
        flags.examples || flags.example.iter().any(|pattern| matches_name(pattern, name))
    } else if flags.bin.is_empty() {
        flags.bins || !names_examples
    } else {
        flags.bin.iter().any(|pattern| matches_name(pattern, name))
    }
}

/// True if a name equals the pattern, or matches it as a glob, as cargo's `--bin` and `--example` have it.
fn matches_name(pattern: &str, name: &str) -> bool {
    pattern == name
        || pattern.contains(['*', '?', '[', ']'])
            && Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(name))
}

fn refuse_unknown_binaries(flags: &CargoFlags, packages: &[&Package], metadata: &Metadata) -> Result<()> {
    for (names, kind, plural, is_example) in
        [(&flags.bin, "binary", "binaries", false), (&flags.example, "example", "examples", true)]
    {
        let existing: BTreeSet<&str> = packages
            .iter()
            .flat_map(|package| executables(package))
            .filter(|target| target.is_kind(TargetKind::Example) == is_example)
            .map(|target| target.name.as_str())
            .collect();
        let is_unknown = |pattern: &&String| !existing.iter().any(|name| matches_name(pattern, name));
        if let Some(name) = names.iter().find(is_unknown) {
            let selected: Vec<_> = packages.iter().map(|package| package.name.to_string()).collect();
            let members = metadata.workspace_packages();
            let owner = members.iter().find(|package| {
                executables(package)
                    .any(|target| target.is_kind(TargetKind::Example) == is_example && matches_name(name, &target.name))
            });
            let hint = match owner {
                Some(package) => format!("`{name}` is in `{}`: add `--package {}`", package.name, package.name),
                None => nearest(plural, name, existing),
            };
            let message = format!("no {kind} `{name}` in {}", list(&selected));
            return Err(Failure::new(ErrorKind::Usage, message).hint(hint).into());
        }
    }
    Ok(())
}

fn nothing_to_package(packages: &[&Package], skipped: &[SkippedBinary]) -> Failure {
    let names: Vec<_> = packages.iter().map(|package| package.name.to_string()).collect();
    let failure = Failure::new(ErrorKind::Usage, format!("no binary to package in {}", list(&names)));
    match skipped.first() {
        Some(binary) => failure.hint(format!(
            "`{}` needs features that are off: add `--features {}`",
            binary.name,
            binary.required_features.join(",")
        )),
        None => failure
            .hint("each binary becomes a function: add `src/main.rs`, or select another package with `--package`"),
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
