//! What a build gets beyond what the user set: the profile that a deployment wants, and paths that tell nothing of the
//! machine.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::Metadata;
use toml::Table;

use super::config::{CargoConfig, Rustc};
use super::rustflags::{Addition, Source};
use super::target_cpu::NativeWarnings;
use super::{build_std, profile, sccache, target_cpu, trim_paths};
use crate::cli::BuildArguments;
use crate::linker::Linker;
use crate::manifest::TargetCpu;
use lambda_platform::Target;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// Arguments and environment variables for cargo, and rustflags, whose form depends on who links.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) args: Vec<OsString>,
    pub(crate) env: BTreeMap<String, OsString>,
    /// Where the user's rustflags come from, and so where ours go.
    rustflags: Source,
    /// The rustflags for every target.
    remapped: Vec<String>,
    /// The same for C.
    c_flags: Option<String>,
    /// The processors, by triple.
    target_cpus: BTreeMap<String, String>,
    /// What the user's own flags say of the processor.
    native: NativeWarnings,
    /// Whether the executable needs a build id, by which its debug information is found.
    build_id: bool,
    /// Whether cargo builds the standard library anew.
    pub(crate) builds_std: bool,
}

impl Settings {
    /// Everything to add for these arguments and this processor.
    pub(crate) fn new(
        arguments: &BuildArguments,
        cpu: Option<&TargetCpu>,
        targets: &[Target],
        metadata: &Metadata,
        config: &CargoConfig,
        rustc: &Rustc,
    ) -> Result<Self> {
        let triples: Vec<_> = targets.iter().map(|target| target.triple()).collect();
        let mut settings = Self {
            rustflags: config.rustflags(triples.iter().map(String::as_str))?,
            build_id: arguments.debug_symbols,
            ..Self::default()
        };
        let path = metadata.workspace_root.join("Cargo.toml");
        let manifest: Table = fs::read_to_string(&path)?
            .parse()
            .or_fail(ErrorKind::Metadata, || format!("`{path}` is not valid TOML"))?;
        let sources: Vec<_> = config.tables().chain([&manifest]).collect();
        settings.add_profile(arguments, &sources);
        let cargo_trims = trim_paths::is_known(&arguments.cargo, &manifest, config, rustc);
        let trims = if cargo_trims { settings.trim_by_cargo(arguments, &sources) } else { !arguments.no_trim_paths };
        if trims {
            let prefixes = prefixes(arguments, metadata, config, rustc);
            settings.c_flags = c_flags(&prefixes);
            if !cargo_trims {
                settings.remap(&prefixes, config, rustc, &target_directory(arguments, metadata));
            }
        }
        settings.native = target_cpu::warnings(&settings.rustflags.flags(), &c_flag_variables());
        if let Some(cpu) = cpu {
            settings.target_cpus = target_cpu::resolve(cpu, targets, config)?;
            // Ours comes behind the user's, and wins.
            settings.native.of_rust = None;
        }
        settings.builds_std = build_std::is_asked_for(&arguments.cargo, config, rustc);
        Ok(settings)
    }

    /// For the tests of what takes them.
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
            // The two halves are told apart here, after the link.
            self.env.remove(&profile::variable(profile, "strip"));
            self.set(profile, "strip", "none");
            if !profile::has_debug_information(profile, sources, variable) {
                self.set(profile, "debug", "full");
            }
        }
    }

    /// Takes these folders out of paths.
    fn remap(&mut self, prefixes: &[(PathBuf, String)], config: &CargoConfig, rustc: &Rustc, target_directory: &Path) {
        let flag = |(from, to): &(PathBuf, String)| format!("--remap-path-prefix={}={to}", from.display());
        self.remapped = prefixes.iter().map(flag).collect();
        if config.has_sccache()
            && let Some(detour) = sccache::detour(rustc, target_directory, &self.remapped, &[WORKSPACE, BUILD])
        {
            self.env.extend(detour);
            let shared = prefixes.iter().filter(|(_, to)| ![WORKSPACE, BUILD].contains(&to.as_str()));
            self.remapped = shared.map(flag).collect();
        }
    }

    /// Leaves paths to cargo, and returns whether it takes them out. A word of the user's stands.
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

    /// Sets a key of a profile by `--config`, which goes before everything that the user set.
    fn set(&mut self, profile: &str, key: &str, value: &str) {
        self.args.extend(["--config".into(), format!("profile.{profile}.{key}=\"{value}\"").into()]);
    }

    /// What the user should know of the flags that reach this build. Those of C are of interest where C is compiled.
    pub(crate) fn warnings(&self, compiles_c: bool) -> impl Iterator<Item = &String> {
        self.native.of_rust.iter().chain(self.native.of_c.iter().filter(move |_| compiles_c))
    }

    /// The variables that do for C what the rustflags do for Rust.
    pub(crate) fn c_variables(&self, target: Target) -> impl Iterator<Item = (String, OsString)> {
        let triple = target.triple().replace('-', "_");
        let flags = self.c_flags.iter().flat_map(|flags| ["CFLAGS", "CXXFLAGS"].map(|name| (name, flags)));
        flags.map(move |(name, flags)| (format!("{name}_{triple}"), flags.into()))
    }

    /// What cargo has to be told so that the rustflags for these targets join the user's.
    pub(crate) fn rustflags(&self, targets: &[(Target, &Linker)]) -> Result<Addition, Failure> {
        let ours = targets.iter().map(|(target, linker)| {
            let triple = target.triple();
            let mut flags = self.remapped.clone();
            if let Some(cpu) = self.target_cpus.get(&triple) {
                flags.push(format!("-Ctarget-cpu={cpu}"));
            }
            if self.build_id {
                // By the contents: the same executable gets the same id everywhere.
                flags.push(format!("-Clink-arg={}", linker.argument("--build-id=sha1")));
            }
            (triple, flags)
        });
        self.rustflags.append(&ours.collect())
    }
}

