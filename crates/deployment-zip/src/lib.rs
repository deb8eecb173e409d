//! From files to a deployment zip: entries are sorted, written beside the final path, read back, and only then
//! published.

mod archive;
mod chunk;
mod collect;
mod container;
mod decode;
mod deflate;
mod entry;
mod include;
mod litter;
mod mode;
mod modified;
mod name;
mod parallel;
mod pattern;
mod platform;
mod positioned;
mod spelling;
mod staged;
mod symlink;
mod verify;

pub use archive::HEAD_SIZE;
pub use archive::{ArchiveOptions, Progress};
pub use collect::{Collected, OwnFiles};
pub use deflate::Compression;
pub use entry::{Entry, EntrySource, SortedEntries, sort};
pub use include::{Exclude, FileRules, Include};
pub use mode::{ModeRule, parse_octal};
pub use modified::ModificationTime;
pub use name::{EntryName, InvalidName};
pub use parallel::in_order;
pub use pattern::Pattern;
pub use platform::with_slashes;
pub use positioned::PositionedReader;
pub use spelling::folded;
pub use staged::{Archive, ArchivedEntry, StagedArchive, stage};
pub use symlink::Symlinks;
pub use verify::sha256;

#[cfg(test)]
mod tests;
