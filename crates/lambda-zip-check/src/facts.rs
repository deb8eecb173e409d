//! The entries of a zip, for reports.

use super::ZipView;
use super::contents::Contents;
use crate::elf::Elf;

/// An entry of a zip. Its name comes from the zip: escape it before it reaches a terminal or a page.
#[derive(Debug, Clone, Copy)]
pub struct EntryFacts<'a> {
    /// The name; invalid UTF-8 is replaced.
    pub name: &'a str,
    /// The path that it is unpacked to, relative to the root, without empty parts and `.`.
    pub path: &'a str,
    /// The size in bytes.
    pub size: u64,
    /// The compressed size in bytes.
    pub compressed_size: u64,
    /// The Unix mode with its file type; `None` if the attributes belong to another system.
    pub mode: Option<u32>,
    /// What it contains.
    pub contents: EntryContents<'a>,
}

/// What an entry contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryContents<'a> {
    /// A directory.
    Directory,
    /// A symbolic link with this target.
    Link(&'a str),
    /// An ELF file.
    Elf(&'a Elf),
    /// A script with this interpreter.
    Script(&'a str),
    /// Any other file.
    File,
    /// It cannot be read, or is an executable for another system. A finding says more.
    Broken,
}

impl ZipView {
    /// The entries, in the order of the archive's directory.
    pub fn facts(&self) -> impl Iterator<Item = EntryFacts<'_>> {
        self.entries().map(|(entry, contents)| EntryFacts {
            name: &entry.name,
            path: &entry.path,
            size: entry.size,
            compressed_size: entry.packed_size,
            mode: entry.mode(),
            contents: match contents {
                Contents::Directory => EntryContents::Directory,
                Contents::Link(target) => EntryContents::Link(target),
                Contents::Elf(elf) => EntryContents::Elf(elf),
                Contents::Script(script) => EntryContents::Script(&script.interpreter),
                Contents::PrivateKey | Contents::Empty | Contents::DotNetAssembly | Contents::Other(_) => {
                    EntryContents::File
                }
                Contents::BrokenElf(_)
                | Contents::BrokenLink(_)
                | Contents::MachO
                | Contents::PortableExecutable
                | Contents::Skipped
                | Contents::BeyondBudget
                | Contents::Corrupt(_)
                | Contents::WrongSize
                | Contents::WrongChecksum => EntryContents::Broken,
            },
        })
    }
}
