//! A zip under a scratch name, until it is known to be good.
//!
//! The scratch file is in the folder of the final one, so that publishing is a rename, which either happens or does
//! not. A killed run leaves its scratch file behind; the next run for the same zip removes it. A lock tells a file that
//! is left over from one that another process is writing: the operating system releases it with the process.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use tempfile::{Builder, NamedTempFile};

use super::archive::{self, ArchiveOptions, Progress, WriteError};
use super::entry::SortedEntries;
use super::positioned::PositionedReader;
use super::verify::verify;
use crate::platform::is_held_open;
use lambda_zip_error::fs::{self, with_usual_permissions};
use lambda_zip_error::{ErrorKind, Failure};

const SCRATCH_SUFFIX: &str = ".tmp";

/// How many random characters a scratch file's name has.
const RANDOM_LENGTH: usize = 6;

/// A zip and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Its final path.
    pub path: PathBuf,
    /// Its length in bytes.
    pub size: u64,
    /// The sum of the sizes of its entries, in bytes.
    pub uncompressed_size: u64,
    /// The SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its entries, in their order.
    pub entries: Vec<ArchivedEntry>,
}

impl Archive {
    /// The SHA-256 as Lambda gives it in `CodeSha256`: in base64.
    #[must_use]
    pub fn code_sha256(&self) -> String {
        BASE64_STANDARD.encode(self.sha256)
    }
}

/// An entry as it is in a zip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedEntry {
    /// Its name; a folder's ends with `/`.
    pub name: String,
    /// Its permissions and type, as a Unix `stat` gives them.
    pub mode: u32,
    /// Its size in bytes.
    pub size: u64,
    /// The bytes that its contents take in the zip.
    pub compressed_size: u64,
}

/// A zip that is complete and was read back, but is not yet under its final name. Dropping it deletes it.
#[derive(Debug)]
pub struct StagedArchive {
    scratch: NamedTempFile,
    archive: Archive,
    heads: Vec<Vec<u8>>,
}

impl StagedArchive {
    /// The scratch file. On Windows nothing can open it while it is staged: use [`Self::reader`].
    #[must_use]
    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// Reads the scratch file. Each reader has a position of its own.
    #[must_use]
    pub fn reader(&self) -> PositionedReader<'_> {
        PositionedReader::new(self.scratch.as_file(), self.archive.size)
    }

    /// What it will be when it is published.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// How the contents of each entry begin: 512 bytes of them, or all where they are fewer.
    #[must_use]
    pub fn heads(&self) -> &[Vec<u8>] {
        &self.heads
    }

    /// Gives the zip its final name, in place of the one that had it.
    pub fn publish(self) -> Result<Archive> {
        match self.scratch.persist(&self.archive.path) {
            Ok(_) => Ok(self.archive),
            Err(error) => {
                let path = &self.archive.path;
                let message = format!("failed to write `{}`", path.display());
                if is_held_open(&error.error) && path.is_file() {
                    let failure = Failure::new(ErrorKind::Archive, message);
                    let hint = "another program may have it open: close that, or write to another file with `--output`";
                    return Err(anyhow::Error::from(error.error).context(failure.hint(hint)));
                }
                Err(failure(error.error, message))
            }
        }
    }
}

