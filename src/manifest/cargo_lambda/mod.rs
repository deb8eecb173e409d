//! What a package declares for cargo-lambda: `[package.metadata.lambda.build]` and its kin.
//!
//! A package that moves from that tool, or is built by both, keeps its manifest. The keys that mean the same here are
//! read, and said; each of the others is named with what takes its place. Nothing of our own tables is looked up here:
//! whoever asks gives them precedence, key by key.
//!
//! What cargo-lambda reads, and how its tables stand to one another, is that of its version 1.9.2, crate
//! `cargo-lambda-metadata`.

mod foreign;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use cargo_metadata::{Metadata, Package};

use deployment_zip::Include;
use lambda_platform::Arch;
use lambda_zip_check::ArchiveKind;
use lambda_zip_error::{ErrorKind, Failure};

use table::{Key, Keys};

/// What its tables say of one binary.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inherited {
    /// Further files. Their paths are relative to the working directory, as they are with cargo-lambda.
    pub(crate) include: Vec<Include>,
    pub(crate) kind: Option<ArchiveKind>,
    pub(crate) target: Option<InheritedTarget>,
    /// The keys that the fields above were read from.
    pub(crate) read: Vec<ReadKey>,
    /// The keys that mean nothing here.
    pub(crate) foreign: Vec<ForeignKey>,
}

/// What the function is built for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InheritedTarget {
    /// `arm64` or `x86_64`. The C library that cargo-lambda takes then, the runtime's, is not asked for by that.
    Arch(Arch),
    /// The one triple of `target`.
    Triple(String),
}

/// A key that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadKey {
    pub(crate) what: Answer,
    pub(crate) key: String,
    /// The table and its manifest, as a message names them.
    pub(crate) table: String,
}

/// The questions that a key may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Include,
    Kind,
    Target,
}

/// A key that means nothing here, with what takes its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ForeignKey {
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Inherited {
    /// Reads the tables for one binary. `folder` is the working directory.
    pub(crate) fn read(metadata: &Metadata, package: &Package, binary: &str, folder: &Path) -> Result<Self> {
        let mut keys = Keys::of(metadata, package, binary);
        let mut inherited = Self::default();
        if let Some(key) = keys.take("include") {
            let sources: Vec<String> = key.value("a list of texts")?;
            inherited.include = sources.iter().map(|source| include(&key, source, folder)).collect();
            inherited.note(Answer::Include, &key);
        }
        inherited.read_kind(&mut keys)?;
        inherited.read_target(&mut keys)?;
        inherited.foreign = keys.rest().filter_map(foreign::replaced).collect();
        Ok(inherited)
    }

    fn note(&mut self, what: Answer, key: &Key) {
        self.read.push(ReadKey { what, key: key.name.clone(), table: key.table() });
    }

    fn read_kind(&mut self, keys: &mut Keys) -> Result<()> {
        let Some(extension) = keys.take_if_true("extension")? else { return Ok(()) };
        self.note(Answer::Kind, &extension);
        self.kind = Some(ArchiveKind::Extension);
        if let Some(internal) = keys.take_if_true("internal")? {
            self.note(Answer::Kind, &internal);
            self.kind = Some(ArchiveKind::InternalExtension);
        }
        Ok(())
    }

    /// Where several keys are set, the one that counts is that which counts for cargo-lambda.
    fn read_target(&mut self, keys: &mut Keys) -> Result<()> {
        for (name, arch) in [("arm64", Arch::Arm64), ("x86_64", Arch::X86_64)] {
            if let Some(key) = keys.take_if_true(name)? {
                self.note(Answer::Target, &key);
                self.target.get_or_insert(InheritedTarget::Arch(arch));
            }
        }
        if let Some(key) = keys.take("target") {
            let triples: Vec<String> = key.value("a list of texts")?;
            if let Some(triple) = triples.into_iter().next() {
                self.note(Answer::Target, &key);
                self.target.get_or_insert(InheritedTarget::Triple(triple));
            }
        }
        Ok(())
    }
}

/// What the tables say that these binaries are built for. One build has one answer for all of them.
pub(crate) fn target<'a>(
    metadata: &Metadata,
    binaries: impl Iterator<Item = (&'a Package, &'a str)>,
) -> Result<Option<InheritedTarget>> {
    let mut first: Option<(&str, Option<InheritedTarget>)> = None;
    for (package, binary) in binaries {
        let target = Inherited::read(metadata, package, binary, Path::new(""))?.target;
        match &first {
            None => first = Some((binary, target)),
            Some((_, same)) if *same == target => {}
            Some((other, _)) => {
                let message = format!(
                    "cargo-lambda's tables ask for different targets for `{other}` and `{binary}`, which are built together"
                );
                let hint = "say which with `--arch`, or build them one after the other with `--package` or `--bin`";
                return Err(Failure::new(ErrorKind::Setup, message).hint(hint).into());
            }
        }
    }
    Ok(first.and_then(|(_, target)| target))
}

/// The file that cargo-lambda looks for in the working directory.
pub(crate) const FILE: &str = "CargoLambda.toml";

/// What to say of it.
pub(crate) fn foreign_file() -> ForeignKey {
    ForeignKey {
        message: format!("`{FILE}` is for cargo-lambda alone and changes nothing here"),
        hint: "put its `[build]` into `[workspace.metadata.lambda.build]` of `Cargo.toml`, which both tools read"
            .into(),
    }
}

/// What there is to tell of the tables of a run, each thing once however many binaries it concerns.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The keys that were read, by their tables.
    read: BTreeMap<String, BTreeSet<String>>,
    pub(crate) foreign: BTreeSet<ForeignKey>,
}

impl Notes {
    /// Adds what concerns one binary. `counts` says whether the answer of a key is the one that counts.
    pub(crate) fn add(&mut self, inherited: &Inherited, counts: impl Fn(Answer) -> bool) {
        for ReadKey { key, table, .. } in inherited.read.iter().filter(|read| counts(read.what)) {
            self.read.entry(table.clone()).or_default().insert(format!("`{key}`"));
        }
        self.foreign.extend(inherited.foreign.iter().cloned());
    }

    /// One line for each table that had a say.
    pub(crate) fn read(&self) -> impl Iterator<Item = String> {
        self.read.iter().map(|(table, keys)| {
            let keys: Vec<_> = keys.iter().map(String::as_str).collect();
            format!("{} from cargo-lambda's {table}", keys.join(", "))
        })
    }
}

/// `PATH`, or `DEST:PATH`, in that order.
fn include(key: &Key, text: &str, folder: &Path) -> Include {
    let (destination, source) = match text.split_once(':') {
        Some((drive, path)) if drive.len() == 1 && path.starts_with(['/', '\\']) => (None, text),
        Some((destination, source)) => (Some(destination.to_owned()), source),
        None => (None, text),
    };
    Include {
        origin: format!("{}: `{text}`", key.place()),
        base: folder.to_owned(),
        source: source.into(),
        has_destination: false,
        destination,
        mode: None,
    }
}
