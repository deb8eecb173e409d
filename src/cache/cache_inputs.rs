//! What the answers of cargo and rustc follow from: while it is the same, so are they, and nobody has to be asked.
//!
//! It is everything that `cargo metadata --no-deps`, `rustc -vV` and, where cargo and rustc are rustup's proxies, rustup
//! look at: manifests, where binaries are found by their names, which folders a workspace's globs match, cargo's
//! configuration, the choice of a toolchain, and the programs themselves. Files count by their contents. The programs count
//! by what the file system says of them, which is also how cargo tells that its compiler is another one.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cargo_metadata::Metadata;
use toml::Table;

use super::{Digest, FileFingerprint, Hasher};
use crate::cargo;
use crate::cargo::config::{CargoConfig, Rustc};

/// The names with which the variables start that cargo, rustc and rustup heed.
const VARIABLES: [&str; 2] = ["CARGO", "RUST"];

/// How many of rustup's proxies have called one another, which decides nothing.
const DEPTH: &str = "RUST_RECURSION_COUNT";

/// The files by which a folder chooses a toolchain: <https://rust-lang.github.io/rustup/overrides.html>.
const TOOLCHAIN_FILES: [&str; 2] = ["rust-toolchain", "rust-toolchain.toml"];

/// BuildInputs, and where they were given.
pub(crate) struct CacheInputs<'a> {
    /// The working directory.
    pub(crate) folder: &'a Path,
    pub(crate) config: &'a CargoConfig,
    pub(crate) metadata: &'a Metadata,
    pub(crate) rustc: &'a Rustc,
}

impl CacheInputs<'_> {
    /// A digest of the grounds as they are now. Nothing where they cannot be told for sure.
    pub(crate) fn digest(&self) -> Option<Digest> {
        let mut hasher = Hasher::new("grounds");
        add_environment(&mut hasher, &VARIABLES);
        self.add_configuration(&mut hasher);
        self.add_programs(&mut hasher)?;
        self.add_manifests(&mut hasher)?;
        Some(hasher.finish())
    }

    /// The same, if no manifest has changed since the answers were asked for: they may be about what was there before.
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

    /// Cargo, rustc and its wrappers, and rustup's choice of a toolchain where they are its proxies.
    fn add_programs(&self, hasher: &mut Hasher) -> Option<()> {
        let named = self.config.rustc_programs().chain([cargo::program()]);
        let found: Option<Vec<_>> = named.map(|name| which::which(name).ok()).collect();
        let bin = self.rustc.sysroot.join("bin");
        let proper = ["rustc", "cargo"].map(|name| bin.join(name).with_extension(std::env::consts::EXE_EXTENSION));
        for path in found? {
            hasher.path(&path);
            hasher.field(format!("{:?}", FileFingerprint::of(&path).ok()?));
        }
        for path in proper {
            hasher.field(format!("{:?}", FileFingerprint::of(&path).ok()));
        }
        let rustup =
            std::env::var_os("RUSTUP_HOME").map(PathBuf::from).or_else(|| Some(dirs::home_dir()?.join(".rustup")));
        let of_rustup = rustup.map(|rustup| rustup.join("settings.toml"));
        let of_folders = self.folder.ancestors().flat_map(|folder| TOOLCHAIN_FILES.map(|name| folder.join(name)));
        for path in of_rustup.into_iter().chain(of_folders) {
            add_file(hasher, &path);
        }
        Some(())
    }

    fn add_manifests(&self, hasher: &mut Hasher) -> Option<()> {
        let root = self.metadata.workspace_root.as_std_path();
        let read = |path: PathBuf| std::fs::read(&path).ok().map(|contents| (path, contents));
        let manifests: BTreeMap<_, _> = self.manifests().into_iter().map(read).collect::<Option<_>>()?;
        for (path, contents) in &manifests {
            hasher.path(path);
            hasher.field(contents);
            add_binaries(hasher, path.parent()?);
        }
        // A workspace that takes a package in may appear above it.
        let above: BTreeSet<_> = manifests.keys().flat_map(|path| path.ancestors().skip(2)).collect();
        for path in above.into_iter().map(|folder| folder.join("Cargo.toml")) {
            if !manifests.contains_key(&path) {
                add_file(hasher, &path);
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

/// The variables whose names start with one of these.
pub(crate) fn add_environment(hasher: &mut Hasher, starts: &[&str]) {
    // Windows has `Path`.
    let capitals = |name: &OsStr| name.as_encoded_bytes().to_ascii_uppercase();
    let counts =
        |name: &OsStr| starts.iter().any(|start| capitals(name).starts_with(start.as_bytes())) && name != DEPTH;
    let variables: BTreeSet<_> = std::env::vars_os().filter(|(name, _)| counts(name)).collect();
    for (name, value) in variables {
        hasher.field(name.as_encoded_bytes());
        hasher.field(value.as_encoded_bytes());
    }
}

/// A file that may be missing.
fn add_file(hasher: &mut Hasher, path: &Path) {
    if let Ok(contents) = std::fs::read(path) {
        hasher.path(path);
        hasher.field(contents);
    }
}

/// The files by which cargo finds the binaries and examples of a package.
fn add_binaries(hasher: &mut Hasher, package: &Path) {
    for file in ["src/main.rs", "src/lib.rs"] {
        hasher.field([u8::from(package.join(file).is_file())]);
    }
    for folder in ["src/bin", "examples"] {
        let entries = package.join(folder).read_dir().into_iter().flatten().flatten();
        let is_main = |path: &PathBuf| path.extension() == Some(OsStr::new("rs")) || path.join("main.rs").is_file();
        let mains: BTreeSet<_> = entries.map(|entry| entry.path()).filter(is_main).collect();
        hasher.field(mains.len().to_le_bytes());
        for path in &mains {
            hasher.path(path);
        }
    }
}

/// The members of a workspace that are not named one by one.
fn member_globs(manifest: &Table) -> Vec<&str> {
    let members = manifest.get("workspace").and_then(|workspace| workspace.get("members")?.as_array());
    let members = members.into_iter().flatten().filter_map(toml::Value::as_str);
    members.filter(|member| member.contains(['*', '?', '['])).collect()
}
