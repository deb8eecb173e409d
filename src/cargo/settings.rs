//! What a build gets beyond what the user set: the profile that a deployment wants, and paths that tell nothing of the
//! machine.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::Metadata;
use toml::Table;

use super::config::{CargoConfig, Rustc};
use super::profile;
use crate::cli::BuildArguments;
use crate::error::{ErrorKind, ResultExt};
use crate::fs;
use crate::target::Target;

/// Arguments and environment variables for cargo.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) args: Vec<OsString>,
    pub(crate) env: BTreeMap<String, OsString>,
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
        let mut settings = Self::default();
        if !arguments.no_profile_defaults {
            let path = metadata.workspace_root.join("Cargo.toml");
            let manifest: Table = fs::read_to_string(&path)?
                .parse()
                .or_fail(ErrorKind::Metadata, || format!("`{path}` is not valid TOML"))?;
            let sources: Vec<_> = config.tables().chain([&manifest]).collect();
            let is_set = |name: &str| std::env::var_os(name).is_some();
            let additions = profile::additions(arguments.cargo.profile(), &sources, is_set);
            settings.env.extend(additions.into_iter().map(|(name, value)| (name, value.into())));
        }
        if !arguments.no_trim_paths {
            let triples: Vec<_> = targets.iter().map(|target| target.triple()).collect();
            let flags = remapped(arguments, metadata, config, rustc);
            let addition = config.rustflags(triples.iter().map(String::as_str))?.append(&flags);
            settings.args.extend(addition.args);
            settings.env.extend(addition.env);
        }
        Ok(settings)
    }
}

/// The flags that replace the folders of this machine in panic messages and debug information, so that the executable is
/// the same wherever it is built. What they become follows cargo's unstable `trim-paths` (RFC 3127) where that is
/// the same for every version of cargo. Of two prefixes of one path, rustc takes the later.
fn remapped(arguments: &BuildArguments, metadata: &Metadata, config: &CargoConfig, rustc: &Rustc) -> Vec<String> {
    let target_dir = match &arguments.cargo.target_dir {
        Some(target_dir) => Some(std::path::absolute(target_dir).unwrap_or_else(|_| target_dir.clone())),
        None => Some(metadata.target_directory.clone().into_std_path_buf()),
    };
    let build_dir = metadata.build_directory.clone().map(cargo_metadata::camino::Utf8PathBuf::into_std_path_buf);
    let library = rustc.sysroot.join("lib").join("rustlib").join("src").join("rust");
    let prefixes = [
        (config.cargo_home(), "/cargo".to_owned()),
        (Some(metadata.workspace_root.clone().into_std_path_buf()), ".".to_owned()),
        (build_dir, "/target".to_owned()),
        (target_dir, "/target".to_owned()),
        (Some(library), format!("/rustc/{}", rustc.version)),
    ];
    let mut flags = Vec::new();
    for (from, to) in prefixes {
        let Some(from) = from else { continue };
        for from in spellings(&from) {
            let flag = format!("--remap-path-prefix={}={to}", from.display());
            if !flags.contains(&flag) {
                flags.push(flag);
            }
        }
    }
    flags
}

/// A folder by the name that it was given, and by the one without symbolic links, which some tools report.
fn spellings(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let resolved = folder.canonicalize().ok().filter(|resolved| !resolved.to_string_lossy().starts_with(r"\\?\"));
    std::iter::once(folder.to_owned()).chain(resolved)
}
