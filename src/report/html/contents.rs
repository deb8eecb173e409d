//! The entries of a zip, as a page lists them. They come from the zip itself, so a zip that was built looks the same as
//! one that was checked.

use std::path::Path;

use anyhow::Result;

use super::tree::{Leaf, TileKind};
use crate::report::human_bytes;
use lambda_zip_check::elf::{Elf, ElfType};
use lambda_zip_check::{EntryContents, EntryFacts, ZipView};
use lambda_zip_error::fs;

/// A checked zip whose contents go onto a page.
#[derive(Debug)]
pub(crate) struct CheckedContents {
    pub(super) view: ZipView,
    pub(super) code_sha256: String,
}

impl CheckedContents {
    /// Keeps the view of the zip at a path, together with the SHA-256 of the file.
    pub(crate) fn new(path: &Path, view: ZipView) -> Result<Self> {
        let code_sha256 = deployment_zip::code_sha256(fs::open(path)?)?;
        Ok(Self { view, code_sha256 })
    }
}

/// The contents of a zip.
#[derive(Debug)]
pub(super) struct ZipContents<'a> {
    pub(super) size: u64,
    pub(super) unpacked_size: u64,
    /// The SHA-256 in the form of Lambda's `CodeSha256`.
    pub(super) code_sha256: &'a str,
    /// One for each entry, the largest first.
    pub(super) rows: Vec<Row<'a>>,
}

/// An entry.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) facts: EntryFacts<'a>,
    pub(super) kind: TileKind,
}

impl<'a> ZipContents<'a> {
    pub(super) fn new(view: &'a ZipView, code_sha256: &'a str) -> Self {
        let mut rows: Vec<_> = view.facts().map(|facts| Row { facts, kind: kind(facts.contents) }).collect();
        // The sort is stable: entries of the same size keep their order.
        rows.sort_by_key(|row| std::cmp::Reverse(row.facts.size));
        Self { size: view.size(), unpacked_size: view.unpacked_size(), code_sha256, rows }
    }

    /// The files with their sizes, for a map.
    pub(super) fn leaves(&self, weight: Weight) -> impl Iterator<Item = (String, Leaf)> {
        self.rows.iter().enumerate().map(move |(index, row)| {
            let EntryFacts { name, path, size, compressed_size, .. } = row.facts;
            let is_unpacked = weight == Weight::Unpacked;
            let sizes = format!("{} unpacked, {} compressed", human_bytes(size), human_bytes(compressed_size));
            let sections = row.elf().filter(|_| is_unpacked).into_iter().flat_map(|elf| &elf.sections);
            let leaf = Leaf {
                weight: if is_unpacked { size } else { compressed_size },
                kind: row.kind,
                row: index,
                note: format!("{name}: {sizes}"),
                parts: sections.map(|section| (section.name.clone(), section.size)).collect(),
            };
            (path.to_owned(), leaf)
        })
    }
}

impl<'a> Row<'a> {
    pub(super) fn elf(&self) -> Option<&'a Elf> {
        if let EntryContents::Elf(elf) = self.facts.contents { Some(elf) } else { None }
    }
}

/// Which size the area of a tile shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Unpacked,
    Compressed,
}

fn kind(contents: EntryContents<'_>) -> TileKind {
    match contents {
        EntryContents::Elf(elf) if is_library(elf) => TileKind::Library,
        EntryContents::Elf(_) => TileKind::Program,
        EntryContents::Script(_) => TileKind::Script,
        EntryContents::Link(_) => TileKind::Link,
        EntryContents::File | EntryContents::Directory => TileKind::File,
        EntryContents::Broken => TileKind::Broken,
    }
}

/// True for shared libraries. A static position-independent program has the same ELF type, but it has an entry point.
fn is_library(elf: &Elf) -> bool {
    elf.soname.is_some() || elf.kind == ElfType::SharedObject && elf.interpreter.is_none() && elf.entry_point == 0
}
