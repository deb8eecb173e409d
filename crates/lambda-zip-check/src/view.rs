//! A zip that was read once: its records, and what the rules need to know about each entry's contents.
//!
//! Reading is bounded, whatever the zip claims. The sizes in the directory are added up before anything is unpacked, an
//! entry is unpacked no further than one byte past its stated size, and only the first bytes of an entry, or the tables
//! of an ELF file, stay in memory.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use super::container::{self, Container};
use super::contents::{self, Budget, Contents, PackedEntry};
use super::entry::{ZipEntry, file_name};
use super::error::{ReadError, open_regular};

/// Far more path look-ups than any real zip needs.
pub(super) const STEPS_LIMIT: usize = 1_000_000;

/// A zip that was read, ready to be checked against one or several expectations.
#[derive(Debug)]
pub struct ZipView {
    /// The size of the zip in bytes.
    pub(super) length: u64,
    /// The archive's records.
    pub(super) container: Container,
    /// What each entry contains, in the order of the entries.
    pub(super) contents: Vec<Contents>,
    /// The entries by the path that they are unpacked to. The last of duplicates wins.
    paths: BTreeMap<String, usize>,
    /// The entries by file name. The first of several wins.
    file_names: BTreeMap<String, usize>,
    /// How many path look-ups the current check made. Without a limit, chained links could make checking a small zip take
    /// minutes.
    steps: Cell<usize>,
}

impl ZipView {
    /// Reads the zip at a path. Fails only if the file cannot be read: a file that is not a zip becomes a finding later.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let read = || {
            let file = open_regular(path)?;
            let length = file.metadata()?.len();
            Self::from_reader(file, length)
        };
        read().map_err(|error| ReadError::of_file(path, error))
    }

    /// Reads a zip of `length` bytes.
    pub fn from_reader(reader: impl Read + Seek, length: u64) -> io::Result<Self> {
        let mut file = BufReader::new(reader);
        let mut container = container::read(&mut file, length)?;
        let mut budget = Budget::new();
        let contents = container.entries.iter_mut().map(|entry| contents::read(&mut file, entry, &mut budget));
        let contents = contents.collect::<io::Result<_>>()?;
        Ok(Self::new(length, container, contents))
    }

    /// Reads a zip of `length` bytes that the caller has just packed from these entries, in this order, and verified.
    /// Their contents are read from their sources, so nothing has to be unpacked.
    pub fn from_packed(reader: impl Read + Seek, length: u64, packed: &[PackedEntry<'_>]) -> Result<Self, ReadError> {
        let container = container::read(&mut BufReader::new(reader), length).map_err(ReadError::Reader)?;
        let found = container.entries.len();
        if found != packed.len() {
            return Err(ReadError::EntryCount { found, packed: packed.len() });
        }
        let mut budget = Budget::new();
        let entries = packed.iter().zip(&container.entries);
        let contents = entries.map(|(packed, entry)| contents::of_packed(packed, entry, &mut budget));
        let contents = contents.collect::<Result<_, ReadError>>()?;
        Ok(Self::new(length, container, contents))
    }

    pub(super) fn new(length: u64, container: Container, contents: Vec<Contents>) -> Self {
        let mut file_names = BTreeMap::new();
        for (index, entry) in container.entries.iter().enumerate() {
            file_names.entry(file_name(&entry.path()).to_owned()).or_insert(index);
        }
        let paths = container.entries.iter().enumerate().map(|(index, entry)| (entry.path(), index)).collect();
        Self { length, container, contents, paths, file_names, steps: Cell::new(0) }
    }

    /// Resets the look-up counter, so that every check of the same view gives the same answer.
    pub(super) fn reset_steps(&self) {
        self.steps.set(0);
    }

    /// How many look-ups the current check made.
    #[cfg(test)]
    pub(super) fn steps(&self) -> usize {
        self.steps.get()
    }

    /// Whether the look-ups reached their limit and links were no longer followed.
    pub(super) fn ran_out_of_steps(&self) -> bool {
        self.steps.get() > STEPS_LIMIT
    }

    /// The entries with their contents, in the order of the archive's directory.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&ZipEntry, &Contents)> {
        self.container.entries.iter().zip(&self.contents)
    }

    /// The size of all unpacked entries, as the directory gives it.
    #[must_use]
    pub fn unpacked_size(&self) -> u64 {
        self.container.entries.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.size))
    }

    /// The size of the zip in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.length
    }

    /// The entry with exactly this path; links are not followed.
    pub(super) fn entry_at(&self, path: &str) -> Option<(&ZipEntry, &Contents)> {
        let index = *self.paths.get(path)?;
        Some((&self.container.entries[index], &self.contents[index]))
    }

    /// Whether this path is a directory: an entry marks it as one, or other entries are in it.
    pub(super) fn is_directory(&self, path: &str) -> bool {
        if path.is_empty() {
            return true;
        }
        self.entry_at(path).is_some_and(|(entry, _)| entry.is_directory()) || self.has_entries_in(path)
    }

    /// Whether other entries are in the directory with this path.
    pub(super) fn has_entries_in(&self, path: &str) -> bool {
        let inside = format!("{path}/");
        self.paths.range(inside.clone()..).next().is_some_and(|(next, _)| next.starts_with(&inside))
    }

    /// Counts look-ups; `None` once their limit is reached.
    pub(super) fn count_steps(&self, steps: usize) -> Option<()> {
        (!self.ran_out_of_steps()).then(|| self.steps.set(self.steps.get() + steps))
    }

    /// The path of any entry with this file name.
    pub(super) fn path_of(&self, file_name: &str) -> Option<String> {
        self.file_names.get(file_name).map(|index| self.container.entries[*index].path())
    }
}
