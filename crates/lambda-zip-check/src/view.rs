//! A zip that was read once: its records, and what the rules need to know about each entry's contents.
//!
//! Reading is bounded, whatever the zip claims. The sizes in the directory are added up before anything is unpacked, an
//! entry is unpacked no further than one byte past its stated size, and only the first bytes of an entry, or the tables
//! of an ELF file, stay in memory.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use super::container::{self, Container};
use super::contents::{self, Budget, Contents, PackedEntry};
use super::entry::{ZipEntry, directory_of, file_name, join, resolve};
use super::error::ReadError;

/// Linux follows this many links in one path.
const LINKS_LIMIT: usize = 40;

/// The longest path that Linux accepts, in bytes.
const PATH_LIMIT: usize = 4096;

/// Far more path look-ups than any real zip needs.
const STEPS_LIMIT: usize = 1_000_000;

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

/// What a path in a zip leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a> {
    /// A file.
    File(&'a ZipEntry, &'a Contents),
    /// A directory, with or without its own entry.
    Directory,
}

impl ZipView {
    /// Reads the zip at a path. Fails only if the file cannot be read: a file that is not a zip becomes a finding later.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let read = || {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Self::from_reader(file, length)
        };
        read().map_err(|source| ReadError::File { path: path.to_owned(), source })
    }

    /// Reads a zip of `length` bytes.
    pub fn from_reader(reader: impl Read + Seek, length: u64) -> io::Result<Self> {
        let mut file = BufReader::new(reader);
        let container = container::read(&mut file, length)?;
        let mut budget = Budget::new();
        let contents = container.entries.iter().map(|entry| contents::read(&mut file, entry, &mut budget));
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

    fn new(length: u64, container: Container, contents: Vec<Contents>) -> Self {
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
        let inside = format!("{path}/");
        self.entry_at(path).is_some_and(|(entry, _)| entry.is_directory())
            || self.paths.range(inside.clone()..).next().is_some_and(|(next, _)| next.starts_with(&inside))
    }

    /// Follows links from this path; `None` if there is nothing or a link leads out of the zip. Once the look-ups run out,
    /// links count as files, so that nothing is reported as missing that may be there.
    ///
    /// `root` is the absolute directory that the zip is unpacked to: absolute links below it stay inside.
    pub(super) fn find(&self, path: &str, root: &str) -> Option<Found<'_>> {
        let mut path = path.to_owned();
        for _ in 0..LINKS_LIMIT {
            // Replace the first part of the path that is a link by its target, until no part is a link.
            if path.len() > PATH_LIMIT {
                return None;
            }
            let Some((at, target)) = self.first_link(&path) else {
                return match self.entry_at(&path) {
                    Some((entry, contents)) if !entry.is_directory() => Some(Found::File(entry, contents)),
                    _ if self.is_directory(&path) => Some(Found::Directory),
                    _ => None,
                };
            };
            let rest = path[at.len()..].to_owned();
            let target = link_target(&at, target, root)?;
            path = join(format!("{target}{rest}").split('/'));
        }
        None
    }

    fn first_link(&self, path: &str) -> Option<(String, &str)> {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.map(|end| &path[..end]).find_map(|part| {
            if self.ran_out_of_steps() {
                return None;
            }
            // A long path costs more to compare.
            self.steps.set(self.steps.get() + 1 + part.len() / 32);
            match self.entry_at(part)? {
                (_, Contents::Link(target)) => Some((part.to_owned(), target.as_str())),
                _ => None,
            }
        })
    }

    /// The path of any entry with this file name.
    pub(super) fn path_of(&self, file_name: &str) -> Option<String> {
        self.file_names.get(file_name).map(|index| self.container.entries[*index].path())
    }
}

/// Where a link leads, relative to the root of its zip; `None` if it leads out of the zip.
pub(super) fn link_target(link: &str, target: &str, root: &str) -> Option<String> {
    match target.strip_prefix('/') {
        None => resolve(directory_of(link), target),
        Some(absolute) => {
            let absolute = format!("/{}", resolve("", absolute)?);
            let below = absolute.strip_prefix(root)?;
            (below.is_empty() || below.starts_with('/')).then(|| below.trim_start_matches('/').to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_platform::image::TASK_ROOT;

    /// A zip with these links.
    fn linked(links: impl IntoIterator<Item = (String, String)>) -> ZipView {
        let (entries, contents) = links
            .into_iter()
            .map(|(path, target)| (ZipEntry { path, ..ZipEntry::default() }, Contents::Link(target)))
            .collect();
        ZipView::new(0, Container { entries, ..Container::default() }, contents)
    }

    #[test]
    fn following_chained_links_is_bounded() {
        let directory = "a/".repeat(500);
        let view = linked((0..3000).map(|index| (format!("{directory}{index}"), format!("{}", (index + 1) % 3000))));
        for (entry, _) in view.entries() {
            view.find(&entry.path, TASK_ROOT);
        }
        assert!(view.ran_out_of_steps());
        // The last look-up may be the longest.
        assert!(view.steps.get() <= STEPS_LIMIT + 1 + PATH_LIMIT / 32, "{}", view.steps.get());
        view.reset_steps();
        assert!(!view.ran_out_of_steps());
    }

    #[test]
    fn an_ordinary_zip_takes_few_steps() {
        let view = linked((0..100).map(|index| (format!("lib/lib{index}.so"), format!("lib{index}.so.1"))));
        for (entry, _) in view.entries() {
            view.find(&entry.path, TASK_ROOT);
        }
        assert!(view.steps.get() <= 400, "{}", view.steps.get());
    }
}
