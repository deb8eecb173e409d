//! Writes a shared library that has nothing but its symbols.

use std::collections::BTreeMap;

use object::elf;
use object::endian::Endianness;
use object::write::StringId;
use object::write::elf::{FileHeader, ProgramHeader, SectionHeader, Sym, Verdef, Writer};

use super::symbols::{Kind, Library, Symbol, Version};
use crate::target::Arch;

/// How variables are aligned, which is how a program's copies of them are aligned.
const ALIGNMENT: u64 = 32;

/// Where functions and variables are in memory. Both sections are empty in the file: nothing of a stub is ever run. What
/// the file does hold is in memory at its offset, far below.
const TEXT: u64 = 1 << 24;
const TEXT_SIZE: u64 = 0x1000;
const DATA: u64 = 1 << 25;

/// The entries of `.dynamic`, with the one that ends it.
const DYNAMIC_ENTRIES: usize = 8;

/// The bytes of a stub library.
pub(super) fn write(arch: Arch, library: &Library) -> Vec<u8> {
    let mut buffer = Vec::new();
    let layout = Layout::of(library);
    write_to(&mut Writer::new(Endianness::Little, true, &mut buffer), arch, library, &layout)
        .expect("a stub is far below every limit of the format");
    buffer
}

/// What is computed before anything is written.
struct Layout {
    versions: Vec<Version>,
    /// The names of the versions, in the order of `versions`.
    names: Vec<String>,
    /// The offset of each variable in the data section, by its alias.
    objects: BTreeMap<&'static str, u64>,
    data_size: u64,
}

impl Layout {
    fn of(library: &Library) -> Self {
        let mut versions: Vec<Version> = library.symbols.iter().map(|symbol| symbol.version).collect();
        versions.sort_unstable();
        versions.dedup();
        let names = versions.iter().map(|version| version.name()).collect();
        let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
        for symbol in &library.symbols {
            if let Kind::Object { size, alias } = symbol.kind {
                let largest = sizes.entry(alias).or_default();
                *largest = size.max(*largest);
            }
        }
        let mut data_size = 0;
        let mut objects = BTreeMap::new();
        for (alias, size) in sizes {
            objects.insert(alias, data_size);
            data_size += size.next_multiple_of(ALIGNMENT).max(ALIGNMENT);
        }
        Self { versions, names, objects, data_size }
    }

    /// The index of a version in `.gnu.version`. 0 and 1 are those of symbols without a version.
    fn index(&self, version: Version) -> elf::VersionIndex {
        let position = self.versions.binary_search(&version).expect("every version is listed");
        elf::VersionIndex(u16::try_from(position + 2).expect("few versions"))
    }
}

