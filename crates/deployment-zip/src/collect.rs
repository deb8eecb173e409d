//! Finds the entries for the files, directories and globs that a user names.
//!
//! The result depends on names, not on contents: the files are not read. Wrong names and links are reported here, with
//! their paths, before anything is built or written.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;
use walkdir::{DirEntry, WalkDir};

use super::default_excludes::is_excluded_by_default;
use super::entry::{Entry, EntrySource, SortedEntries, sort};
use super::include::{FileRules, Include, ResolvedInclude, lexically_normal};
use super::mode;
use super::output_paths::OutputPaths;
use super::pattern::Pattern;
use super::spelling::{composed, folded};
use super::symlink::{Symlinks, refuse_dangling};
use crate::platform::with_slashes;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// The entries of a zip that is to be written, and the files that were left out.
#[derive(Debug)]
pub struct Collected {
    /// The entries, in the order of the archive.
    pub entries: SortedEntries,
    /// The files and directories that were left out by default.
    pub default_excluded: Vec<PathBuf>,
    /// The files of the run itself that were left out.
    pub excluded_outputs: Vec<PathBuf>,
    /// The directories of the run itself that were left out.
    pub excluded_directories: Vec<PathBuf>,
}

impl Collected {
    /// The files from which contents are read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.entries.entries().iter().filter_map(Entry::file)
    }
}

