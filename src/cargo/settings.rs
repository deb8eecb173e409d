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
use super::{profile, sccache, target_cpu};
use crate::cli::BuildArguments;
use crate::error::{ErrorKind, Failure, ResultExt};
use crate::fs;
use crate::target::Target;
use crate::toolchain::Linker;

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
    /// Whether the executable needs a build id, by which its debug information is found.
    build_id: bool,
}

impl Settings {
    /// Everything to add for these arguments.
    pub(crate) fn new(
        arguments: &BuildArguments,
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
        settings.add_profile(arguments, metadata, config)?;
        if !arguments.no_trim_paths {
            let prefixes = prefixes(arguments, metadata, config, rustc);
            settings.c_flags = c_flags(&prefixes);
            let flag = |(from, to): &(PathBuf, String)| format!("--remap-path-prefix={}={to}", from.display());
            settings.remapped = prefixes.iter().map(flag).collect();
            if config.has_sccache()
                && let target_directory = target_directory(arguments, metadata)
                && let Some(detour) = sccache::detour(rustc, &target_directory, &settings.remapped, &[WORKSPACE, BUILD])
            {
                settings.env.extend(detour);
                let shared = prefixes.iter().filter(|(_, to)| ![WORKSPACE, BUILD].contains(&to.as_str()));
                settings.remapped = shared.map(flag).collect();
            }
        }
        if let Some(cpu) = &arguments.target_cpu {
            settings.target_cpus = target_cpu::resolve(cpu, targets, config)?;
        }
        Ok(settings)
    }

    /// For the tests of what takes them.
    #[cfg(test)]
    pub(crate) fn with(args: Vec<OsString>, env: BTreeMap<String, OsString>) -> Self {
        Self { args, env, ..Self::default() }
    }

    fn add_profile(&mut self, arguments: &BuildArguments, metadata: &Metadata, config: &CargoConfig) -> Result<()> {
        if arguments.no_profile_defaults && !arguments.debug_symbols {
            return Ok(());
        }
        let path = metadata.workspace_root.join("Cargo.toml");
        let manifest: Table = fs::read_to_string(&path)?
            .parse()
            .or_fail(ErrorKind::Metadata, || format!("`{path}` is not valid TOML"))?;
        let sources: Vec<_> = config.tables().chain([&manifest]).collect();
        let variable = |name: &str| std::env::var(name).ok();
        let profile = arguments.cargo.profile();
        if !arguments.no_profile_defaults {
            let additions = profile::additions(profile, &sources, |name| variable(name).is_some());
            self.env.extend(additions.into_iter().map(|(name, value)| (name, value.into())));
        }
        if arguments.debug_symbols {
            // The two halves are told apart here, after the link. `--config` goes before everything that the user set.
            self.env.remove(&profile::variable(profile, "strip"));
            let mut wanted = vec![format!("profile.{profile}.strip=\"none\"")];
            if !profile::has_debug_information(profile, &sources, variable) {
                wanted.push(format!("profile.{profile}.debug=\"full\""));
            }
            self.args.extend(wanted.into_iter().flat_map(|setting| ["--config".into(), setting.into()]));
        }
        Ok(())
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
/// cargo's unstable `trim-paths` (RFC 3127) where that is the same for every version of cargo. Of two prefixes of one path,
/// rustc, clang and GCC take the later.
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
    prefixes
}

/// The same for a C compiler, in the form of the variables that build scripts read, which separate flags by spaces.
/// Nothing where the user set flags of C: build scripts that read one variable of several must not miss theirs.
fn c_flags(prefixes: &[(PathBuf, String)]) -> Option<String> {
    let is_for_c = |name: &str| {
        ["CFLAGS", "CXXFLAGS", "TARGET_CFLAGS", "TARGET_CXXFLAGS"].contains(&name)
            || name.starts_with("CFLAGS_")
            || name.starts_with("CXXFLAGS_")
    };
    if std::env::vars_os().any(|(name, _)| is_for_c(&name.to_string_lossy())) {
        return None;
    }
    let flags = prefixes.iter().map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
    let flags: Vec<_> = flags.filter(|flag| !flag.contains(char::is_whitespace)).collect();
    Some(flags.join(" "))
}

/// A folder by the name that it was given, and by the one without symbolic links, which some tools report.
fn spellings(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let resolved = folder.canonicalize().ok().filter(|resolved| !resolved.to_string_lossy().starts_with(r"\\?\"));
    std::iter::once(folder.to_owned()).chain(resolved)
}
