//! What a package declares for cargo-lambda: `[package.metadata.lambda.build]` and the tables like it.
//!
//! A package that moves from cargo-lambda, or is built by both tools, keeps its manifest. Keys that mean the same here are
//! read and reported. Each of the others gets a warning that names its replacement. Our own tables win, key by key; the
//! caller decides that.
//!
//! The keys and the order of the tables follow cargo-lambda 1.9.2, crate `cargo-lambda-metadata`.

mod table;
mod unsupported;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use cargo_metadata::{Metadata, Package};

use deployment_zip::Include;
use lambda_platform::Arch;
use lambda_zip_check::ArchiveKind;
use lambda_zip_error::{ErrorKind, Failure};

use table::{Key, Keys};

/// What its tables declare for one binary.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inherited {
    /// Additional files. Their paths are relative to the working directory, as with cargo-lambda.
    pub(crate) include: Vec<Include>,
    pub(crate) kind: Option<ArchiveKind>,
    pub(crate) target: Option<InheritedTarget>,
    /// The keys that the fields above were read from.
    pub(crate) read: Vec<ReadKey>,
    /// The keys that this program does not support.
    pub(crate) unsupported: Vec<UnsupportedKey>,
}

/// The target that the tables ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InheritedTarget {
    /// `arm64` or `x86_64`. This does not choose a C library.
    Arch(Arch),
    /// The first triple of `target`.
    Triple(String),
}

/// A key that is supported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadKey {
    pub(crate) setting: InheritedSetting,
    pub(crate) key: String,
    /// The table and its manifest, for a message.
    pub(crate) table: String,
}

/// What a supported key sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InheritedSetting {
    Include,
    Kind,
    Target,
}

/// A key that this program does not support, with its replacement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnsupportedKey {
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Inherited {
    /// Reads the tables for one binary. `directory` is the working directory.
    pub(crate) fn read(metadata: &Metadata, package: &Package, binary: &str, directory: &Path) -> Result<Self> {
        let mut keys = Keys::of(metadata, package, binary);
        let mut inherited = Self::default();
        if let Some(key) = keys.take("include") {
            let sources: Vec<String> = key.value("a list of strings")?;
            inherited.include = sources.iter().map(|source| include(&key, source, directory)).collect();
            inherited.note(InheritedSetting::Include, &key);
        }
        inherited.read_kind(&mut keys)?;
        inherited.read_target(&mut keys)?;
        inherited.unsupported = keys.rest().filter_map(unsupported::warning).collect();
        Ok(inherited)
    }

    fn note(&mut self, setting: InheritedSetting, key: &Key) {
        self.read.push(ReadKey { setting, key: key.name.clone(), table: key.table() });
    }

    fn read_kind(&mut self, keys: &mut Keys) -> Result<()> {
        let Some(extension) = keys.take_if_true("extension")? else { return Ok(()) };
        self.note(InheritedSetting::Kind, &extension);
        self.kind = Some(ArchiveKind::Extension);
        if let Some(internal) = keys.take_if_true("internal")? {
            self.note(InheritedSetting::Kind, &internal);
            self.kind = Some(ArchiveKind::InternalExtension);
        }
        Ok(())
    }

    /// If several keys are set, the one that wins in cargo-lambda wins here.
    fn read_target(&mut self, keys: &mut Keys) -> Result<()> {
        for (name, arch) in [("arm64", Arch::Arm64), ("x86_64", Arch::X86_64)] {
            if let Some(key) = keys.take_if_true(name)? {
                self.note(InheritedSetting::Target, &key);
                self.target.get_or_insert(InheritedTarget::Arch(arch));
            }
        }
        if let Some(key) = keys.take("target") {
            let triples: Vec<String> = key.value("a list of strings")?;
            if let Some(triple) = triples.into_iter().next() {
                self.note(InheritedSetting::Target, &key);
                self.target.get_or_insert(InheritedTarget::Triple(triple));
            }
        }
        Ok(())
    }
}

/// The target that the tables of all these binaries agree on. They are built together, so they cannot differ in it.
pub(crate) fn common_target<'a>(
    binaries: impl Iterator<Item = (&'a str, &'a Inherited)>,
) -> Result<Option<InheritedTarget>> {
    let mut first: Option<(&str, &Option<InheritedTarget>)> = None;
    for (binary, Inherited { target, .. }) in binaries {
        match first {
            None => first = Some((binary, target)),
            Some((_, same)) if same == target => {}
            Some((other, _)) => {
                let message = format!(
                    "cargo-lambda's tables ask for different targets for `{other}` and `{binary}`, which are built together"
                );
                let hint = "choose one with `--arch`, or build them one by one with `--package` or `--bin`";
                return Err(Failure::new(ErrorKind::Setup, message).hint(hint).into());
            }
        }
    }
    Ok(first.and_then(|(_, target)| target.clone()))
}

/// The configuration file of cargo-lambda, in the working directory.
pub(crate) const FILE: &str = "CargoLambda.toml";

/// The warning about [`FILE`].
pub(crate) fn unsupported_file() -> UnsupportedKey {
    UnsupportedKey {
        message: format!("`{FILE}` is ignored: only cargo-lambda reads it"),
        hint: "move its `[build]` to `[workspace.metadata.lambda.build]` in `Cargo.toml`, which both tools read".into(),
    }
}

/// What to report about the tables of a build, each item once for all binaries.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The keys that count, by table.
    read: BTreeMap<String, BTreeSet<String>>,
    pub(crate) unsupported: BTreeSet<UnsupportedKey>,
}

impl Notes {
    /// Adds the keys of one binary. `counts` is true for a setting that nothing more specific replaces.
    pub(crate) fn add(&mut self, inherited: &Inherited, counts: impl Fn(InheritedSetting) -> bool) {
        for ReadKey { key, table, .. } in inherited.read.iter().filter(|read| counts(read.setting)) {
            self.read.entry(table.clone()).or_default().insert(format!("`{key}`"));
        }
        self.unsupported.extend(inherited.unsupported.iter().cloned());
    }

    /// One line for each table with a key that counts.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.read.iter().map(|(table, keys)| {
            let keys: Vec<_> = keys.iter().map(String::as_str).collect();
            format!("{} from cargo-lambda's {table}", keys.join(", "))
        })
    }
}

/// `PATH` or `DEST:PATH`.
fn include(key: &Key, text: &str, directory: &Path) -> Include {
    let (destination, source) = match text.split_once(':') {
        Some((drive, path)) if drive.len() == 1 && path.starts_with(['/', '\\']) => (None, text),
        Some((destination, source)) => (Some(destination.to_owned()), source),
        None => (None, text),
    };
    Include {
        origin: format!("{}: `{text}`", key.place()),
        base: directory.to_owned(),
        source: source.into(),
        has_destination: false,
        destination,
        mode: None,
    }
}
