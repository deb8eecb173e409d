//! What a published zip was made from. While its inputs and the zip itself, or its files, are unchanged, it is up to date.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Cache, Digest, FileDigests, FingerprintedFile, Hasher};
use crate::cli::OutputFormat;
use deployment_zip::{Archive, ArchivedEntry, Compression, Entry, EntrySource, ModificationTime};
use lambda_zip_check::{Expectation, Finding};
use lambda_zip_error::fs;

const KIND: &str = "zip";

/// A published zip, with everything that a report shows about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ZipRecord {
    /// Digest of its [`ZipInputs`].
    pub(crate) inputs: Digest,
    pub(crate) archive: Archive,
    /// Digest of its bytes.
    pub(crate) zip: Digest,
    pub(crate) findings: Vec<Finding>,
    /// The path of the executable. The next run reads it ahead.
    pub(crate) executable: PathBuf,
    pub(crate) debug_symbols: Option<PathBuf>,
    /// The directory with the files of the zip, if they were written in its place. `zip` is then a digest of them.
    pub(crate) files_directory: Option<PathBuf>,
    /// The regular files in that directory.
    pub(crate) written: Vec<PathBuf>,
    /// Fingerprints of these files and of the included ones, from when they were last read.
    pub(crate) known: Vec<FingerprintedFile>,
}

impl ZipRecord {
    /// The record of the zip at this path.
    pub(crate) fn load(cache: &Cache, zip: &Path) -> Option<Self> {
        cache.load(KIND, key(zip)).filter(|record: &Self| record.archive.path == zip)
    }

    pub(crate) fn store(&self, cache: &Cache) {
        cache.store(KIND, key(&self.archive.path), self);
    }

    /// The files that decide whether the zip is up to date, except the included ones.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let paths = [&self.executable, &self.archive.path].into_iter().chain(&self.debug_symbols).chain(&self.written);
        paths.map(PathBuf::as_path)
    }

    /// True if the zip was made from these inputs and is unchanged since.
    pub(crate) fn holds(&self, inputs: Digest, digests: &FileDigests) -> bool {
        let is_same = |path: &Path, digest: Digest| digests.of(path).is_ok_and(|now| now == digest);
        self.inputs == inputs
            && match &self.files_directory {
                None => is_same(&self.archive.path, self.zip),
                Some(directory) => files_digest(directory, &self.archive, digests).is_ok_and(|now| now == self.zip),
            }
            // The debug file is a copy of the executable, which is one of the inputs.
            && self.debug_symbols.as_ref().is_none_or(|debug| {
                digests.of(&self.executable).is_ok_and(|executable| is_same(debug, executable))
            })
    }
}

/// Digest of the files that were written in place of a zip: their contents, modes and link targets.
pub(crate) fn files_digest(directory: &Path, archive: &Archive, digests: &FileDigests) -> Result<Digest> {
    let mut hasher = Hasher::new("files");
    for ArchivedEntry { name, .. } in &archive.entries {
        let path = directory.join(name);
        let metadata = fs::symlink_metadata(&path)?;
        hasher.field(name);
        if metadata.is_symlink() {
            hasher.path(&fs::read_link(&path)?);
        } else if metadata.is_file() {
            #[cfg(unix)]
            hasher.field(std::os::unix::fs::MetadataExt::mode(&metadata).to_le_bytes());
            hasher.digest(digests.of(&path)?);
        } else {
            hasher.field("directory");
        }
    }
    Ok(hasher.finish())
}

fn key(zip: &Path) -> Digest {
    let mut hasher = Hasher::new(KIND);
    hasher.path(zip);
    hasher.finish()
}

/// Everything that the bytes of a zip and its findings follow from. The program itself counts through [`Cache`].
#[derive(Debug)]
pub(crate) struct ZipInputs<'a> {
    /// In the order of the archive.
    pub(crate) entries: &'a [Entry],
    pub(crate) compression: Compression,
    /// Zip or files.
    pub(crate) format: OutputFormat,
    pub(crate) modified: ModificationTime,
    pub(crate) expectation: &'a Expectation,
    /// True if the executable is stripped on its way into the zip.
    pub(crate) debug_symbols: bool,
}

impl ZipInputs<'_> {
    /// The digest. Reads every file that is not known yet.
    pub(crate) fn digest(&self, digests: &FileDigests) -> Result<Digest> {
        let Self { entries, compression, format, modified, expectation, debug_symbols } = self;
        let Expectation { kind, arch, runtime, today, levels } = expectation;
        let mut hasher = Hasher::new("inputs");
        // Today counts only where it decides which of the runtime's dates have passed.
        let deprecation =
            runtime.map(|runtime| (runtime.deprecation(*today), *today >= runtime.facts().update_blocked));
        let settings = (compression, format, modified, kind, arch, runtime, deprecation, levels, debug_symbols);
        hasher.field(format!("{settings:?}"));
        for entry in *entries {
            hasher.field(entry.name.as_str());
            // Without a mode, the contents decide it.
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
                EntrySource::Directory => hasher.field("directory"),
            }
        }
        Ok(hasher.finish())
    }
}
