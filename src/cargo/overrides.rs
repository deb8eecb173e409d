//! What a build adds to the user's settings: profile defaults for a deployment, and flags that keep paths of this machine
//! out of the executable.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::Metadata;
use toml::Table;

use super::config::{CargoConfig, Rustc};
#[cfg(test)]
use super::rustflags::TargetFlags;
use super::rustflags::{Addition, UserRustflags};
use super::target_cpu::NativeWarnings;
use super::{build_std, profile, sccache, target_cpu, trim_paths};
use crate::cli::BuildArguments;
use crate::manifest::TargetCpu;
use lambda_platform::Target;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// The linker argument for a build id, by which a debugger finds debug information. It is a hash of the contents: the same
/// executable has the same id everywhere.
pub(crate) const BUILD_ID: &str = "--build-id=sha1";

/// Everything that the overrides of a build follow from.
#[derive(Clone, Copy)]
pub(crate) struct OverrideInputs<'a> {
    pub(crate) arguments: &'a BuildArguments,
    pub(crate) cpu: Option<&'a TargetCpu>,
    pub(crate) targets: &'a [Target],
    pub(crate) metadata: &'a Metadata,
    pub(crate) config: &'a CargoConfig,
    pub(crate) rustc: &'a Rustc,
}

/// Arguments, environment variables and rustflags that are added to `cargo build`. A setting of the user wins over each.
#[derive(Debug, Default)]
pub(crate) struct BuildOverrides {
    pub(crate) args: Vec<OsString>,
    pub(crate) env: BTreeMap<String, OsString>,
    /// The user's rustflags, to which ours are added.
    rustflags: UserRustflags,
    /// The `--remap-path-prefix` flags for every target.
    remapped: Vec<String>,
    /// The same for C.
    c_flags: Option<String>,
    /// The processor for each triple.
    target_cpus: BTreeMap<String, String>,
    /// Warnings about code for the processor of this machine.
    native: NativeWarnings,
    /// True if the executable needs a build id.
    build_id: bool,
    /// True if cargo compiles the standard library.
    pub(crate) builds_std: bool,
}

impl BuildOverrides {
    /// Determines everything to add.
    ///
    /// This reads the workspace's manifest and may run cargo (to ask if it has `trim-paths`) and rustc (for the names of
    /// processors), so it belongs to the context. The plan, which runs nothing, only uses the result.
    pub(crate) fn new(inputs: &OverrideInputs<'_>) -> Result<Self> {
        let OverrideInputs { arguments, cpu, targets, metadata, config, rustc } = *inputs;
        let triples: Vec<_> = targets.iter().map(|target| target.triple()).collect();
        let mut overrides = Self {
            rustflags: config.rustflags(triples.iter().map(String::as_str))?,
            build_id: arguments.debug_symbols,
            builds_std: build_std::is_enabled(&arguments.cargo, config, rustc),
            ..Self::default()
        };
        let path = metadata.workspace_root.join("Cargo.toml");
        let manifest: Table = fs::read_text_bounded(&path, super::MANIFEST_LIMIT)?
            .parse()
            .or_fail(ErrorKind::Metadata, || format!("`{path}` is not valid TOML"))?;
        let sources: Vec<_> = config.tables().chain([&manifest]).collect();
        overrides.add_profile(arguments, &sources);
        let cargo_trims = trim_paths::is_supported(&arguments.cargo, &manifest, config, rustc);
        let trims = if cargo_trims { overrides.trim_by_cargo(arguments, &sources) } else { !arguments.no_trim_paths };
        if trims {
            let prefixes = inputs.prefixes();
            overrides.c_flags = c_flags(&prefixes, config);
            if !cargo_trims {
                overrides.remap(&prefixes, inputs);
            }
        }
        overrides.native = target_cpu::warnings(&overrides.rustflags.flags(), &c_flag_variables(config));
        if let Some(cpu) = cpu {
            overrides.target_cpus = target_cpu::resolve(cpu, targets, config)?;
            // Our flag comes after the user's, so it wins.
            overrides.native.for_rust = None;
        }
        Ok(overrides)
    }

