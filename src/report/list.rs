//! The result of `--list`: what would be in each zip.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::json::octal;
use super::{ZipDescription, print_json, print_lines};
use crate::cli::MessageFormat;
use crate::plan::SCHEMA_VERSION;
use deployment_zip::{Entry, EntrySource};

/// The contents of one zip.
#[derive(Debug, Serialize)]
pub(crate) struct ContentsList {
    #[serde(flatten)]
    description: ZipDescription,
    /// The absolute path that the zip would have.
    path: PathBuf,
    entries: Vec<ListedEntry>,
}

/// One entry.
#[derive(Debug, Serialize)]
struct ListedEntry {
    name: String,
    /// Octal, as `chmod` takes it.
    mode: String,
    /// In bytes; `None` for a file that is not built yet.
    size: Option<u64>,
    /// The path of the file, or a description of what will build it.
    source: Option<String>,
    /// The target of a symbolic link.
    link: Option<String>,
}

impl ContentsList {
    /// Lists entries. `built` describes the source of files that are not built yet.
    pub(crate) fn new(description: ZipDescription, path: PathBuf, entries: &[Entry], built: &str) -> Result<Self> {
        let entries = entries.iter().map(|entry| {
            let (size, source, link) = match &entry.source {
                EntrySource::Disk(path) => (size_of(path), Some(path.display().to_string()), None),
                EntrySource::Bytes(_) => (None, Some(built.to_owned()), None),
                EntrySource::Symlink(target) => (Some(target.len() as u64), None, Some(target.clone())),
                EntrySource::Directory => (Some(0), None, None),
            };
            Ok(ListedEntry { name: entry.zip_name(), mode: octal(entry.permissions()?), size, source, link })
        });
        Ok(Self { description, path, entries: entries.collect::<Result<_>>()? })
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        let size = |entry: &ListedEntry| entry.size.map_or("-".to_owned(), |size| size.to_string());
        let width = self.entries.iter().map(|entry| size(entry).len()).max().unwrap_or_default();
        self.entries.iter().map(move |entry| {
            let ListedEntry { name, mode, source, link, .. } = entry;
            let link = link.iter().map(|target| format!(" -> {target}"));
            let origin: String = link.chain(source.iter().map(|source| format!("  ({source})"))).collect();
            format!("{mode} {:>width$} {name}{origin}", size(entry))
        })
    }
}

fn size_of(path: &Path) -> Option<u64> {
    path.metadata().ok().map(|metadata| metadata.len())
}

#[derive(Serialize)]
struct ListDocument<'a> {
    schema_version: u32,
    archives: &'a [ContentsList],
}

/// Prints the lists. Several lists are printed below the paths of their zips.
pub(crate) fn print_lists(lists: &[ContentsList], format: MessageFormat) -> Result<()> {
    match (format, lists) {
        (MessageFormat::Json, _) => print_json(&ListDocument { schema_version: SCHEMA_VERSION, archives: lists }),
        (MessageFormat::Human, [list]) => print_lines(list.lines()),
        (MessageFormat::Human, lists) => {
            let titled =
                lists.iter().flat_map(|list| std::iter::once(format!("{}:", list.path.display())).chain(list.lines()));
            print_lines(titled)
        }
    }
}
