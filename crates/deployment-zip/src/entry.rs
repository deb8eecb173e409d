//! The entries of a zip that is to be written.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::mode;
use super::name::EntryName;
use lambda_zip_error::{ErrorKind, Failure};

/// The entry that a custom runtime starts. It is the first one in the zip.
const BOOTSTRAP: &str = "bootstrap";

/// Where the contents of an entry come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntrySource {
    /// A file, which is read while the zip is written.
    Disk(PathBuf),
    /// Contents in memory.
    Bytes(Vec<u8>),
    /// A symbolic link with this target.
    Symlink(String),
    /// An empty directory. Other directories need no entry.
    Directory,
}

impl fmt::Display for EntrySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(path) => write!(f, "`{}`", path.display()),
            Self::Bytes(_) => f.write_str("generated contents"),
            Self::Symlink(target) => write!(f, "a link to `{target}`"),
            Self::Directory => f.write_str("a directory"),
        }
    }
}

/// One file, link or directory to pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name in the zip; that of a directory has no trailing `/` here.
    pub name: EntryName,
    /// Where the contents come from.
    pub source: EntrySource,
    /// The permissions, such as `0o755`. None: they depend on the first bytes of the contents. Other bits than the lowest
    /// nine are ignored: the file type follows from the source, and Lambda runs everything as one user.
    pub mode: Option<u32>,
}

impl Entry {
    /// The permissions and the bits for the file type, as in Unix's `st_mode`. `head` is the start of the contents.
    #[must_use]
    pub fn unix_mode(&self, head: &[u8]) -> u32 {
        let kind = match self.source {
            EntrySource::Disk(_) | EntrySource::Bytes(_) => 0o100_000,
            EntrySource::Symlink(_) => 0o120_000,
            EntrySource::Directory => 0o040_000,
        };
        kind | (self.mode.unwrap_or_else(|| mode::by_head(head)) & 0o777)
    }

    /// The permissions. The file is read if they depend on its contents.
    pub fn permissions(&self) -> Result<u32> {
        match (self.mode, &self.source) {
            (Some(mode), _) => Ok(mode),
            (None, EntrySource::Disk(path)) => mode::of_file(path),
            (None, EntrySource::Bytes(bytes)) => Ok(mode::by_head(bytes)),
            (None, EntrySource::Symlink(_) | EntrySource::Directory) => Ok(mode::by_head(&[])),
        }
    }

    /// The file from which the contents are read.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.source {
            EntrySource::Disk(path) => Some(path),
            _ => None,
        }
    }

    /// The name as it is written into the zip: that of a directory ends with `/`.
    #[must_use]
    pub fn zip_name(&self) -> String {
        match self.source {
            EntrySource::Directory => format!("{}/", self.name),
            _ => self.name.to_string(),
        }
    }
}

/// Entries in the order of the archive, without conflicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortedEntries {
    entries: Vec<Entry>,
}

impl SortedEntries {
    /// The entries: first `bootstrap`, then the others, sorted by the bytes of their names.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// Puts entries into the order of the archive.
///
/// Two entries with the same name are a failure of kind [`ErrorKind::Usage`], and so is a file whose name is also the
/// directory of another entry.
pub fn sort(mut entries: Vec<Entry>) -> Result<SortedEntries> {
    entries.sort_by(|a, b| (a.name.as_str() != BOOTSTRAP, &a.name).cmp(&(b.name.as_str() != BOOTSTRAP, &b.name)));
    if let Some([first, second]) = entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(same_name(first, second).into());
    }
    refuse_files_as_directories(&entries)?;
    Ok(SortedEntries { entries })
}

fn same_name(first: &Entry, second: &Entry) -> Failure {
    let Entry { name, source, .. } = first;
    if *source == second.source {
        let message = format!("{source} is packed twice as `{name}`");
        return Failure::new(ErrorKind::Usage, message)
            .hint("name each file once; the executable is packed without being listed");
    }
    Failure::new(ErrorKind::Usage, format!("two entries have the name `{name}`: {source} and {}", second.source))
        .hint("leave one of them out, or give it another name with `--include PATH=DEST`")
}

fn refuse_files_as_directories(entries: &[Entry]) -> Result<()> {
    let is_file = |entry: &&Entry| entry.source != EntrySource::Directory;
    let files: BTreeSet<&str> = entries.iter().filter(is_file).map(|entry| entry.name.as_str()).collect();
    for entry in entries {
        if let Some(name) = entry.name.directories().find(|name| files.contains(name)) {
            let message = format!("`{name}` is a file, but also the directory of `{}`", entry.name);
            return Err(Failure::new(ErrorKind::Usage, message).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> Entry {
        Entry { name: name.parse().unwrap(), source: EntrySource::Bytes(Vec::new()), mode: None }
    }

    fn order(names: &[&str]) -> Result<Vec<String>> {
        let sorted = sort(names.iter().map(|name| entry(name)).collect())?;
        Ok(sorted.entries().iter().map(|entry| entry.name.to_string()).collect())
    }

    #[test]
    fn bootstrap_comes_first_and_the_rest_by_bytes() {
        let names = order(&["b", "é", "bootstrap", "B", "a/bootstrap", "a-b", "Z"]).unwrap();
        assert_eq!(names, ["bootstrap", "B", "Z", "a-b", "a/bootstrap", "b", "é"]);
    }

    #[test]
    fn two_entries_with_the_same_name_are_refused() {
        let disk = |path| Entry { source: EntrySource::Disk(PathBuf::from(path)), ..entry("b") };
        let error = sort(vec![disk("x/b"), entry("a"), disk("y/b")]).unwrap_err();
        assert_eq!(error.to_string(), "two entries have the name `b`: `x/b` and `y/b`");
        assert_eq!(lambda_zip_error::kind(&error), Some(ErrorKind::Usage));
        let error = sort(vec![disk("x/b"), disk("x/b")]).unwrap_err();
        assert_eq!(error.to_string(), "`x/b` is packed twice as `b`");
        assert_eq!(lambda_zip_error::kind(&error), Some(ErrorKind::Usage));
    }

    #[test]
    fn a_file_cannot_also_be_a_directory() {
        let error = order(&["lib/a/b", "lib", "lib-c"]).unwrap_err();
        assert_eq!(error.to_string(), "`lib` is a file, but also the directory of `lib/a/b`");
        let directory = Entry { source: EntrySource::Directory, ..entry("lib") };
        assert!(sort(vec![entry("lib/a"), directory]).is_ok());
    }
}
