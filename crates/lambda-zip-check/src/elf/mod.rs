//! Reads what decides whether a Lambda runtime can load an ELF file: its target, loader, libraries and symbol versions.
//!
//! The file may be hostile and large. Nothing here panics, every table is read up to a fixed limit, and the file is read in
//! pieces, never as a whole.

mod dynamic;
mod strip;
mod version;

use std::fmt;
use std::io::{Read, Seek};

use object::Endianness;
use object::elf as constants;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::read::{ReadCache, ReadCacheOps, ReadRef};

use lambda_platform::{Arch, SymbolVersion};

pub use strip::strip;
pub use version::VersionNeed;

/// The first bytes of every ELF file.
pub const MAGIC: [u8; 4] = constants::ELFMAG;

/// The largest note segment, dynamic table or version table that is read. Real ones are far smaller.
const TABLE_LIMIT: u64 = 1 << 20;

/// The longest path that Linux accepts, in bytes.
const PATH_LIMIT: u64 = 4096;

/// How many note segments are read. Linkers write fewer.
const NOTE_SEGMENTS_LIMIT: usize = 16;

/// How many sections are kept, the largest first.
const SECTIONS_LIMIT: usize = 48;

/// How much of a section's name is kept, in bytes.
const SECTION_NAME_LIMIT: usize = 64;

/// Why an ELF file cannot be read. The text continues a sentence about the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElfError(&'static str);

impl fmt::Display for ElfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ElfError {}

/// The type of an ELF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElfType {
    /// A program with fixed addresses (`ET_EXEC`).
    Executable,
    /// A position-independent program, or a shared library (`ET_DYN`).
    SharedObject,
    /// An object file, a core dump or an unknown type: the kernel does not start it.
    Other(u16),
}

/// A section of an ELF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The name, such as `.text`.
    pub name: String,
    /// Its size in the file, in bytes.
    pub size: u64,
}

/// The parts of an ELF file that a loader looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elf {
    /// Whether its addresses have 64 bits rather than 32.
    pub is_64: bool,
    /// Whether its numbers are little-endian.
    pub is_little_endian: bool,
    /// The number of the processor, `e_machine`.
    pub machine: u16,
    /// The type of the file.
    pub kind: ElfType,
    /// The address where a program starts. 0 in most libraries.
    pub entry_point: u64,
    /// The loader that the kernel starts first (`PT_INTERP`). `None` in a static executable and in most libraries.
    pub interpreter: Option<String>,
    /// The libraries that it asks the loader for (`DT_NEEDED`), in order.
    pub needed: Vec<String>,
    /// The name that others use to ask for this library (`DT_SONAME`).
    pub soname: Option<String>,
    /// `DT_RPATH`, split at its colons.
    pub rpath: Vec<String>,
    /// `DT_RUNPATH`, split at its colons.
    pub runpath: Vec<String>,
    /// Whether it is marked as a position-independent program (`DF_1_PIE`), which tells it from a shared library.
    pub is_pie: bool,
    /// The symbol versions that the loader requires, in the file's order.
    pub version_needs: Vec<VersionNeed>,
    /// The build id in hexadecimal digits.
    pub build_id: Option<String>,
    /// The size of the debug information in bytes. Nothing reads it at run time.
    pub debug_size: u64,
    /// The largest sections, the largest first.
    pub sections: Vec<Section>,
    /// Whether it asks for an executable stack.
    pub executable_stack: bool,
}

impl Elf {
    /// Reads an ELF file. A file that is truncated, or whose tables point outside of it, is an error.
    pub fn read(file: impl Read + Seek) -> Result<Self, ElfError> {
        let cache = ReadCache::new(file);
        let identity = (&cache).read_bytes_at(0, 16).map_err(|()| ElfError("it is shorter than an ELF header"))?;
        if !identity.starts_with(&MAGIC) {
            return Err(ElfError("it does not start with the ELF magic number"));
        }
        match identity[4] {
            1 => read_class::<constants::FileHeader32<Endianness>, _>(&cache),
            2 => read_class::<constants::FileHeader64<Endianness>, _>(&cache),
            _ => Err(ElfError("its class is neither 32-bit nor 64-bit")),
        }
    }

    /// The Lambda architecture that it runs on. `None` for any other processor, word size or byte order.
    #[must_use]
    pub fn arch(&self) -> Option<Arch> {
        let is_supported = self.is_64 && self.is_little_endian;
        match constants::Machine(self.machine) {
            constants::EM_X86_64 if is_supported => Some(Arch::X86_64),
            constants::EM_AARCH64 if is_supported => Some(Arch::Arm64),
            _ => None,
        }
    }

    /// Whether it was linked as a program rather than a library. A library may have a loader or an entry point too, as
    /// glibc's own have; those have a name for others to ask for.
    #[must_use]
    pub fn is_program(&self) -> bool {
        let is_marked = self.kind == ElfType::Executable || self.interpreter.is_some() || self.is_pie;
        is_marked && self.soname.is_none()
    }

    /// The highest symbol version that it needs with this prefix, such as `GLIBC`.
    #[must_use]
    pub fn highest_need(&self, prefix: &str) -> Option<(&VersionNeed, SymbolVersion)> {
        let versions = self.version_needs.iter().filter_map(|need| Some((need, need.number_after(prefix)?)));
        // The first of equal versions wins, so that the result does not depend on `max_by_key`'s choice.
        versions.fold(None, |best, next| match best {
            Some((_, version)) if version >= next.1 => best,
            _ => Some(next),
        })
    }
}

