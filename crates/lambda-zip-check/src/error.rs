//! Why a zip could not be read from the disk.

use std::fmt;
use std::io;
use std::path::PathBuf;

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
            Self::SourceChanged { .. } | Self::EntryCount { .. } => None,
        }
    }
}