/// What the folder of the workspace becomes.
const WORKSPACE: &str = ".";

/// What the folders become into which cargo builds.
const BUILD: &str = "/target";

/// The folder into which cargo builds, absolute.
fn target_directory(arguments: &BuildArguments, metadata: &Metadata) -> PathBuf {
    match &arguments.cargo.target_dir {
        Some(target_dir) => std::path::absolute(target_dir).unwrap_or_else(|_| target_dir.clone()),
        None => metadata.target_directory.clone().into_std_path_buf(),
    }
}

/// The folders of this machine, by every name under which a compiler may meet them, with what stands for them in panic
/// messages and debug information, so that the executable is the same wherever it is built. What they become follows
/// cargo's unstable `trim-paths` (RFC 3127) where that is the same for every version of cargo.
///
/// Of two prefixes of one path, rustc, clang and GCC take the later. So the folders go in the order of their depth: a cargo
/// home in the workspace, as pipelines have it to keep it, counts over the workspace that it is in.
fn prefixes(
    arguments: &BuildArguments,
    metadata: &Metadata,
    config: &CargoConfig,
    rustc: &Rustc,
) -> Vec<(PathBuf, String)> {
    let build_dir = metadata.build_directory.clone().map(cargo_metadata::camino::Utf8PathBuf::into_std_path_buf);
    let library = rustc.sysroot.join("lib").join("rustlib").join("src").join("rust");
    let folders = [
        (config.cargo_home(), "/cargo".to_owned()),
        (Some(metadata.workspace_root.clone().into_std_path_buf()), WORKSPACE.to_owned()),
        (build_dir, BUILD.to_owned()),
        (Some(target_directory(arguments, metadata)), BUILD.to_owned()),
        (Some(library), format!("/rustc/{}", rustc.version)),
    ];
    let mut prefixes = Vec::new();
    for (from, to) in folders {
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

/// The same for a C compiler, in the form of the variables that build scripts read, which separate flags by spaces.
/// Nothing where the user set flags of C: build scripts that read one variable of several must not miss theirs.
fn c_flags(prefixes: &[(PathBuf, String)]) -> Option<String> {
    if !c_flag_variables().is_empty() {
        return None;
    }
    let flags = prefixes.iter().map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
    let flags: Vec<_> = flags.filter(|flag| !flag.contains(char::is_whitespace)).collect();
    Some(flags.join(" "))
}

/// Whether the user's flags of C are for the machine that builds, which is worth a warning where C is compiled.
pub(crate) fn c_is_native() -> bool {
    target_cpu::warnings(&[], &c_flag_variables()).of_c.is_some()
}

/// The variables in which the user set flags of C for the target.
fn c_flag_variables() -> Vec<(String, String)> {
    let is_for_c = |name: &str| {
        ["CFLAGS", "CXXFLAGS", "TARGET_CFLAGS", "TARGET_CXXFLAGS"].contains(&name)
            || name.starts_with("CFLAGS_")
            || name.starts_with("CXXFLAGS_")
    };
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
    variables.filter(|(name, _)| is_for_c(name)).collect()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A folder by the name that it was given, and by the one without symbolic links, which some tools report.
fn spellings(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let resolved = folder.canonicalize().ok().filter(|resolved| !resolved.to_string_lossy().starts_with(r"\\?\"));
    std::iter::once(folder.to_owned()).chain(resolved)
}
