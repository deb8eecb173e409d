//! From files to a deployment zip: entries are sorted, written beside the final path, read back, and only then
//! published.

mod archive;
mod chunk;
mod container;
mod deflate;
mod entry;
mod modified;
mod name;
mod parallel;
mod positioned;
mod staged;
mod verify;
mod walk;

pub use archive::{ArchiveOptions, Progress};
pub use deflate::Compression;
pub use entry::{CaseClash, Entry, EntrySource, SortedEntries, sort};
pub use modified::ModificationTime;
pub use name::{EntryName, InvalidName};
pub use positioned::PositionedReader;
pub use staged::{Archive, ArchivedEntry, StagedArchive, stage};

#[cfg(test)]
mod tests;
