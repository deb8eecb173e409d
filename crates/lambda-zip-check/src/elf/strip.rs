//! Removes symbols and debug information from an executable, as `strip` does. A machine that builds for Lambda does not
//! need the binutils of its target.
//!
//! Segments hold everything that is loaded, and linkers place them first. So the stripped executable is the file up to the
//! end of the last segment, followed by a new section table.

use std::io::{self, Read, Seek, SeekFrom, Write};

use object::LittleEndian;
use object::elf::{self, FileHeader64, ProgramHeader64, SectionHeader64};
use object::pod::{Pod, bytes_of, from_bytes};

/// Executables for Lambda are little-endian.
const E: LittleEndian = LittleEndian;

/// The largest table that is read into memory.
const NAMES_LIMIT: u64 = 1 << 20;

/// Writes a copy of an executable without symbols and debug information. The build id stays: a debugger uses it to find
/// them in the original.
pub fn strip(mut file: impl Read + Seek, mut stripped: impl Write) -> io::Result<()> {
    let mut header: FileHeader64<LittleEndian> = read_one(&mut file, 0)?;
    let is_supported = header.e_ident.magic == elf::ELFMAG
        && header.e_ident.class == elf::ELFCLASS64
        && header.e_ident.data == elf::ELFDATA2LSB;
    if !is_supported {
        return Err(invalid("it is not a little-endian 64-bit ELF file"));
    }
    let segments: Vec<ProgramHeader64<LittleEndian>> =
        read_table(&mut file, header.e_phoff.get(E), header.e_phnum.get(E))?;
    let sections: Vec<SectionHeader64<LittleEndian>> =
        read_table(&mut file, header.e_shoff.get(E), header.e_shnum.get(E))?;
    if segments.is_empty() || sections.is_empty() {
        return Err(invalid("it has no segment table or no section table"));
    }

    let ends = segments.iter().map(|segment| segment.p_offset.get(E).saturating_add(segment.p_filesz.get(E)));
    let table_size = u64::from(header.e_phnum.get(E)) * size_of::<ProgramHeader64<LittleEndian>>() as u64;
    let headers_end =
        (size_of::<FileHeader64<LittleEndian>>() as u64).max(header.e_phoff.get(E).saturating_add(table_size));
    let loaded = ends.fold(headers_end, u64::max);
    if loaded > file.seek(SeekFrom::End(0))? {
        return Err(invalid("a segment reaches past the end of the file"));
    }

    let (table, names) = kept_sections(&mut file, &header, sections, loaded)?;
    let names_offset = loaded;
    let table_offset = (names_offset + names.len() as u64).next_multiple_of(8);
    let count = u16::try_from(table.len()).map_err(|_| invalid("it has too many sections"))?;
    header.e_shoff.set(E, table_offset);
    header.e_shnum.set(E, count);
    header.e_shstrndx.set(E, elf::SymbolSection(count - 1));

    stripped.write_all(bytes_of(&header))?;
    let header_size = size_of::<FileHeader64<LittleEndian>>() as u64;
    file.seek(SeekFrom::Start(header_size))?;
    let copied = io::copy(&mut file.take(loaded - header_size), &mut stripped)?;
    if copied != loaded - header_size {
        return Err(invalid("a segment reaches past the end of the file"));
    }
    stripped.write_all(&names)?;
    let padding = table_offset - names_offset - names.len() as u64;
    io::copy(&mut io::repeat(0).take(padding), &mut stripped)?;
    for section in &table {
        stripped.write_all(bytes_of(section))?;
    }
    stripped.flush()
}

