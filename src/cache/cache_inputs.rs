//! Everything that the answers of cargo and rustc follow from. While it is unchanged, stored answers hold.
//!
//! `cargo metadata --no-deps`, `rustc -vV` and rustup, if cargo and rustc are its proxies, read: manifests, the paths at which
//! cargo finds binaries, the directories that a workspace's globs match, cargo's configuration, the choice of a toolchain,
//! and the programs themselves. Files count by contents, programs by fingerprint, as cargo does it with its compiler.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cargo_metadata::Metadata;
use toml::Table;

use super::{Digest, FileFingerprint, Hasher};
use crate::cargo;
use crate::cargo::config::{CargoConfig, Rustc};
use lambda_zip_error::fs;

/// Prefixes of the variables that cargo, rustc and rustup read.
const VARIABLES: [&str; 2] = ["CARGO", "RUST"];

/// The largest manifest, and the largest file that chooses a toolchain, whose contents are looked at.
const FILE_LIMIT: u64 = 8 << 20;

/// A counter that rustup's proxies pass on. It does not change an answer.
const RECURSION_COUNT: &str = "RUST_RECURSION_COUNT";

/// The files with which a directory chooses a toolchain: <https://rust-lang.github.io/rustup/overrides.html>.
const TOOLCHAIN_FILES: [&str; 2] = ["rust-toolchain", "rust-toolchain.toml"];

/// The answers, and where cargo and rustc gave them.
pub(crate) struct CacheInputs<'a> {
    /// The working directory.
    pub(crate) directory: &'a Path,
    pub(crate) config: &'a CargoConfig,
    pub(crate) metadata: &'a Metadata,
    pub(crate) rustc: &'a Rustc,
}

impl CacheInputs<'_> {
    /// Digest of the current state. `None` if a part of it cannot be determined.
    pub(crate) fn digest(&self) -> Option<Digest> {
        let mut hasher = Hasher::new("cache inputs");
        add_environment(&mut hasher, &VARIABLES);
        self.add_configuration(&mut hasher);
        self.add_programs(&mut hasher)?;
        self.add_manifests(&mut hasher)?;
        Some(hasher.finish())
    }

    /// The same, but `None` if a manifest changed after the answers were asked for: they may describe the old one.
    pub(crate) fn digest_since(&self, asked: SystemTime) -> Option<Digest> {
        let digest = self.digest()?;
        let is_older = |path: PathBuf| {
            let modified = path.metadata().and_then(|metadata| metadata.modified());
            modified.is_ok_and(|modified| modified < asked)
        };
        self.manifests().into_iter().all(is_older).then_some(digest)
    }

    /// The manifests of the workspace.
    fn manifests(&self) -> BTreeSet<PathBuf> {
        let members = self.metadata.packages.iter().map(|package| package.manifest_path.clone().into_std_path_buf());
        members.chain([self.metadata.workspace_root.join("Cargo.toml").into_std_path_buf()]).collect()
    }

    fn add_configuration(&self, hasher: &mut Hasher) {
        for table in self.config.tables() {
            hasher.field(table.to_string());
        }
    }

    /// Cargo, rustc, its wrappers, and rustup's choice of a toolchain.
    fn add_programs(&self, hasher: &mut Hasher) -> Option<()> {
        let named = self.config.rustc_programs().chain([cargo::program()]);
        let found: Option<Vec<_>> = named.map(|name| which::which(name).ok()).collect();
        let bin = self.rustc.sysroot.join("bin");
        let in_toolchain =
            ["rustc", "cargo"].map(|name| bin.join(name).with_extension(std::env::consts::EXE_EXTENSION));
        for path in found? {
            hasher.path(&path);
            hasher.field(format!("{:?}", FileFingerprint::of(&path).ok()?));
        }
        for path in in_toolchain {
            hasher.field(format!("{:?}", FileFingerprint::of(&path).ok()));
        }
        let rustup =
            std::env::var_os("RUSTUP_HOME").map(PathBuf::from).or_else(|| Some(dirs::home_dir()?.join(".rustup")));
        let of_rustup = rustup.map(|rustup| rustup.join("settings.toml"));
        let of_directories =
            self.directory.ancestors().flat_map(|directory| TOOLCHAIN_FILES.map(|name| directory.join(name)));
        for path in of_rustup.into_iter().chain(of_directories) {
            add_file(hasher, &path)?;
        }
        Some(())
    }

    fn add_manifests(&self, hasher: &mut Hasher) -> Option<()> {
        let root = self.metadata.workspace_root.as_std_path();
        let read = |path: PathBuf| fs::read_bounded(&path, FILE_LIMIT).ok().map(|contents| (path, contents));
        let manifests: BTreeMap<_, _> = self.manifests().into_iter().map(read).collect::<Option<_>>()?;
        for (path, contents) in &manifests {
            hasher.path(path);
            hasher.field(contents);
            add_binaries(hasher, path.parent()?);
        }
        // A new manifest above a package can make it a workspace member.
        let above: BTreeSet<_> = manifests.keys().flat_map(|path| path.ancestors().skip(2)).collect();
        for path in above.into_iter().map(|directory| directory.join("Cargo.toml")) {
            if !manifests.contains_key(&path) {
                add_file(hasher, &path)?;
            }
        }
        let text = str::from_utf8(manifests.get(&root.join("Cargo.toml"))?).ok()?;
        for pattern in member_globs(&text.parse().ok()?) {
            for path in glob::glob(root.join(pattern).join("Cargo.toml").to_str()?).ok()? {
                hasher.path(&path.ok()?);
            }
        }
        Some(())
    }
}

