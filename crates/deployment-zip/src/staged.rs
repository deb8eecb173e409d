//! A zip is written to a scratch file, read back, and then renamed to its final path.
//!
//! The scratch file is in the directory of the final one, so that publishing is one atomic rename. A killed run leaves its
//! scratch file behind, and the next run for the same zip removes it. A lock on the file shows whether another process is
//! still writing it: the operating system releases the lock when the process ends.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tempfile::Builder;

use super::archive::{self, ArchiveOptions, Progress, WriteError, WrittenEntry};
use super::entry::SortedEntries;
use super::hash::encoded;
use super::positioned::PositionedReader;
use super::verify::verify;
use crate::platform::is_held_open;
use lambda_zip_error::fs::{self, with_usual_permissions};
use lambda_zip_error::scratch::ScratchFile;
use lambda_zip_error::{ErrorKind, Failure};

const SCRATCH_SUFFIX: &str = ".tmp";

/// The number of random characters in the name of a scratch file.
const RANDOM_LENGTH: usize = 6;

/// A zip and its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// The final path.
    pub path: PathBuf,
    /// The length in bytes.
    pub size: u64,
    /// The sum of the uncompressed sizes of all entries, in bytes.
    pub uncompressed_size: u64,
    /// The SHA-256 of the zip.
    pub sha256: [u8; 32],
    /// The entries, in the order of the archive.
    pub entries: Vec<ArchivedEntry>,
}

impl Archive {
    /// The SHA-256 as Lambda reports it in `CodeSha256`: in base64.
    #[must_use]
    pub fn code_sha256(&self) -> String {
        encoded(self.sha256)
    }
}

/// An entry of a zip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedEntry {
    /// The name; that of a directory ends with `/`.
    pub name: String,
    /// The permissions and the file type, as in Unix's `st_mode`.
    pub mode: u32,
    /// The uncompressed size in bytes.
    pub size: u64,
    /// The size in the zip, in bytes.
    pub compressed_size: u64,
}

impl ArchivedEntry {
    /// The entry, and the first bytes of its contents.
    fn new(written: WrittenEntry) -> (Self, Vec<u8>) {
        let WrittenEntry { header, head, .. } = written;
        let entry = Self {
            name: header.name,
            mode: header.unix_mode,
            size: header.size.into(),
            compressed_size: header.compressed_size.into(),
        };
        (entry, head)
    }
}

/// A complete zip that was read back, in a scratch file. Dropping it deletes the file.
#[derive(Debug)]
pub struct StagedArchive {
    scratch: ScratchFile,
    /// The file to replace: the final path or, if that is a symbolic link, its target. None: the zip is for a stream.
    file: Option<PathBuf>,
    archive: Archive,
    heads: Vec<Vec<u8>>,
}

impl StagedArchive {
    /// The path of the scratch file. On Windows nothing can open the file while it is staged: use [`Self::reader`].
    #[must_use]
    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// A reader of the zip. Each reader has a position of its own.
    #[must_use]
    pub fn reader(&self) -> PositionedReader<'_> {
        PositionedReader::new(self.scratch.as_file(), self.archive.size)
    }

    /// The zip as it will be when it is published.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The first 512 bytes of each entry, or all of them if there are fewer.
    #[must_use]
    pub fn heads(&self) -> &[Vec<u8>] {
        &self.heads
    }

    /// Copies the zip to a stream. The scratch file stays until this value is dropped.
    pub fn write_to(&self, output: &mut impl Write) -> io::Result<()> {
        io::copy(&mut self.reader(), output)?;
        output.flush()
    }

    /// Renames the zip to its final path, replacing a zip that exists there. A zip from [`stage_temporary`] has no such path,
    /// which is a failure.
    pub fn publish(self) -> Result<Archive> {
        let path = &self.archive.path;
        let message = failed_to_write(path);
        let Some(file) = self.file else {
            return Err(Failure::new(ErrorKind::Archive, format!("{message}: the zip is for a stream")).into());
        };
        match self.scratch.persist(file) {
            Ok(()) => Ok(self.archive),
            Err(error) if is_held_open(&error) && path.is_file() => {
                let hint = "another program may have it open: close it, or write to another file with `--output`";
                let failure = Failure::new(ErrorKind::Archive, message).hint(hint);
                Err(anyhow::Error::from(error).context(failure))
            }
            Err(error) => Err(failure(error, message)),
        }
    }

    /// Writes the zip to the scratch file and reads it back.
    fn write(
        scratch: ScratchFile,
        file: Option<PathBuf>,
        path: &Path,
        entries: &SortedEntries,
        options: &ArchiveOptions,
        progress: Progress<'_>,
    ) -> Result<Self> {
        let failed = || failed_to_write(path);
        let output = BufWriter::with_capacity(1 << 18, scratch.as_file());
        let written = archive::write(output, entries, options, progress).map_err(|error| match error {
            WriteError::Entry(error) => error,
            WriteError::Output(error) => failure(error, failed()),
        })?;
        scratch.as_file().set_len(written.length).map_err(|error| failure(error, failed()))?;
        let sha256 = verify(scratch.as_file(), &written, entries).map_err(|error| {
            let path = path.display();
            failure(error, format!("`{path}` was not published: reading it back gave other bytes than were written"))
        })?;
        let size = written.length;
        let (entries, heads): (Vec<_>, _) = written.entries.into_iter().map(ArchivedEntry::new).unzip();
        let uncompressed_size = entries.iter().map(|entry| entry.size).sum();
        let archive = Archive { path: path.to_owned(), size, uncompressed_size, sha256, entries };
        Ok(Self { scratch, file, archive, heads })
    }
}

