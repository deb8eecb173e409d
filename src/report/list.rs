//! What would be in a zip, without making it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::json::octal;
use super::{Subject, print_json, print_lines};
use crate::cli::MessageFormat;
use crate::plan::SCHEMA_VERSION;
use deployment_zip::{Entry, EntrySource};

/// The contents of one zip.
#[derive(Debug, Serialize)]
pub(crate) struct ContentsList {
    #[serde(flatten)]
    subject: Subject,
    /// Where the zip would be, absolute.
    path: PathBuf,
    entries: Vec<ListedEntry>,
}

/// One entry.
#[derive(Debug, Serialize)]
struct ListedEntry {
    name: String,
    /// Octal, as `chmod` takes it.
    mode: String,
    /// In bytes; nothing while the file is yet to be built.
    size: Option<u64>,
    /// The path of the file, or in words what it will be made from.
    source: Option<String>,
    /// What a symbolic link leads to.
    link: Option<String>,
}

impl ContentsList {
    /// Lists entries. `built` says in words where contents come from that are not there yet.
    pub(crate) fn new(subject: Subject, path: PathBuf, entries: &[Entry], built: &str) -> Result<Self> {
        let entries = entries.iter().map(|entry| {
            let (size, source, link) = match &entry.source {
                EntrySource::Disk(path) => (size_of(path), Some(path.display().to_string()), None),
                EntrySource::Bytes(_) => (None, Some(built.to_owned()), None),
                EntrySource::Symlink(target) => (Some(target.len() as u64), None, Some(target.clone())),
                EntrySource::Directory => (Some(0), None, None),
            };
            Ok(ListedEntry { name: entry.zip_name(), mode: octal(entry.permissions()?), size, source, link })
        });
        Ok(Self { subject, path, entries: entries.collect::<Result<_>>()? })
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
struct Document<'a> {
    schema_version: u32,
    archives: &'a [ContentsList],
}

/// The lists on stdout, each under the path of its zip when there are several.
pub(crate) fn print_lists(lists: &[ContentsList], format: MessageFormat) -> Result<()> {
    match (format, lists) {
        (MessageFormat::Json, _) => print_json(&Document { schema_version: SCHEMA_VERSION, archives: lists }),
        (MessageFormat::Human, [list]) => print_lines(list.lines()),
        (MessageFormat::Human, lists) => {
            let titled =
                lists.iter().flat_map(|list| std::iter::once(format!("{}:", list.path.display())).chain(list.lines()));
            print_lines(titled)
        }
    }
}
