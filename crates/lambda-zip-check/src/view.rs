//! A zip, read once: its records, and of each entry's contents what the rules ask about.
//!
//! Reading is bounded whatever the zip says. The sizes in the directory are added up before anything is unpacked;
//! an entry is unpacked no further than one byte past its stated size; and nothing but the head of an entry, or an ELF
//! file's tables, stays in memory.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::container::{self, Container};
use super::contents::{self, Budget, Contents, PackedEntry};
use super::entry::{Entry, file_name, folder_of, join, resolve};

/// The most links that one path may lead through, as in Linux.
const LINKS_LIMIT: usize = 40;

/// The longest path that Linux takes.
const PATH_LIMIT: usize = 4096;

/// More steps along paths than any real zip takes, by far.
const STEPS_LIMIT: usize = 1_000_000;

/// A zip that was read, to be held against the rules of one runtime or of several.
#[derive(Debug)]
pub struct ZipView {
    /// The size of the zip in bytes.
    pub(super) length: u64,
    /// The archive's records.
    pub(super) container: Container,
    /// What each entry holds, in the order of the entries.
    pub(super) contents: Vec<Contents>,
    /// The entries by the path to which they are unpacked; of duplicates the last.
    paths: BTreeMap<String, usize>,
    /// The entries by the last part of their path; of several the first.
    file_names: BTreeMap<String, usize>,
    /// How many steps along paths were taken in the current check. Links that lead from one to the next could otherwise
    /// make a small zip take minutes.
    steps: Cell<usize>,
}

/// What a path below the root of a zip leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a> {
    /// A file.
    File(&'a Entry, &'a Contents),
    /// A folder, with or without an entry of its own.
    Folder,
}

impl ZipView {
    /// Reads a zip. An error means that the file cannot be read; a file that is no zip is one of the view's facts.
    pub fn read(path: &Path) -> Result<Self> {
        let file = lambda_zip_error::fs::open(path)?;
        let length = lambda_zip_error::fs::metadata(path)?.len();
        Self::from_reader(file, length).with_context(|| format!("failed to read `{}`", path.display()))
    }

    /// Reads a zip of so many bytes from wherever it is.
    pub fn from_reader(reader: impl Read + Seek, length: u64) -> Result<Self> {
        let mut file = BufReader::new(reader);
        let container = container::read(&mut file, length)?;
        let mut budget = Budget::new();
        let contents = container.entries.iter().map(|entry| contents::read(&mut file, entry, &mut budget));
        let contents = contents.collect::<Result<_, _>>()?;
        Ok(Self::new(length, container, contents))
    }

    /// Reads a zip of `length` bytes that the caller has just packed from these entries, in this order, and verified. Their
    /// contents are looked up in what they were packed from, so nothing is unpacked again.
    pub fn from_packed(reader: impl Read + Seek, length: u64, packed: &[PackedEntry<'_>]) -> Result<Self> {
        let container = container::read(&mut BufReader::new(reader), length)?;
        let count = container.entries.len();
        ensure!(count == packed.len(), "the zip has {count} entries, {} were packed", packed.len());
        let mut budget = Budget::new();
        let entries = packed.iter().zip(&container.entries);
        let contents = entries.map(|(packed, entry)| contents::of_packed(packed, entry, &mut budget));
        let contents = contents.collect::<Result<_>>()?;
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

    /// Starts counting the steps along paths anew, so that a check gives the same answer however often the view is used.
    pub(super) fn forget_steps(&self) {
        self.steps.set(0);
    }

    /// Whether links were left unfollowed since following them would have taken too many steps.
    pub(super) fn ran_out_of_steps(&self) -> bool {
        self.steps.get() > STEPS_LIMIT
    }

    /// The entries with their contents, in the directory's order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Entry, &Contents)> {
        self.container.entries.iter().zip(&self.contents)
    }

    /// The sum of the sizes that the directory gives.
    #[must_use]
    pub fn unpacked_size(&self) -> u64 {
        self.container.entries.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.size))
    }

    /// The size of the zip itself.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.length
    }

    /// What has exactly this path, links not followed.
    pub(super) fn entry_at(&self, path: &str) -> Option<(&Entry, &Contents)> {
        let index = *self.paths.get(path)?;
        Some((&self.container.entries[index], &self.contents[index]))
    }

    /// Whether this path is a folder, because an entry says so or because something is in it.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        if path.is_empty() {
            return true;
        }
        let inside = format!("{path}/");
        self.entry_at(path).is_some_and(|(entry, _)| entry.is_folder())
            || self.paths.range(inside.clone()..).next().is_some_and(|(next, _)| next.starts_with(&inside))
    }

    /// What this path leads to, links followed; `None` if there is nothing or a link leads out of the zip. When steps run
    /// out, links count as files: what is not known to be missing is not reported as missing.
    ///
    /// `root` is the absolute folder where the zip is unpacked: absolute links below it stay inside.
    pub(super) fn find(&self, path: &str, root: &str) -> Option<Found<'_>> {
        let mut path = path.to_owned();
        for _ in 0..LINKS_LIMIT {
            // The first part of the path that is a link is replaced by its target, until none is.
            if path.len() > PATH_LIMIT {
                return None;
            }
            let Some((at, target)) = self.first_link(&path) else {
                return match self.entry_at(&path) {
                    Some((entry, contents)) if !entry.is_folder() => Some(Found::File(entry, contents)),
                    _ if self.is_folder(&path) => Some(Found::Folder),
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
            // A step costs what comparing so long a path costs.
            self.steps.set(self.steps.get() + 1 + part.len() / 32);
            match self.entry_at(part)? {
                (_, Contents::Link(target)) => Some((part.to_owned(), target.as_str())),
                _ => None,
            }
        })
    }

    /// The path of an entry with this file name, wherever it is.
    pub(super) fn path_of(&self, file_name: &str) -> Option<String> {
        self.file_names.get(file_name).map(|index| self.container.entries[*index].path())
    }
}

/// Where a link leads, below the root of the zip it is in; `None` if that is outside.
pub(super) fn link_target(link: &str, target: &str, root: &str) -> Option<String> {
    match target.strip_prefix('/') {
        None => resolve(folder_of(link), target),
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

    /// The view of a zip with these links.
    fn linked(links: impl IntoIterator<Item = (String, String)>) -> ZipView {
        let (entries, contents) = links
            .into_iter()
            .map(|(path, target)| (Entry { path, ..Entry::default() }, Contents::Link(target)))
            .collect();
        ZipView::new(0, Container { entries, ..Container::default() }, contents)
    }

    #[test]
    fn links_that_lead_from_one_to_the_next_take_a_bounded_number_of_steps() {
        let folder = "a/".repeat(500);
        let view = linked((0..3000).map(|index| (format!("{folder}{index}"), format!("{}", (index + 1) % 3000))));
        for (entry, _) in view.entries() {
            view.find(&entry.path, TASK_ROOT);
        }
        assert!(view.ran_out_of_steps());
        // The last step of all may be the longest.
        assert!(view.steps.get() <= STEPS_LIMIT + 1 + PATH_LIMIT / 32, "{}", view.steps.get());
        view.forget_steps();
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
