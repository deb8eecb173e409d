//! From the files that a user wants to entries: folders are walked, names and modes decided, links judged.
//!
//! What this finds depends on names alone: no file is opened. What is wrong with a name, or with where a link leads, is
//! said here, with its path, before anything is built or written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;
use walkdir::{DirEntry, WalkDir};

use super::entry::{Entry, EntrySource, SortedEntries, sort};
use super::include::{FileRules, Include, Located, lexically_normal};
use super::pattern::Pattern;
use super::spelling::{composed, folded};
use super::symlink::{Symlinks, refuse_stray};
use super::{litter, mode, staged};
use crate::platform::with_slashes;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// The files of a run itself, which folders are packed without: the zip of one run must not be in that of the next.
#[derive(Debug, Clone, Default)]
pub struct OwnFiles {
    /// Where the zips go, by folder. It is asked about each file of each zip, and there may be many of both.
    zips: HashMap<PathBuf, Vec<PathBuf>>,
    /// The executable, which has its own entry.
    executable: Option<PathBuf>,
}

impl OwnFiles {
    /// The zips and pages that a run writes, and an executable that was not built by it. The paths are absolute.
    pub fn new(written: impl IntoIterator<Item = PathBuf>, executable: Option<&Path>) -> Self {
        let mut zips: HashMap<PathBuf, Vec<PathBuf>> = HashMap::new();
        for path in written {
            let path = lexically_normal(&path);
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            zips.entry(folder).or_default().push(path);
        }
        Self { zips, executable: executable.map(lexically_normal) }
    }

    /// Whether the run writes to this path.
    fn writes(&self, normal: &Path) -> bool {
        self.beside(normal).any(|zip| zip == normal)
    }

    /// Whether it is one of the run's files, or one under a scratch name.
    fn has(&self, normal: &Path) -> bool {
        let is_zip = |zip: &PathBuf| zip == normal || staged::is_scratch_of(zip, normal);
        self.executable.as_deref() == Some(normal) || self.beside(normal).any(is_zip)
    }

    fn beside(&self, normal: &Path) -> impl Iterator<Item = &PathBuf> {
        normal.parent().and_then(|folder| self.zips.get(folder)).into_iter().flatten()
    }
}

/// What goes into a zip.
#[derive(Debug)]
pub struct Collected {
    /// The entries, in the order of the archive.
    pub entries: SortedEntries,
    /// What was left out of folders by default.
    pub litter: Vec<PathBuf>,
    /// The files of the run itself that were left out of folders.
    pub own: Vec<PathBuf>,
}

impl Collected {
    /// Where the contents of the entries are, as far as they are on the disk.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.entries.entries().iter().filter_map(Entry::file)
    }
}

impl FileRules {
    /// Finds the files, and puts them into the order of the archive together with the entries that are there anyway.
    ///
    /// What is named wrongly is a failure of kind [`ErrorKind::Usage`], what cannot be read one of kind
    /// [`ErrorKind::Archive`].
    pub fn collect(&self, given: Vec<Entry>, own: &OwnFiles) -> Result<Collected> {
        let mut collector = Collector {
            rules: self,
            own,
            entries: given,
            folders: BTreeSet::new(),
            broken_links: BTreeMap::new(),
            litter: BTreeSet::new(),
            own_found: BTreeSet::new(),
        };
        for entry in &mut collector.entries {
            if !matches!(entry.source, EntrySource::Symlink(_)) {
                let rule = |rules| mode::by_rule(rules, entry.name.as_str());
                entry.mode = rule(&self.modes_by_flag).or_else(|| rule(&self.modes)).or(entry.mode);
            }
        }
        for include in &self.includes {
            collector.add(include)?;
        }
        collector.finish()
    }
}

struct Collector<'a> {
    rules: &'a FileRules,
    own: &'a OwnFiles,
    entries: Vec<Entry>,
    /// The names of the folders in which nothing is, and which need an entry of their own.
    folders: BTreeSet<String>,
    /// What to say of the links, by their names, that lead to nothing on the disk. In the zip they may lead to something.
    broken_links: BTreeMap<String, String>,
    litter: BTreeSet<PathBuf>,
    own_found: BTreeSet<PathBuf>,
}