    /// Sets that the user has no rustflags for these targets.
    #[cfg(test)]
    pub(crate) fn set_no_rustflags(&mut self, targets: &[Target]) {
        let none = || TargetFlags::Build(Vec::new());
        self.rustflags.targets = targets.iter().map(|target| (target.triple(), none())).collect();
    }

    /// Made-up overrides, for tests of their users.
    #[cfg(test)]
    pub(crate) fn with(args: Vec<OsString>, env: BTreeMap<String, OsString>) -> Self {
        Self { args, env, ..Self::default() }
    }

    fn add_profile(&mut self, arguments: &BuildArguments, sources: &[&Table]) {
        let profile = arguments.cargo.profile();
        if !arguments.no_profile_defaults {
            let additions = profile::additions(profile, sources, variable);
            self.env.extend(additions.into_iter().map(|(name, value)| (name, value.into())));
        }
        if arguments.debug_symbols {
            // We separate the debug information after the link.
            self.env.remove(&profile::variable(profile, "strip"));
            self.set(profile, "strip", "none");
            if !profile::has_debug_information(profile, sources, variable) {
                self.set(profile, "debug", "full");
            }
        }
    }

    /// Replaces these directories in paths.
    fn remap(&mut self, prefixes: &[(PathBuf, String)], inputs: &OverrideInputs<'_>) {
        let flag = |(from, to): &(PathBuf, String)| format!("--remap-path-prefix={}={to}", from.display());
        self.remapped = prefixes.iter().map(flag).collect();
        if inputs.config.has_sccache()
            && let Some(env) =
                sccache::hide_flags(inputs.rustc, &inputs.target_directory(), &self.remapped, &[WORKSPACE, BUILD])
        {
            self.env.extend(env);
            let shared = prefixes.iter().filter(|(_, to)| ![WORKSPACE, BUILD].contains(&to.as_str()));
            self.remapped = shared.map(flag).collect();
        }
    }

    /// Lets cargo trim paths, and returns true if it does. A setting of the user's wins.
    fn trim_by_cargo(&mut self, arguments: &BuildArguments, sources: &[&Table]) -> bool {
        let profile = arguments.cargo.profile();
        if arguments.no_trim_paths {
            self.set(profile, "trim-paths", "none");
            return false;
        }
        if let Some(value) = profile::value(profile, "trim-paths", sources, variable) {
            return !["false", "none"].contains(&value.as_str());
        }
        self.set(profile, "trim-paths", "object");
        true
    }

    /// Sets a key of a profile with `--config`, which wins over every other setting.
    fn set(&mut self, profile: &str, key: &str, value: &str) {
        self.args.extend(["--config".into(), format!("profile.{profile}.{key}=\"{value}\"").into()]);
    }

    /// Warnings about the user's flags. Those about C matter only if C is compiled.
    pub(crate) fn warnings(&self, compiles_c: bool) -> impl Iterator<Item = &String> {
        self.native.for_rust.iter().chain(self.native.for_c.iter().filter(move |_| compiles_c))
    }

    /// The variables with flags for C.
    pub(crate) fn c_variables(&self, target: Target) -> impl Iterator<Item = (String, OsString)> {
        let triple = target.triple().replace('-', "_");
        let flags = self.c_flags.iter().flat_map(|flags| ["CFLAGS", "CXXFLAGS"].map(|name| (name, flags)));
        flags.map(move |(name, flags)| (format!("{name}_{triple}"), flags.into()))
    }

    /// The arguments and variables that add our rustflags to the user's.
    pub(crate) fn rustflags(&self, targets: &[LinkFlags]) -> Result<Addition, Failure> {
        let ours = targets.iter().map(|LinkFlags { target, rustflags, build_id }| {
            let triple = target.triple();
            let mut flags = self.remapped.clone();
            flags.extend(rustflags.iter().cloned());
            if let Some(cpu) = self.target_cpus.get(&triple) {
                flags.push(format!("-Ctarget-cpu={cpu}"));
            }
            if self.build_id {
                flags.push(format!("-Clink-arg={build_id}"));
            }
            (triple, flags)
        });
        self.rustflags.append(&ours.collect())
    }
}