impl FileRules {
    /// Finds the files, and sorts them together with `given`, the entries that are packed in any case.
    ///
    /// A wrong name is a failure of kind [`ErrorKind::Usage`], an unreadable file one of kind [`ErrorKind::Archive`].
    pub fn collect(&self, given: Vec<Entry>, outputs: &OutputPaths) -> Result<Collected> {
        let mut collector = Collector {
            rules: self,
            outputs,
            entries: given,
            directories: BTreeSet::new(),
            broken_links: BTreeMap::new(),
            default_excluded: BTreeSet::new(),
            excluded_outputs: BTreeSet::new(),
            excluded_directories: BTreeSet::new(),
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
    outputs: &'a OutputPaths,
    entries: Vec<Entry>,
    /// The names of empty directories, which need entries of their own.
    directories: BTreeSet<String>,
    /// A message for each link, by its name in the zip, whose target does not exist on the disk. It may exist in the zip.
    broken_links: BTreeMap<String, String>,
    default_excluded: BTreeSet<PathBuf>,
    excluded_outputs: BTreeSet<PathBuf>,
    excluded_directories: BTreeSet<PathBuf>,
}

impl Collector<'_> {
    fn add(&mut self, include: &Include) -> Result<()> {
        let resolved = include.resolve()?;
        if let Some(other) = &resolved.other_spelling {
            return Err(matches_nothing(include).hint(other.to_string()).into());
        }
        if resolved.root.symlink_metadata().is_err_and(|error| is_absence(&error)) {
            return Err(matches_nothing(include).into());
        }
        if resolved.pattern.is_none() && self.outputs.writes(&lexically_normal(&resolved.root)) {
            let message = format!("{} is the output file", include.origin);
            return Err(Failure::new(ErrorKind::Usage, message).hint("write another file with `--output`").into());
        }
        if resolved.root.ancestors().any(|path| self.is_excluded_by_user(path)) {
            return Ok(());
        }
        let excluded_before = self.default_excluded.len();
        if self.walk(include, &resolved)? {
            return Ok(());
        }
        let failure = matches_nothing(include);
        if self.default_excluded.len() > excluded_before {
            let hint = "all matching files are left out by default: add `--no-default-excludes` to pack them";
            return Err(failure.hint(hint).into());
        }
        Err(match near_miss(&resolved) {
            Some(path) => failure.hint(format!(
                "`{}` differs from it only by upper and lower case, or by how its letters are composed",
                path.display()
            )),
            None => failure,
        }
        .into())
    }

    /// Adds what is at and below the root of an include. Returns whether anything matched.
    fn walk(&mut self, include: &Include, resolved: &ResolvedInclude) -> Result<bool> {
        let follow = self.rules.symlinks == Symlinks::Follow;
        let walk = WalkDir::new(&resolved.root)
            .follow_links(follow)
            .follow_root_links(follow || resolved.pattern.is_some())
            .sort_by_file_name();
        let mut walk = walk.into_iter();
        let mut matched = false;
        let mut through_links = PathsThroughLinks::default();
        while let Some(found) = walk.next() {
            let found = found.map_err(|error| unreadable(include, &error))?;
            through_links.count(include, &found)?;
            let relative = found.path().strip_prefix(&resolved.root).unwrap_or(Path::new(""));
            let reach = Reach::of(relative, resolved.pattern.as_ref(), found.depth());
            let is_directory = found.file_type().is_dir();
            if self.is_left_out(&found, reach) || (reach == Reach::Outside && is_directory) {
                if is_directory {
                    walk.skip_current_dir();
                }
                // An include matches even if the user excludes all of its files.
                matched |= reach == Reach::Matched && !self.default_excluded.contains(found.path());
                continue;
            }
            if reach == Reach::Matched {
                matched = true;
                self.add_one(include, resolved, &found, relative)?;
            }
        }
        Ok(matched)
    }

    fn is_excluded_by_user(&self, path: &Path) -> bool {
        self.rules.excludes.iter().any(|exclude| exclude.applies_to(path))
    }

    fn is_excluded_by_default(&self, path: &Path, is_directory: bool) -> bool {
        !self.rules.no_default_excludes && is_excluded_by_default(path, is_directory)
    }

    /// Whether something below the root of an include is left out, and records why.
    fn is_left_out(&mut self, found: &DirEntry, reach: Reach) -> bool {
        if found.depth() == 0 {
            return false;
        }
        let path = found.path();
        if self.is_excluded_by_user(path) {
            return true;
        }
        if self.outputs.contains(&lexically_normal(path)) {
            if reach == Reach::Matched {
                self.excluded_outputs.insert(path.to_owned());
            }
            return true;
        }
        if self.outputs.is_directory(&lexically_normal(path)) {
            if reach != Reach::Outside {
                self.excluded_directories.insert(path.to_owned());
            }
            return true;
        }
        if self.is_excluded_by_default(path, found.file_type().is_dir()) {
            if reach != Reach::Outside {
                self.default_excluded.insert(path.to_owned());
            }
            return true;
        }
        false
    }

    fn add_one(
        &mut self,
        include: &Include,
        resolved: &ResolvedInclude,
        found: &DirEntry,
        relative: &Path,
    ) -> Result<()> {
        let path = found.path();
        let name = name_in_zip(include, resolved, path, relative)?;
        let kind = found.file_type();
        if kind.is_dir() {
            // A directory that is empty because the user excluded its files gets no entry.
            if !name.is_empty() && self.is_empty(path)? {
                self.directories.insert(include.entry_name(&name)?.to_string());
            }
            return Ok(());
        }
        if found.path_is_symlink() && self.rules.symlinks == Symlinks::Reject {
            let message = format!("{}: `{}` is a symbolic link", include.origin, path.display());
            return Err(Failure::new(ErrorKind::Usage, message)
                .hint("exclude it, or allow links with `--symlinks preserve` or `--symlinks follow`")
                .into());
        }
        let name = include.entry_name(&name)?;
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
            let (origin, shown, kind) = (&include.origin, path.display(), fs::describe(kind));
            let message = format!("{origin}: `{shown}` is {kind}, not a file, directory or symbolic link");
            return Err(Failure::new(ErrorKind::Usage, message).hint("exclude it").into());
        };
        self.entries.push(Entry { name, source, mode });
        Ok(())
    }