fn read_class<Header: FileHeader<Endian = Endianness>, R: ReadCacheOps>(cache: &ReadCache<R>) -> Result<Elf, ElfError> {
    let header = Header::parse(cache).map_err(|_| ElfError("its header is truncated or invalid"))?;
    let endian = header.endian().map_err(|_| ElfError("its byte order is unknown"))?;
    if header.e_phnum(endian) == u16::MAX {
        return Err(ElfError("it has more program headers than any real program"));
    }
    let segments =
        header.program_headers(endian, cache).map_err(|_| ElfError("its program headers lie outside the file"))?;
    let sections = sections(header, endian, cache);
    let debug = sections.iter().filter(|section| is_debug(&section.name));
    let debug_size = debug.fold(0, |sum: u64, section| sum.saturating_add(section.size));
    let mut elf = Elf {
        is_64: header.is_class_64(),
        is_little_endian: header.is_little_endian(),
        machine: header.e_machine(endian).0,
        kind: match header.e_type(endian) {
            constants::ET_EXEC => ElfType::Executable,
            constants::ET_DYN => ElfType::SharedObject,
            other => ElfType::Other(other.0),
        },
        entry_point: header.e_entry(endian).into(),
        interpreter: None,
        needed: Vec::new(),
        soname: None,
        rpath: Vec::new(),
        runpath: Vec::new(),
        is_pie: false,
        version_needs: Vec::new(),
        build_id: None,
        debug_size,
        sections,
        executable_stack: false,
    };
    elf.sections.truncate(SECTIONS_LIMIT);
    let length = cache.len().map_err(|()| ElfError("its size is unknown"))?;
    let mut notes_left = NOTE_SEGMENTS_LIMIT;
    for segment in segments {
        match segment.p_type(endian) {
            // The kernel maps these bytes; touching a page past the end of the file kills the program.
            constants::PT_LOAD if end_of(segment, endian) > length => {
                return Err(ElfError("it is truncated: a segment reaches past its end"));
            }
            constants::PT_INTERP => elf.interpreter = Some(interpreter(segment, endian, cache)?),
            constants::PT_GNU_STACK => {
                elf.executable_stack = segment.p_flags(endian).0 & constants::PF_X.0 != 0;
            }
            constants::PT_NOTE if notes_left > 0 && elf.build_id.is_none() => {
                notes_left -= 1;
                elf.build_id = build_id(segment, endian, cache);
            }
            constants::PT_DYNAMIC => dynamic::read(&mut elf, segment, segments, endian, cache)?,
            _ => {}
        }
    }
    Ok(elf)
}

fn interpreter<'data, Segment, R>(segment: &Segment, endian: Endianness, data: R) -> Result<String, ElfError>
where
    Segment: ProgramHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    if segment.p_filesz(endian).into() > PATH_LIMIT {
        return Err(ElfError("its interpreter is longer than a path can be"));
    }
    match segment.interpreter(endian, data) {
        Ok(Some(path)) => Ok(String::from_utf8_lossy(path).into_owned()),
        _ => Err(ElfError("its interpreter lies outside the file or does not end")),
    }
}

/// Where a segment ends in the file.
fn end_of<Segment: ProgramHeader<Endian = Endianness>>(segment: &Segment, endian: Endianness) -> u64 {
    Into::<u64>::into(segment.p_offset(endian)).saturating_add(segment.p_filesz(endian).into())
}

/// Only people read a build id, so a damaged note is no reason to refuse the file.
fn build_id<'data, Segment, R>(segment: &Segment, endian: Endianness, data: R) -> Option<String>
where
    Segment: ProgramHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    if segment.p_filesz(endian).into() > TABLE_LIMIT {
        return None;
    }
    let mut notes = segment.notes(endian, data).ok()??;
    while let Ok(Some(note)) = notes.next() {
        if note.name() == b"GNU" && note.n_type(endian) == constants::NT_GNU_BUILD_ID {
            return Some(note.desc().iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}")));
        }
    }
    None
}

/// The sections with bytes in the file, the largest first. Only debuggers and linkers read them, not the loader: a table
/// that cannot be read counts as empty.
fn sections<'data, Header, R>(header: &Header, endian: Endianness, data: R) -> Vec<Section>
where
    Header: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    // 0 means that the count is stored elsewhere, without a limit. Only object files have so many sections.
    if header.e_shnum(endian) == 0 {
        return Vec::new();
    }
    let Ok(table) = header.sections(endian, data) else { return Vec::new() };
    let in_file = table.iter().filter(|section| section.sh_type(endian) != constants::SHT_NOBITS);
    let named = in_file.filter_map(|section| {
        let name = table.section_name(endian, section).ok()?;
        let name = String::from_utf8_lossy(&name[..name.len().min(SECTION_NAME_LIMIT)]).into_owned();
        Some(Section { name, size: section.sh_size(endian).into() }).filter(|section| section.size > 0)
    });
    let mut sections: Vec<_> = named.collect();
    // The sort is stable: sections of equal size keep the order of the file.
    sections.sort_by_key(|section| std::cmp::Reverse(section.size));
    sections
}

fn is_debug(section: &str) -> bool {
    section.starts_with(".debug_") || section.starts_with(".zdebug_")
}