/// What the linker of a target needs in the rustflags.
#[derive(Debug)]
pub(crate) struct LinkFlags {
    pub(crate) target: Target,
    /// The flags that select the linker.
    pub(crate) rustflags: Vec<String>,
    /// The linker's argument that adds a build id, used for `--debug-symbols`.
    pub(crate) build_id: String,
}

/// Replaces the workspace's directory.
const WORKSPACE: &str = ".";

/// Replaces the directories that cargo builds into.
const BUILD: &str = "/target";

impl OverrideInputs<'_> {
    /// The directory that cargo builds into, absolute.
    fn target_directory(&self) -> PathBuf {
        match &self.arguments.cargo.target_dir {
            Some(target_dir) => std::path::absolute(target_dir).unwrap_or_else(|_| target_dir.clone()),
            None => self.metadata.target_directory.clone().into_std_path_buf(),
        }
    }

    /// The directories of this machine that compilers may write into panic messages and debug information, each with its
    /// replacement. The executable is then the same wherever it is built. The replacements are those of cargo's unstable
    /// `trim-paths` (RFC 3127), except where these depend on cargo's version.
    ///
    /// rustc, clang and GCC use the last prefix that matches. The directories are sorted by depth, so that a cargo home
    /// inside the workspace, which CI caches often have, wins over the workspace.
    fn prefixes(&self) -> Vec<(PathBuf, String)> {
        let Self { metadata, config, rustc, .. } = self;
        let build_dir = metadata.build_directory.clone().map(cargo_metadata::camino::Utf8PathBuf::into_std_path_buf);
        let library = rustc.sysroot.join("lib").join("rustlib").join("src").join("rust");
        let directories = [
            (config.cargo_home(), "/cargo".to_owned()),
            (Some(metadata.workspace_root.clone().into_std_path_buf()), WORKSPACE.to_owned()),
            (build_dir, BUILD.to_owned()),
            (Some(self.target_directory()), BUILD.to_owned()),
            (Some(library), format!("/rustc/{}", rustc.version)),
        ];
        let mut prefixes = Vec::new();
        for (from, to) in directories {
            for from in from.iter().flat_map(|from| spellings(from)) {
                let prefix = (from, to.clone());
                if !prefixes.contains(&prefix) {
                    prefixes.push(prefix);
                }
            }
        }
        prefixes.sort_by_key(|(from, _): &(PathBuf, String)| from.components().count());
        prefixes
    }
}

/// The same for a C compiler, as build scripts read it: flags separated by spaces. `None` if the user set flags for C in
/// any variable, because a build script that reads ours might then miss the user's.
fn c_flags(prefixes: &[(PathBuf, String)], config: &CargoConfig) -> Option<String> {
    if !c_flag_variables(config).is_empty() {
        return None;
    }
    let flags = prefixes.iter().map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
    let flags: Vec<_> = flags.filter(|flag| !flag.contains(char::is_whitespace)).collect();
    Some(flags.join(" "))
}

/// True if the user's flags for C select the processor of this machine. That is worth a warning if C is compiled.
pub(crate) fn c_is_native(config: &CargoConfig) -> bool {
    target_cpu::warnings(&[], &c_flag_variables(config)).for_c.is_some()
}

/// The variables in which the user set flags for C, in the environment or in an `[env]` table.
fn c_flag_variables(config: &CargoConfig) -> Vec<(String, String)> {
    let is_for_c = |name: &str| {
        ["CFLAGS", "CXXFLAGS", "TARGET_CFLAGS", "TARGET_CXXFLAGS"].contains(&name)
            || name.starts_with("CFLAGS_")
            || name.starts_with("CXXFLAGS_")
    };
    config.environment().variables().into_iter().filter(|(name, _)| is_for_c(name)).collect()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A directory in both spellings: unchanged, and with its symbolic links resolved, which is how some tools report it.
fn spellings(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let resolved = directory.canonicalize().ok().filter(|resolved| !resolved.to_string_lossy().starts_with(r"\\?\"));
    std::iter::once(directory.to_owned()).chain(resolved)
}
