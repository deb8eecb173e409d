//! What a page shows of one zip's inside, taken from the zip itself: the same for one that was built, packed or checked.

use std::path::Path;

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::tree::{Kind, Leaf};
use crate::report::human_bytes;
use deployment_zip::sha256;
use lambda_zip_check::elf::{Elf, ElfType};
use lambda_zip_check::{EntryContents, EntryFacts, ZipView};
use lambda_zip_error::fs;

/// The inside of a zip.
#[derive(Debug, Clone)]
pub(crate) struct ZipContents {
    pub(super) size: u64,
    pub(super) unpacked_size: u64,
    pub(super) code_sha256: String,
    /// The largest first.
    pub(super) rows: Vec<Row>,
}

/// An entry.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) mode: Option<u32>,
    pub(super) size: u64,
    pub(super) compressed_size: u64,
    pub(super) kind: Kind,
    /// Nothing is to be unpacked: it is a folder.
    pub(super) is_folder: bool,
    pub(super) link: Option<String>,
    pub(super) interpreter: Option<String>,
    pub(super) elf: Option<Elf>,
}

impl ZipContents {
    /// What a view shows, of a zip with this checksum.
    pub(crate) fn of(view: &ZipView, code_sha256: String) -> Self {
        let mut rows: Vec<_> = view.facts().map(row).collect();
        // The sort is stable: among equals the order in the zip stays.
        rows.sort_by_key(|row| std::cmp::Reverse(row.size));
        Self { size: view.size(), unpacked_size: view.unpacked_size(), code_sha256, rows }
    }

    /// The files with their weights in the zip, or when it is unpacked.
    pub(super) fn leaves(&self, weight: Weight) -> impl Iterator<Item = (String, Leaf)> {
        self.rows.iter().enumerate().map(move |(index, row)| {
            let is_unpacked = weight == Weight::Unpacked;
            let sizes = format!("{} unpacked, {} compressed", human_bytes(row.size), human_bytes(row.compressed_size));
            let sections = row.elf.iter().filter(|_| is_unpacked).flat_map(|elf| &elf.sections);
            let leaf = Leaf {
                weight: if is_unpacked { row.size } else { row.compressed_size },
                kind: row.kind,
                row: index,
                note: format!("{}: {sizes}", row.name),
                parts: sections.map(|section| (section.name.clone(), section.size)).collect(),
            };
            (row.path.clone(), leaf)
        })
    }
}

/// What the area of a tile stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Unpacked,
    Compressed,
}

fn row(facts: EntryFacts<'_>) -> Row {
    let EntryFacts { name, path, size, compressed_size, mode, contents } = facts;
    let kind = match contents {
        EntryContents::Elf(elf) if is_library(elf) => Kind::Library,
        EntryContents::Elf(_) => Kind::Program,
        EntryContents::Script(_) => Kind::Script,
        EntryContents::Link(_) => Kind::Link,
        EntryContents::File | EntryContents::Directory => Kind::File,
        EntryContents::Broken => Kind::Broken,
    };
    Row {
        name: name.to_owned(),
        path: path.to_owned(),
        mode,
        size,
        compressed_size,
        kind,
        is_folder: contents == EntryContents::Directory,
        link: if let EntryContents::Link(target) = contents { Some(target.to_owned()) } else { None },
        interpreter: if let EntryContents::Script(program) = contents { Some(program.to_owned()) } else { None },
        elf: if let EntryContents::Elf(elf) = contents { Some(elf.clone()) } else { None },
    }
}

/// A static program that can be loaded anywhere is a shared object by its type, but it starts somewhere.
fn is_library(elf: &Elf) -> bool {
    elf.soname.is_some() || elf.kind == ElfType::SharedObject && elf.interpreter.is_none() && elf.entry_point == 0
}

/// The SHA-256 of a file as Lambda gives it in `CodeSha256`.
pub(crate) fn code_sha256(path: &Path) -> Result<String> {
    Ok(BASE64_STANDARD.encode(sha256(fs::open(path)?)?))
}