/// The loaded sections followed by one for their names, and the names.
///
/// Symbols refer to sections by their index. So a section that is removed between two others leaves an empty one.
fn kept_sections(
    file: &mut (impl Read + Seek),
    header: &FileHeader64<LittleEndian>,
    mut sections: Vec<SectionHeader64<LittleEndian>>,
    loaded: u64,
) -> io::Result<(Vec<SectionHeader64<LittleEndian>>, Vec<u8>)> {
    let old_names =
        sections.get(usize::from(header.e_shstrndx.get(E).0)).ok_or_else(|| invalid("its sections have no names"))?;
    let old_names = read_bytes(file, old_names.sh_offset.get(E), old_names.sh_size.get(E))?;
    let is_loaded = |section: &SectionHeader64<LittleEndian>| section.sh_flags.get(E).0 & elf::SHF_ALLOC.0 != 0;
    let kept = sections.iter().rposition(is_loaded).map_or(1, |last| last + 1);
    sections.truncate(kept);

    let mut names = vec![0];
    for section in sections.iter_mut().skip(1) {
        if !is_loaded(section) {
            *section = empty_section();
            continue;
        }
        let name = old_names.get(section.sh_name.get(E) as usize..).unwrap_or_default();
        let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
        section.sh_name.set(E, offset(&names)?);
        names.extend_from_slice(name);
        names.push(0);
        if section.sh_link.get(E) as usize >= kept {
            section.sh_link.set(E, 0);
        }
    }
    let mut names_section = empty_section();
    names_section.sh_name.set(E, offset(&names)?);
    names.extend_from_slice(b".shstrtab\0");
    names_section.sh_type.set(E, elf::SHT_STRTAB);
    names_section.sh_offset.set(E, loaded);
    names_section.sh_size.set(E, names.len() as u64);
    names_section.sh_addralign.set(E, 1);
    sections.push(names_section);
    Ok((sections, names))
}

fn empty_section() -> SectionHeader64<LittleEndian> {
    let zeros = [0; size_of::<SectionHeader64<LittleEndian>>()];
    *from_bytes::<SectionHeader64<LittleEndian>>(&zeros).expect("the array has the size of the header").0
}

fn offset(names: &[u8]) -> io::Result<u32> {
    u32::try_from(names.len()).map_err(|_| invalid("its section names are too long"))
}

fn read_one<T: Pod>(file: &mut (impl Read + Seek), offset: u64) -> io::Result<T> {
    let bytes = read_bytes(file, offset, size_of::<T>() as u64)?;
    Ok(*from_bytes::<T>(&bytes).map_err(|()| invalid("it is truncated"))?.0)
}

fn read_table<T: Pod>(file: &mut (impl Read + Seek), offset: u64, count: u16) -> io::Result<Vec<T>> {
    let size = size_of::<T>() as u64;
    (0..u64::from(count)).map(|index| read_one(file, offset.saturating_add(index * size))).collect()
}

fn read_bytes(file: &mut (impl Read + Seek), offset: u64, size: u64) -> io::Result<Vec<u8>> {
    if size > NAMES_LIMIT {
        return Err(invalid("a table in it is too large"));
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| invalid("a table in it is too large"))?];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// The fuzzer found it: the end of a segment overflowed.
    #[test]
    fn a_segment_past_the_end_is_refused() {
        let seed = "../../fuzz/seeds/executable/found-segment-past-the-end";
        let found = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(seed)).unwrap();
        let error = strip(Cursor::new(found), Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "a segment reaches past the end of the file");
    }

    #[test]
    fn other_files_are_refused() {
        for bytes in [&b""[..], b"#!/bin/sh\n", &[0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0], &[0; 4096]] {
            assert!(strip(Cursor::new(bytes), Vec::new()).is_err());
        }
    }

    /// On Linux the test's own executable is an ELF file with debug information and a build id.
    #[cfg(target_os = "linux")]
    #[test]
    fn an_executable_keeps_everything_but_its_symbols() {
        use crate::elf::Elf;
        use std::fs::File;

        let path = std::env::current_exe().unwrap();
        let mut stripped = Vec::new();
        strip(File::open(&path).unwrap(), &mut stripped).unwrap();
        let (before, after) =
            (Elf::read(File::open(&path).unwrap()).unwrap(), Elf::read(Cursor::new(&stripped)).unwrap());
        // The section with gdb's scripts is loaded, so it stays.
        assert_eq!(after, Elf { debug_size: after.debug_size, sections: after.sections.clone(), ..before.clone() });
        assert!(after.debug_size < 1024 && (stripped.len() as u64) < path.metadata().unwrap().len());

        // Stripping again changes nothing.
        let mut again = Vec::new();
        strip(Cursor::new(&stripped), &mut again).unwrap();
        assert_eq!(again, stripped);
    }
}