fn write_to<'a>(
    writer: &mut Writer<'a>,
    arch: Arch,
    library: &'a Library,
    layout: &'a Layout,
) -> object::write::Result<()> {
    let soname = writer.add_dynamic_string(library.soname.as_bytes());
    let version_names: Vec<StringId> =
        layout.names.iter().map(|name| writer.add_dynamic_string(name.as_bytes())).collect();
    let symbol_names: Vec<StringId> =
        library.symbols.iter().map(|symbol| writer.add_dynamic_string(symbol.name.as_bytes())).collect();

    // Where everything is in the file is settled first; then it is written in the same order.
    writer.reserve_file_header();
    writer.reserve_program_headers(4);
    writer.reserve_null_dynamic_symbol_index();
    for _ in &library.symbols {
        writer.reserve_dynamic_symbol_index();
    }
    let text_name = writer.add_section_name(b".text");
    let data_name = writer.add_section_name(b".data");
    let text_section = writer.reserve_section_index();
    let data_section = writer.reserve_section_index();
    let dynsym = writer.reserve_dynsym();
    writer.reserve_dynsym_section_index();
    let dynstr = writer.reserve_dynstr()?;
    writer.reserve_dynstr_section_index();
    let versym = writer.reserve_gnu_versym();
    writer.reserve_gnu_versym_section_index();
    let version_count = layout.versions.len() + 1;
    let verdef = writer.reserve_gnu_verdef(u16::try_from(version_count).expect("few versions"), version_count);
    writer.reserve_gnu_verdef_section_index();
    let dynamic = writer.reserve_dynamic(DYNAMIC_ENTRIES);
    let end = dynamic + DYNAMIC_ENTRIES as u64 * 16;
    writer.reserve_dynamic_section_index();
    writer.reserve_shstrtab_section_index();
    writer.reserve_shstrtab()?;
    writer.reserve_section_headers();

    writer.write_file_header(&FileHeader {
        os_abi: elf::ELFOSABI_NONE,
        abi_version: 0,
        e_type: elf::ET_DYN,
        e_machine: machine(arch),
        e_entry: 0,
        e_flags: elf::FileFlags(0),
    })?;
    writer.write_align_program_headers();
    writer.write_program_header(&in_file(elf::PT_LOAD, 0, end));
    writer.write_program_header(&in_memory(elf::PF_R | elf::PF_X, TEXT, TEXT_SIZE));
    // A program's copy of a variable can be written where the variable can be.
    writer.write_program_header(&in_memory(elf::PF_R | elf::PF_W, DATA, layout.data_size));
    writer.write_program_header(&in_file(elf::PT_DYNAMIC, dynamic, end - dynamic));

    writer.write_null_dynamic_symbol();
    for (symbol, name) in library.symbols.iter().zip(&symbol_names) {
        let name = writer.dynamic_string_offset(Some(*name));
        writer.write_dynamic_symbol(&match symbol.kind {
            Kind::Function => sym(name, elf::STT_FUNC, text_section.0, TEXT, 0),
            Kind::Object { size, alias } => {
                sym(name, elf::STT_OBJECT, data_section.0, DATA + layout.objects[alias], size)
            }
        });
    }
    writer.write_dynstr();
    write_versions(writer, library, layout, soname, &version_names);
    writer.write_align_dynamic();
    writer.write_dynamic_string(elf::DT_SONAME, soname)?;
    writer.write_dynamic(elf::DT_STRTAB, dynstr)?;
    writer.write_dynamic(elf::DT_STRSZ, u64::from(writer.dynstr_len()))?;
    writer.write_dynamic(elf::DT_SYMTAB, dynsym)?;
    writer.write_dynamic(elf::DT_VERSYM, versym)?;
    writer.write_dynamic(elf::DT_VERDEF, verdef)?;
    writer.write_dynamic(elf::DT_VERDEFNUM, version_count as u64)?;
    writer.write_dynamic(elf::DT_NULL, 0)?;
    writer.write_shstrtab();

    writer.write_null_section_header();
    let text = (text_name, TEXT, TEXT_SIZE, elf::SHF_ALLOC | elf::SHF_EXECINSTR);
    let data = (data_name, DATA, layout.data_size, elf::SHF_ALLOC | elf::SHF_WRITE);
    for (name, sh_addr, sh_size, sh_flags) in [text, data] {
        let sh_name = writer.section_name_offset(Some(name));
        writer.write_section_header(&SectionHeader {
            sh_name,
            sh_type: elf::SHT_NOBITS,
            sh_flags,
            sh_addr,
            sh_size,
            sh_offset: 0,
            sh_link: 0,
            sh_info: 0,
            sh_addralign: ALIGNMENT,
            sh_entsize: 0,
        });
    }
    writer.write_dynsym_section_header(dynsym, 1);
    writer.write_dynstr_section_header(dynstr);
    writer.write_gnu_versym_section_header(versym);
    writer.write_gnu_verdef_section_header(verdef);
    writer.write_dynamic_section_header(dynamic);
    writer.write_shstrtab_section_header();
    Ok(())
}

/// `.gnu.version`, with the version of each symbol, and `.gnu.version_d`, with the name of each version.
fn write_versions(
    writer: &mut Writer<'_>,
    library: &Library,
    layout: &Layout,
    soname: StringId,
    version_names: &[StringId],
) {
    writer.write_null_gnu_versym();
    for Symbol { version, is_default, .. } in &library.symbols {
        writer.write_gnu_versym(layout.index(*version).versym(!is_default));
    }
    writer.write_align_gnu_verdef();
    // The first version is the library itself.
    let base = (elf::VER_FLG_BASE, elf::VersionIndex(1), soname, library.soname);
    let versions = layout.versions.iter().zip(version_names).zip(&layout.names);
    let versions =
        versions.map(|((version, id), name)| (elf::VersionFlags(0), layout.index(*version), *id, name.as_str()));
    for (flags, index, id, name) in std::iter::once(base).chain(versions) {
        let hash = elf::hash(name.as_bytes());
        let name = writer.dynamic_string_offset(Some(id));
        writer.write_gnu_verdef(&Verdef { version: elf::VER_DEF_CURRENT, flags, index, aux_count: 1, name, hash });
    }
}

fn sym(st_name: u32, kind: elf::SymbolType, section: u32, st_value: u64, st_size: u64) -> Sym {
    Sym {
        section: Some(section),
        st_name,
        st_info: elf::SymbolInfo::new(elf::STB_GLOBAL, kind),
        st_other: elf::SymbolOther(0),
        st_shndx: elf::SymbolSection(0),
        st_value,
        st_size,
    }
}

/// A part of the file, at its offset in memory.
fn in_file(p_type: elf::ProgramType, offset: u64, size: u64) -> ProgramHeader {
    ProgramHeader {
        p_type,
        p_flags: elf::PF_R,
        p_offset: offset,
        p_vaddr: offset,
        p_paddr: offset,
        p_filesz: size,
        p_memsz: size,
        p_align: if p_type == elf::PT_LOAD { 0x1000 } else { 8 },
    }
}

/// Memory that is not in the file.
fn in_memory(p_flags: elf::ProgramFlags, address: u64, p_memsz: u64) -> ProgramHeader {
    ProgramHeader {
        p_type: elf::PT_LOAD,
        p_flags,
        p_offset: 0,
        p_vaddr: address,
        p_paddr: address,
        p_filesz: 0,
        p_memsz,
        p_align: 0x1000,
    }
}

fn machine(arch: Arch) -> elf::Machine {
    match arch {
        Arch::X86_64 => elf::EM_X86_64,
        Arch::Aarch64 => elf::EM_AARCH64,
    }
}
