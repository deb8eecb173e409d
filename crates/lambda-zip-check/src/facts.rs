//! What a view of a zip holds, for whoever wants to show it.

use super::ZipView;
use super::contents::Contents;
use crate::elf::Elf;

/// An entry of a zip, whoever made it: nothing about the name is safe to trust.
#[derive(Debug, Clone, Copy)]
pub struct EntryFacts<'a> {
    /// The name in the directory; what is not UTF-8 is replaced.
    pub name: &'a str,
    /// The path below the root to which it is unpacked: no empty parts, no `.`.
    pub path: &'a str,
    /// Bytes when unpacked.
    pub size: u64,
    /// Bytes in the zip.
    pub compressed_size: u64,
    /// The Unix mode with its type bits; `None` if the entry was made for another system.
    pub mode: Option<u32>,
    /// What it holds.
    pub contents: EntryContents<'a>,
}

/// What an entry holds, as far as a reader cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryContents<'a> {
    /// Nothing: it is a folder.
    Folder,
    /// A symbolic link to this target.
    Link(&'a str),
    /// An ELF file.
    Elf(&'a Elf),
    /// A script with this interpreter.
    Script(&'a str),
    /// An ordinary file.
    File,
    /// It cannot be read, or is an executable that Linux does not run; the rules say more.
    Broken,
}

impl ZipView {
    /// The entries, in the directory's order.
    pub fn facts(&self) -> impl Iterator<Item = EntryFacts<'_>> {
        self.entries().map(|(entry, contents)| EntryFacts {
            name: &entry.name,
            path: &entry.path,
            size: entry.size,
            compressed_size: entry.packed_size,
            mode: entry.mode(),
            contents: match contents {
                Contents::Folder => EntryContents::Folder,
                Contents::Link(target) => EntryContents::Link(target),
                Contents::Elf(elf) => EntryContents::Elf(elf),
                Contents::Script(script) => EntryContents::Script(&script.interpreter),
                Contents::PrivateKey | Contents::Empty | Contents::Other => EntryContents::File,
                Contents::BrokenElf(_)
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
