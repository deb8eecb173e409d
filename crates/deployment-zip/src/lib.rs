//! Writes zips for AWS Lambda: the same bytes on every machine, compressed in parallel.
//!
//! A zip is made in three steps. [`sort`] puts [`Entry`] values into the order of the archive and refuses those that
//! cannot be in one zip. [`stage`] writes them to a scratch file next to the final path and reads the result back.
//! [`StagedArchive::publish`] renames the scratch file; until then, a zip from an earlier run stays unchanged.
//!
//! ```
//! use std::num::NonZeroUsize;
//!
//! use deployment_zip::{ArchiveOptions, Compression, Entry, EntrySource, ModificationTime, sort, stage};
//!
//! # fn main() -> anyhow::Result<()> {
//! # let directory = tempfile::tempdir()?;
//! let entries = sort(vec![
//!     Entry { name: "data/greeting".parse()?, source: EntrySource::Bytes(b"hello".to_vec()), mode: None },
//!     Entry { name: "bootstrap".parse()?, source: EntrySource::Bytes(b"#!/bin/sh\n".to_vec()), mode: Some(0o755) },
//! ])?;
//! let options = ArchiveOptions {
//!     compression: Compression::Default,
//!     modified: ModificationTime::EARLIEST,
//!     threads: NonZeroUsize::MIN,
//! };
//! let staged = stage(&directory.path().join("function.zip"), &entries, &options, &|_bytes_done| ())?;
//! let archive = staged.publish()?;
//!
//! assert_eq!(archive.entries[0].name, "bootstrap");
//! // The hash that Lambda reports as `CodeSha256`, the same for these entries on every machine.
//! assert_eq!(archive.code_sha256(), "wVBO9QfqIkfK3jLpWpaHGGVAdNJnvAeXCOYEItu1tCE=");
//! # Ok(())
//! # }
//! ```
//!
//! [`stage_temporary`] is for zips that go to a stream, such as standard output.
//!
//! [`FileRules::collect`] finds the entries for files, directories and globs that a user names. It decides names and
//! permissions, leaves out what is excluded, and checks symbolic links.
//!
//! A failure has an [`ErrorKind`](lambda_zip_error::ErrorKind): `Usage` if the user named something wrong, `Archive` if a
//! file could not be read or written.

mod archive;
mod chunk;
mod collect;
mod compressibility;
mod container;
mod decode;
mod default_excludes;
mod deflate;
mod entry;
mod hash;
mod include;
mod mode;
mod modified;
mod name;
mod output_paths;
mod parallel;
mod pattern;
mod platform;
mod positioned;
mod spelling;
mod staged;
mod symlink;
mod verify;

pub use archive::{ArchiveOptions, Progress};
pub use collect::Collected;
pub use deflate::Compression;
pub use entry::{Entry, EntrySource, SortedEntries, sort};
pub use hash::code_sha256;
pub use include::{Exclude, FileRules, Include};
pub use mode::{ModeRule, parse_octal};
pub use modified::ModificationTime;
pub use name::{EntryName, InvalidName};
pub use output_paths::OutputPaths;
pub use parallel::in_order;
pub use pattern::Pattern;
pub use platform::with_slashes;
pub use positioned::PositionedReader;
pub use staged::{Archive, ArchivedEntry, StagedArchive, check_output, stage, stage_temporary};
pub use symlink::Symlinks;

#[cfg(all(test, unix))]
mod special_files_tests;
#[cfg(test)]
mod test_data;
#[cfg(test)]
mod tests;
