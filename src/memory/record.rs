//! What a zip was made from: as long as that and the zip are what they were, there is nothing to make.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Digest, FileDigests, Hasher, KnownFile, Memory};
use deployment_zip::{Archive, Compression, Entry, EntrySource, ModificationTime};
use lambda_zip_check::{Expectation, Finding};

const KIND: &str = "zip";

/// A zip that was published, with all that a report says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ZipRecord {
    /// Of [`Inputs`].
    pub(crate) inputs: Digest,
    pub(crate) archive: Archive,
    /// Of the zip's bytes.
    pub(crate) zip: Digest,
    pub(crate) findings: Vec<Finding>,
    /// Where the executable lay: the next run reads it ahead.
    pub(crate) executable: PathBuf,
    pub(crate) debug_symbols: Option<PathBuf>,
    /// These files, and those that are included, as they were when they were last read.
    pub(crate) known: Vec<KnownFile>,
}

impl ZipRecord {
    /// The record of the zip at this path.
    pub(crate) fn recall(memory: &Memory, zip: &Path) -> Option<Self> {
        memory.recall(KIND, key(zip)).filter(|record: &Self| record.archive.path == zip)
    }

    pub(crate) fn remember(&self, memory: &Memory) {
        memory.remember(KIND, key(&self.archive.path), self);
    }

    /// The files whose contents decide over the zip's freshness, includes aside.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.executable, &self.archive.path].into_iter().chain(&self.debug_symbols).map(PathBuf::as_path)
    }

    /// Whether the zip is what these inputs make, and what it was when it was published.
    pub(crate) fn holds(&self, inputs: Digest, digests: &FileDigests) -> bool {
        let is_same = |path: &Path, digest: Digest| digests.of(path).is_ok_and(|now| now == digest);
        self.inputs == inputs
            && is_same(&self.archive.path, self.zip)
            // The debug information is the executable as it was built, and the executable is among the inputs.
            && self.debug_symbols.as_ref().is_none_or(|debug| {
                digests.of(&self.executable).is_ok_and(|executable| is_same(debug, executable))
            })
    }
}

fn key(zip: &Path) -> Digest {
    let mut hasher = Hasher::new(KIND);
    hasher.path(zip);
    hasher.finish()
}

/// Everything that decides over the bytes of a zip, or over what the rules say of it. The program itself is a part of
/// every record's file.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    /// In the order of the archive.
    pub(crate) entries: &'a [Entry],
    pub(crate) compression: Compression,
    pub(crate) modified: ModificationTime,
    pub(crate) expectation: &'a Expectation,
    /// Whether the executable is stripped on its way into the zip.
    pub(crate) debug_symbols: bool,
}

impl Inputs<'_> {
    /// Reads all files.
    pub(crate) fn digest(&self, digests: &FileDigests) -> Result<Digest> {
        let Self { entries, compression, modified, expectation, debug_symbols } = self;
        let Expectation { kind, arch, runtime, today, levels } = expectation;
        let mut hasher = Hasher::new("inputs");
        // The rules ask of the day whether the runtime is past its dates.
        let deprecation =
            runtime.map(|runtime| (runtime.deprecation(*today), *today >= runtime.facts().update_blocked));
        hasher.field(format!("{:?}", (compression, modified, kind, arch, runtime, deprecation, levels, debug_symbols)));
        for entry in *entries {
            hasher.field(entry.name.as_str());
            // Where there is none, it follows from the contents.
            hasher.field(entry.mode.map(u32::to_le_bytes).as_slice().as_flattened());
            match &entry.source {
                EntrySource::Disk(path) => {
                    hasher.field("file");
                    hasher.digest(digests.of(path)?);
                }
                EntrySource::Bytes(bytes) => {
                    hasher.field("file");
                    hasher.digest(Digest::of(bytes));
                }
                EntrySource::Symlink(target) => {
                    hasher.field("link");
                    hasher.field(target);
                }
                EntrySource::Directory => hasher.field("folder"),
            }
        }
        Ok(hasher.finish())
    }
}