/// Writes a zip to a scratch file next to its final path and reads it back. A file at the final path stays unchanged.
///
/// If the final path is a symbolic link, the link stays and the file to which it points will be replaced. If it is anything
/// other than a regular file or missing, that is a failure of kind [`ErrorKind::Archive`].
pub fn stage(
    final_path: &Path,
    entries: &SortedEntries,
    options: &ArchiveOptions,
    progress: Progress<'_>,
) -> Result<StagedArchive> {
    let file = output_file(final_path)?;
    let scratch = create_scratch(&file).map_err(|error| failure(error, failed_to_write(final_path)))?;
    StagedArchive::write(scratch, Some(file), final_path, entries, options, progress)
}

/// Writes a zip to a file in the directory for temporary files and reads it back. It has no final path: write it to a stream
/// with [`StagedArchive::write_to`]. The path in its [`Archive`] is `-`.
pub fn stage_temporary(
    entries: &SortedEntries,
    options: &ArchiveOptions,
    progress: Progress<'_>,
) -> Result<StagedArchive> {
    let scratch = ScratchFile::create_in(std::env::temp_dir(), &mut Builder::new()).map_err(|error| {
        let directory = std::env::temp_dir();
        let message = format!("failed to create a temporary file in `{}`", directory.display());
        let failure = Failure::new(ErrorKind::Archive, message).hint(fs::temporary_directory_hint());
        anyhow::Error::from(error).context(failure)
    })?;
    StagedArchive::write(scratch, None, Path::new("-"), entries, options, progress)
}

fn failed_to_write(path: &Path) -> String {
    format!("failed to write `{}`", path.display())
}

/// Fails if [`stage`] could not write to this path, because something other than a file or directory is in its place. A
/// caller can ask before it spends time on the contents.
pub fn check_output(final_path: &Path) -> Result<()> {
    output_file(final_path).map(drop)
}

/// The file to replace.
fn output_file(final_path: &Path) -> Result<PathBuf> {
    let failed = |reason: &str, hint: &str| {
        Failure::new(ErrorKind::Archive, format!("{}: {reason}", failed_to_write(final_path))).hint(hint)
    };
    if final_path.is_dir() || final_path.file_name().is_none() {
        return Err(failed("it is a directory", "give a path that ends with a file name").into());
    }
    // The first directory above that exists must be one.
    let existing = final_path.ancestors().skip(1).find(|path| path.symlink_metadata().is_ok());
    if let Some(blocking) = existing.filter(|path| !path.is_dir()) {
        let reason = format!("`{}` is not a directory", blocking.display());
        return Err(failed(&reason, "remove it, or write to another directory with `--output`").into());
    }
    fs::output_file(final_path).map_err(|error| match error.downcast_ref::<io::Error>() {
        Some(_) => failure(error, failed_to_write(final_path)),
        None => failed(&error.to_string(), "write to a regular file with `--output`").into(),
    })
}

fn create_scratch(file: &Path) -> Result<ScratchFile> {
    let file_name = file.file_name().context("it has no file name")?;
    let parent = file.parent().filter(|parent| *parent != Path::new(""));
    let directory = parent.unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let prefix = scratch_prefix(file_name);
    remove_left_over(directory, &prefix);
    loop {
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(SCRATCH_SUFFIX).rand_bytes(RANDOM_LENGTH);
        let scratch = ScratchFile::create_in(directory, with_usual_permissions(&mut builder))?;
        // Before the file is locked, another run may consider it left over, and lock or even remove it. On a file system
        // without locks, no run removes anything.
        let is_taken = matches!(scratch.as_file().try_lock(), Err(TryLockError::WouldBlock));
        if !is_taken && scratch.path().exists() {
            return Ok(scratch);
        }
    }
}

/// Removes the scratch files of killed runs. Those that cannot be removed do no harm.
fn remove_left_over(directory: &Path, prefix: &OsStr) {
    for entry in directory.read_dir().into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_file || !is_scratch_name(&entry.file_name(), prefix) {
            continue;
        }
        let path = entry.path();
        // The lock is held until the file is removed. A run that has just created it sees that it is locked or gone.
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

/// A failure to write, with a hint for reasons that the user can change.
fn failure(error: impl Into<anyhow::Error>, message: String) -> anyhow::Error {
    let error = error.into();
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let failure = Failure::new(ErrorKind::Archive, message);
    error.context(match kind {
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            failure.hint("free some space, or write to another disk with `--output`")
        }
        Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            failure.hint("choose a writable directory with `--output`")
        }
        _ => failure,
    })
}
