//! Why a zip could not be read from the disk.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A zip, or a file that it was packed from, could not be read. Damage inside of a zip is a finding, not an error.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be opened or read.
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system reports.
        source: io::Error,
    },
    /// A temporary file for a large entry of a zip cannot be written. The zip itself may be valid.
    TemporaryFile(TemporaryFileError),
    /// The reader of a zip that was just packed failed.
    Reader(io::Error),
    /// A file changed after it was packed.
    SourceChanged {
        /// The file.
        path: PathBuf,
    },
    /// The zip does not have as many entries as were packed.
    EntryCount {
        /// The entries in the zip.
        found: usize,
        /// The entries that were packed.
        packed: usize,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => write!(f, "failed to read `{}`", path.display()),
            Self::TemporaryFile(error) => error.fmt(f),
            Self::Reader(_) => f.write_str("failed to read the zip"),
            Self::SourceChanged { path } => write!(f, "`{}` changed after it was packed", path.display()),
            Self::EntryCount { found, packed } => write!(f, "found {found} entries in the zip, expected {packed}"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } | Self::Reader(source) => Some(source),
            Self::TemporaryFile(error) => error.source(),
            Self::SourceChanged { .. } | Self::EntryCount { .. } => None,
        }
    }
}

impl ReadError {
    /// An error about the file at a path, unless it is about a temporary file.
    pub(crate) fn of_file(path: &Path, error: io::Error) -> Self {
        match error.downcast() {
            Ok(error) => Self::TemporaryFile(error),
            Err(source) => Self::File { path: path.to_owned(), source },
        }
    }
}

/// A temporary file cannot be written.
#[derive(Debug)]
pub struct TemporaryFileError {
    pub(crate) directory: PathBuf,
    pub(crate) source: io::Error,
}

impl fmt::Display for TemporaryFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to write a temporary file in `{}`", self.directory.display())
    }
}

impl std::error::Error for TemporaryFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Opens a regular file. Opening a FIFO would wait for a program that writes to it.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    File::open(path)
}