/// Adds the variables whose names start with one of these prefixes.
pub(crate) fn add_environment(hasher: &mut Hasher, starts: &[&str]) {
    // Windows has `Path`.
    let capitals = |name: &OsStr| name.as_encoded_bytes().to_ascii_uppercase();
    let counts = |name: &OsStr| {
        starts.iter().any(|start| capitals(name).starts_with(start.as_bytes())) && name != RECURSION_COUNT
    };
    let variables: BTreeSet<_> = std::env::vars_os().filter(|(name, _)| counts(name)).collect();
    for (name, value) in variables {
        hasher.field(name.as_encoded_bytes());
        hasher.field(value.as_encoded_bytes());
    }
}

/// Adds a file, if it exists. `None` if it cannot be read: then the answers are not cached.
fn add_file(hasher: &mut Hasher, path: &Path) -> Option<()> {
    // Cargo and rustup ignore a directory of such a name.
    if path.exists() && !path.is_dir() {
        hasher.path(path);
        hasher.field(fs::read_bounded(path, FILE_LIMIT).ok()?);
    }
    Some(())
}

/// Adds the paths at which cargo finds the binaries and examples of a package.
fn add_binaries(hasher: &mut Hasher, package: &Path) {
    for file in ["src/main.rs", "src/lib.rs"] {
        hasher.field([u8::from(package.join(file).is_file())]);
    }
    for directory in ["src/bin", "examples"] {
        let entries = package.join(directory).read_dir().into_iter().flatten().flatten();
        let is_main = |path: &PathBuf| path.extension() == Some(OsStr::new("rs")) || path.join("main.rs").is_file();
        let mains: BTreeSet<_> = entries.map(|entry| entry.path()).filter(is_main).collect();
        hasher.field(mains.len().to_le_bytes());
        for path in &mains {
            hasher.path(path);
        }
    }
}

/// The globs among the members of a workspace.
fn member_globs(manifest: &Table) -> Vec<&str> {
    let members = manifest.get("workspace").and_then(|workspace| workspace.get("members")?.as_array());
    let members = members.into_iter().flatten().filter_map(toml::Value::as_str);
    members.filter(|member| member.contains(['*', '?', '['])).collect()
}