impl Collector<'_> {
    fn add(&mut self, include: &Include) -> Result<()> {
        let located = include.located()?;
        if let Some(other) = &located.other_spelling {
            return Err(matches_nothing(include).hint(other.to_string()).into());
        }
        if located.root.symlink_metadata().is_err_and(|error| is_absence(&error)) {
            return Err(matches_nothing(include).into());
        }
        if located.pattern.is_none() && self.own.writes(&lexically_normal(&located.root)) {
            let message = format!("{} is the zip that is to be written", include.origin);
            return Err(Failure::new(ErrorKind::Usage, message).hint("write another file with `--output`").into());
        }
        let excluded = |path: &Path| self.rules.excludes.iter().any(|exclude| exclude.applies_to(path));
        if located.root.ancestors().any(excluded) {
            return Ok(());
        }
        let litter_before = self.litter.len();
        if self.walk(include, &located)? {
            return Ok(());
        }
        let failure = matches_nothing(include);
        if self.litter.len() > litter_before {
            return Err(failure.hint("what it matches is left out by default: add `--no-default-excludes`").into());
        }
        Err(match near_miss(&located) {
            Some(path) => failure.hint(format!(
                "`{}` differs from it by upper and lower case, or by how its letters are composed",
                path.display()
            )),
            None => failure,
        }
        .into())
    }

    /// Adds what is at, and below, the root of an include. Returns whether it matched anything.
    fn walk(&mut self, include: &Include, located: &Located) -> Result<bool> {
        let follow = self.rules.symlinks == Symlinks::Follow;
        let walk = WalkDir::new(&located.root)
            .follow_links(follow)
            .follow_root_links(follow || located.pattern.is_some())
            .sort_by_file_name();
        let mut walk = walk.into_iter();
        let mut matched = false;
        while let Some(found) = walk.next() {
            let found = found.map_err(|error| unreadable(include, &error))?;
            let relative = found.path().strip_prefix(&located.root).unwrap_or(Path::new(""));
            let reach = Reach::of(relative, located.pattern.as_ref(), found.depth());
            let is_folder = found.file_type().is_dir();
            if self.is_left_out(&found, reach) || (reach == Reach::Beyond && is_folder) {
                if is_folder {
                    walk.skip_current_dir();
                }
                // What the user leaves out was matched all the same.
                matched |= reach == Reach::Matched && !self.litter.contains(found.path());
                continue;
            }
            if reach == Reach::Matched {
                matched = true;
                self.add_one(include, located, &found, relative)?;
            }
        }
        Ok(matched)
    }

    fn is_left_out(&mut self, found: &DirEntry, reach: Reach) -> bool {
        if found.depth() == 0 {
            return false;
        }
        let path = found.path();
        if self.rules.excludes.iter().any(|exclude| exclude.applies_to(path)) {
            return true;
        }
        if self.own.has(&lexically_normal(path)) {
            if reach == Reach::Matched {
                self.own_found.insert(path.to_owned());
            }
            return true;
        }
        if !self.rules.keep_litter && litter::is_litter(path, found.file_type().is_dir()) {
            if reach != Reach::Beyond {
                self.litter.insert(path.to_owned());
            }
            return true;
        }
        false
    }

    fn add_one(&mut self, include: &Include, located: &Located, found: &DirEntry, relative: &Path) -> Result<()> {
        let path = found.path();
        let mut parts: Vec<&str> = if located.name.is_empty() { Vec::new() } else { vec![&located.name] };
        for part in relative {
            let not_utf8 = || {
                let message = format!("{}: the name of `{}` is not valid UTF-8", include.origin, path.display());
                Failure::new(ErrorKind::Usage, message).hint("rename it, or leave it out")
            };
            parts.push(part.to_str().ok_or_else(not_utf8)?);
        }
        let name = parts.join("/");
        let kind = found.file_type();
        if kind.is_dir() {
            // One whose contents are all left out by the user is left out with them.
            if !name.is_empty() && self.is_empty(path)? {
                self.folders.insert(include.checked(&name)?.to_string());
            }
            return Ok(());
        }
        if found.path_is_symlink() && self.rules.symlinks == Symlinks::Reject {
            let message = format!("{}: `{}` is a symbolic link", include.origin, path.display());
            return Err(Failure::new(ErrorKind::Usage, message)
                .hint("leave it out, or allow links with `--symlinks preserve` or `--symlinks follow`")
                .into());
        }
        let name = include.checked(&name)?;
        let (source, mode) = if kind.is_symlink() {
            if path.metadata().is_err() {
                let message = format!("{}: `{}` is a broken link", include.origin, path.display());
                self.broken_links.insert(name.as_str().to_owned(), message);
            }
            (EntrySource::Symlink(link_target(include, path)?), Some(mode::LINK))
        } else if kind.is_file() {
            let rule = |rules| mode::by_rule(rules, name.as_str());
            let chosen = rule(&self.rules.modes_by_flag).or(include.mode).or_else(|| rule(&self.rules.modes));
            (EntrySource::Disk(path.to_owned()), chosen.or_else(|| mode::by_name(name.as_str())))
        } else {
            let message = format!("{}: `{}` is no file, folder or symbolic link", include.origin, path.display());
            return Err(Failure::new(ErrorKind::Usage, message).hint("leave it out").into());
        };
        self.entries.push(Entry { name, source, mode });
        Ok(())
    }

    /// Whether nothing is in a folder but what a desktop may have left there unasked.
    fn is_empty(&self, folder: &Path) -> Result<bool> {
        let failed = || format!("failed to read the folder `{}`", folder.display());
        for found in folder.read_dir().or_fail(ErrorKind::Archive, failed)? {
            let path = found.or_fail(ErrorKind::Archive, failed)?.path();
            if self.rules.keep_litter || !litter::is_litter(&path, path.is_dir()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn finish(self) -> Result<Collected> {
        let Self { mut entries, folders, broken_links, litter, own_found, .. } = self;
        let names: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        // Another include may have put something there.
        let stays_empty = |folder: &&String| {
            let prefix = format!("{folder}/");
            !names.range(prefix.as_str()..).next().is_some_and(|name| name.starts_with(&prefix))
        };
        let empty: Vec<_> = folders.iter().filter(stays_empty).collect();
        let mode = Some(mode::PROGRAM);
        let empty =
            empty.into_iter().map(|folder| Ok(Entry { name: folder.parse()?, source: EntrySource::Directory, mode }));
        let empty = empty.collect::<Result<Vec<_>>>()?;
        drop(names);
        entries.extend(empty);
        refuse_stray(&entries, &broken_links)?;
        let entries = sort(entries)?;
        Ok(Collected { entries, litter: litter.into_iter().collect(), own: own_found.into_iter().collect() })
    }
}

/// How a path in a walk stands to the glob that the walk is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It, or a folder that it is in, matches.
    Matched,
    /// It does not match, but what is in it may.
    Ahead,
    /// Neither matches.
    Beyond,
}

impl Reach {
    fn of(relative: &Path, pattern: Option<&Pattern>, depth: usize) -> Self {
        let Some(pattern) = pattern else { return Self::Matched };
        let text = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        let folders = text.match_indices('/').map(|(end, _)| &text[..end]);
        if folders.chain([text.as_str()]).any(|path| !path.is_empty() && pattern.matches(path)) {
            Self::Matched
        } else if pattern.as_str().contains("**") || depth < pattern.as_str().split('/').count() {
            Self::Ahead
        } else {
            Self::Beyond
        }
    }
}

fn link_target(include: &Include, path: &Path) -> Result<String> {
    let target = fs::read_link(path).or_fail(ErrorKind::Archive, || include.origin.clone())?;
    let shown = target.display();
    let Some(text) = target.to_str() else {
        let message = format!("{}: `{}` leads to `{shown}`, which is not valid UTF-8", include.origin, path.display());
        return Err(Failure::new(ErrorKind::Usage, message)
            .hint("pack what it leads to with `--symlinks follow`")
            .into());
    };
    Ok(composed(&with_slashes(text)).into_owned())
}

fn matches_nothing(include: &Include) -> Failure {
    Failure::new(ErrorKind::Usage, format!("{} matches nothing", include.origin))
        .hint(format!("it was looked for in `{}`", include.base.display()))
}

/// A file that a glob would match if it did not tell upper from lower case, nor the ways to write a letter.
fn near_miss(located: &Located) -> Option<PathBuf> {
    let pattern = Pattern::new(&folded(located.pattern.as_ref()?.as_str())).ok()?;
    let found = WalkDir::new(&located.root).min_depth(1).sort_by_file_name().into_iter().flatten();
    let relative = |found: &DirEntry| Some(with_slashes(found.path().strip_prefix(&located.root).ok()?.to_str()?));
    let mut found = found.filter(|found| relative(found).is_some_and(|path| pattern.matches(&folded(&path))));
    found.next().map(DirEntry::into_path)
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename)
}

fn unreadable(include: &Include, error: &walkdir::Error) -> anyhow::Error {
    let path = error.path().unwrap_or(&include.source).display();
    let Include { origin, .. } = include;
    let message = if error.loop_ancestor().is_some() {
        format!("{origin}: the link `{path}` leads to a folder that it is in")
    } else if error.path().is_some_and(Path::is_symlink) {
        format!("{origin}: `{path}` is a broken link")
    } else {
        format!("{origin}: failed to read `{path}`")
    };
    let failure = Failure::new(ErrorKind::Archive, message);
    match error.io_error().map(io::Error::kind) {
        Some(kind) => anyhow::Error::from(io::Error::from(kind)).context(failure),
        None => failure.into(),
    }
}