    /// Whether a directory contains nothing, or only files that are left out by default.
    fn is_empty(&self, directory: &Path) -> Result<bool> {
        let failed = || format!("failed to read the directory `{}`", directory.display());
        for found in directory.read_dir().or_fail(ErrorKind::Archive, failed)? {
            let path = found.or_fail(ErrorKind::Archive, failed)?.path();
            if !self.is_excluded_by_default(&path, path.is_dir()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn finish(self) -> Result<Collected> {
        let Self { mut entries, directories, broken_links, default_excluded, .. } = self;
        let (excluded_outputs, excluded_directories) = (self.excluded_outputs, self.excluded_directories);
        let empty = still_empty(&directories, &entries)?;
        entries.extend(empty);
        refuse_dangling(&entries, &broken_links)?;
        Ok(Collected {
            entries: sort(entries)?,
            default_excluded: default_excluded.into_iter().collect(),
            excluded_outputs: excluded_outputs.into_iter().collect(),
            excluded_directories: excluded_directories.into_iter().collect(),
        })
    }
}

/// Entries for the directories into which no other include put anything.
fn still_empty(directories: &BTreeSet<String>, entries: &[Entry]) -> Result<Vec<Entry>> {
    let names: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    let is_empty = |directory: &&String| {
        let prefix = format!("{directory}/");
        !names.range(prefix.as_str()..).next().is_some_and(|name| name.starts_with(&prefix))
    };
    let entry = |directory: &String| {
        Ok(Entry { name: directory.parse()?, source: EntrySource::Directory, mode: Some(mode::PROGRAM) })
    };
    directories.iter().filter(is_empty).map(entry).collect()
}

/// The name in the zip for a path below the root of an include. Empty for the root itself if its contents go to the top
/// level.
fn name_in_zip(include: &Include, resolved: &ResolvedInclude, path: &Path, relative: &Path) -> Result<String> {
    let mut parts: Vec<&str> = if resolved.name.is_empty() { Vec::new() } else { vec![&resolved.name] };
    for part in relative {
        let not_utf8 = || {
            let message = format!("{}: the name of `{}` is not valid UTF-8", include.origin, path.display());
            Failure::new(ErrorKind::Usage, message).hint("rename it, or exclude it")
        };
        parts.push(part.to_str().ok_or_else(not_utf8)?);
    }
    Ok(parts.join("/"))
}

/// Bounds a walk that follows links. Links that point to each other's directories can give a small tree more paths than any
/// disk has files: ten directories with ten links each to the next have ten billion.
#[derive(Default)]
struct PathsThroughLinks {
    count: usize,
    /// The depth of the link below which the walk is.
    depth: Option<usize>,
}

impl PathsThroughLinks {
    /// More than a zip can have entries, since directories and excluded files are paths, too.
    const LIMIT: usize = 100_000;

    fn count(&mut self, include: &Include, found: &DirEntry) -> Result<()> {
        if self.depth.is_some_and(|depth| found.depth() <= depth) {
            self.depth = None;
        }
        let is_followed_link = found.path_is_symlink() && found.file_type().is_dir();
        if self.depth.is_none() && found.depth() > 0 && is_followed_link {
            self.depth = Some(found.depth());
        }
        self.count += usize::from(self.depth.is_some());
        if self.count <= Self::LIMIT {
            return Ok(());
        }
        let (origin, limit) = (&include.origin, Self::LIMIT);
        let message = format!("{origin}: following symbolic links leads to more than {limit} paths");
        Err(Failure::new(ErrorKind::Usage, message)
            .hint("exclude links, or keep them as links with `--symlinks preserve`")
            .into())
    }
}

/// How a path in a walk relates to the glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The path, or a directory that contains it, matches.
    Matched,
    /// The path does not match, but its contents may.
    Above,
    /// Neither the path nor its contents match.
    Outside,
}

impl Reach {
    fn of(relative: &Path, pattern: Option<&Pattern>, depth: usize) -> Self {
        let Some(pattern) = pattern else { return Self::Matched };
        let text = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        let directories = text.match_indices('/').map(|(end, _)| &text[..end]);
        if directories.chain([text.as_str()]).any(|path| !path.is_empty() && pattern.matches(path)) {
            Self::Matched
        } else if pattern.as_str().contains("**") || depth < pattern.as_str().split('/').count() {
            Self::Above
        } else {
            Self::Outside
        }
    }
}

fn link_target(include: &Include, path: &Path) -> Result<String> {
    let target = fs::read_link(path).or_fail(ErrorKind::Archive, || include.origin.clone())?;
    let shown = target.display();
    let Some(text) = target.to_str() else {
        let message = format!("{}: `{}` links to `{shown}`, which is not valid UTF-8", include.origin, path.display());
        return Err(Failure::new(ErrorKind::Usage, message)
            .hint("pack the target in its place with `--symlinks follow`")
            .into());
    };
    Ok(composed(&with_slashes(text)).into_owned())
}

fn matches_nothing(include: &Include) -> Failure {
    Failure::new(ErrorKind::Usage, format!("{} matches nothing", include.origin))
        .hint(format!("looked in `{}`", include.base.display()))
}

/// A file that a glob would match if case and the composition of letters did not matter.
fn near_miss(resolved: &ResolvedInclude) -> Option<PathBuf> {
    let pattern = Pattern::new(&folded(resolved.pattern.as_ref()?.as_str())).ok()?;
    let found = WalkDir::new(&resolved.root).min_depth(1).sort_by_file_name().into_iter().flatten();
    let relative = |found: &DirEntry| Some(with_slashes(found.path().strip_prefix(&resolved.root).ok()?.to_str()?));
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
        format!("{origin}: the link `{path}` points to a directory that contains it")
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
