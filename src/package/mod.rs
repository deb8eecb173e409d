//! From files to a deployment zip: entries are sorted, written beside the final path, read back, and only then
//! published.

mod archive;
mod container;
mod deflate;
mod entry;
mod modified;
mod parallel;
mod positioned;
mod staged;
mod verify;
mod walk;

pub use archive::{ArchiveOptions, Progress};
pub use deflate::Compression;
pub use entry::{CaseClash, Entry, EntryName, EntrySource, InvalidName, SortedEntries, sort};
pub use modified::ModificationTime;
pub use positioned::PositionedReader;
pub use staged::{Archive, ArchivedEntry, StagedArchive, stage};