/// Writes a zip beside its final path and reads it back. What is at that path stays as it is.
pub fn stage(
    final_path: &Path,
    entries: &SortedEntries,
    options: &ArchiveOptions,
    progress: Progress<'_>,
) -> Result<StagedArchive> {
    let scratch = create_scratch(final_path)?;
    let failed = || format!("failed to write `{}`", final_path.display());
    let written = BufWriter::with_capacity(1 << 18, scratch.as_file());
    let written = archive::write(written, entries, options, progress).map_err(|error| match error {
        WriteError::Entry(error) => error,
        WriteError::Output(error) => failure(error, failed()),
    })?;
    scratch.as_file().set_len(written.length).map_err(|error| failure(error, failed()))?;
    let sha256 = verify(scratch.as_file(), &written, entries).map_err(|error| {
        let message =
            format!("`{}` was not published: what was read back is not what was written", final_path.display());
        failure(error, message)
    })?;
    let archived = |record: archive::Record| {
        let archive::Record { header, head, .. } = record;
        let entry = ArchivedEntry {
            name: header.name,
            mode: header.unix_mode,
            size: header.size.into(),
            compressed_size: header.compressed_size.into(),
        };
        (entry, head)
    };
    let (entries, heads): (Vec<_>, _) = written.records.into_iter().map(archived).unzip();
    let archive = Archive {
        path: final_path.to_owned(),
        size: written.length,
        uncompressed_size: entries.iter().map(|entry| entry.size).sum(),
        sha256,
        entries,
    };
    Ok(StagedArchive { scratch, archive, heads })
}

fn create_scratch(final_path: &Path) -> Result<NamedTempFile> {
    let Some(file_name) = final_path.file_name().filter(|_| !final_path.is_dir()) else {
        let message = format!("failed to write `{}`: it is a folder", final_path.display());
        return Err(Failure::new(ErrorKind::Archive, message).hint("give a path that ends with a file name").into());
    };
    let folder = final_path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let failed = || format!("failed to write `{}`", final_path.display());
    fs::create_dir_all(folder).map_err(|error| failure(error, failed()))?;
    let prefix = scratch_prefix(file_name);
    remove_left_over(folder, &prefix);
    loop {
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(SCRATCH_SUFFIX).rand_bytes(RANDOM_LENGTH);
        let scratch =
            with_usual_permissions(&mut builder).tempfile_in(folder).map_err(|error| failure(error, failed()))?;
        // Between its creation and its lock, another run may take the file for a left-over, and have it locked or even
        // removed. A file system without locks is no obstacle: on it nobody removes anything.
        let is_taken = matches!(scratch.as_file().try_lock(), Err(TryLockError::WouldBlock));
        if !is_taken && scratch.path().exists() {
            return Ok(scratch);
        }
    }
}

/// Removes the scratch files of runs that were killed. Those that cannot be removed stay: they are in nobody's way.
fn remove_left_over(folder: &Path, prefix: &OsStr) {
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_file || !is_scratch_name(&entry.file_name(), prefix) {
            continue;
        }
        let path = entry.path();
        // The lock is held until the file is gone, so that its owner, if it has one, sees either.
        if let Ok(file) = File::options().read(true).write(true).open(&path)
            && file.try_lock().is_ok()
        {
            std::fs::remove_file(&path).ok();
        }
    }
}

fn scratch_prefix(file_name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(file_name);
    prefix.push(".");
    prefix
}

/// Whether a path has the name of a scratch file for this zip.
pub(super) fn is_scratch_of(zip: &Path, path: &Path) -> bool {
    match (zip.file_name(), path.file_name()) {
        (Some(zip), Some(name)) => is_scratch_name(name, &scratch_prefix(zip)),
        _ => false,
    }
}

fn is_scratch_name(name: &OsStr, prefix: &OsStr) -> bool {
    let random = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
    let random = random.and_then(|rest| rest.strip_suffix(SCRATCH_SUFFIX.as_bytes()));
    random.is_some_and(|random| random.len() == RANDOM_LENGTH && random.iter().all(u8::is_ascii_alphanumeric))
}

/// A failure to write, with a hint where the operating system's reason has a remedy.
fn failure(error: impl Into<anyhow::Error>, message: String) -> anyhow::Error {
    let error = error.into();
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let failure = Failure::new(ErrorKind::Archive, message);
    error.context(match kind {
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            failure.hint("free some space, or write to another disk with `--output`")
        }
        Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            failure.hint("write to a folder that you may write to with `--output`")
        }
        _ => failure,
    })
}
