//! Writes the smallest ELF files that say what a test wants them to say.

use std::io::Cursor;

use lambda_zip_check::elf::{Elf, ElfType};

const BASE: u64 = 0x40_0000;

/// What the file says of itself.
#[derive(Clone)]
pub(crate) struct ElfSpec {
    pub(crate) class: u8,
    pub(crate) byte_order: u8,
    pub(crate) machine: u16,
    pub(crate) kind: u16,
    pub(crate) entry_point: u64,
    pub(crate) interpreter: Option<&'static str>,
    pub(crate) needed: Vec<&'static str>,
    pub(crate) rpath: Option<&'static str>,
    pub(crate) runpath: Option<&'static str>,
    pub(crate) soname: Option<&'static str>,
    /// Library, version, flags.
    pub(crate) versions: Vec<(&'static str, &'static str, u16)>,
    pub(crate) stack_flags: u32,
    pub(crate) debug_size: usize,
}

/// A static program for x86-64.
pub(crate) fn static_program() -> ElfSpec {
    ElfSpec {
        class: 2,
        byte_order: 1,
        machine: 62,
        kind: 3,
        entry_point: BASE,
        interpreter: None,
        needed: Vec::new(),
        rpath: None,
        runpath: None,
        soname: None,
        versions: Vec::new(),
        stack_flags: 6,
        debug_size: 0,
    }
}

/// A program for x86-64 that is linked with the system's glibc.
pub(crate) fn dynamic_program() -> ElfSpec {
    ElfSpec {
        interpreter: Some("/lib64/ld-linux-x86-64.so.2"),
        needed: vec!["libc.so.6"],
        versions: vec![("libc.so.6", "GLIBC_2.2.5", 0)],
        ..static_program()
    }
}

/// A shared library for x86-64.
pub(crate) fn library(soname: &'static str) -> ElfSpec {
    ElfSpec { entry_point: 0, soname: Some(soname), ..static_program() }
}

impl ElfSpec {
    pub(crate) fn build(&self) -> Vec<u8> {
        if self.class == 1 || self.byte_order == 2 {
            return self.header_only();
        }
        let mut strings = vec![0];
        let mut dynamic: Vec<(u64, u64)> = Vec::new();
        let mut string = |text: &str| {
            let offset = strings.len();
            strings.extend(text.as_bytes());
            strings.push(0);
            offset as u64
        };
        dynamic.extend(self.needed.iter().map(|name| (1, string(name))));
        dynamic.extend(self.soname.map(|name| (14, string(name))));
        dynamic.extend(self.rpath.map(|path| (15, string(path))));
        dynamic.extend(self.runpath.map(|path| (29, string(path))));
        let mut versions = Vec::new();
        for (index, (library, version, flags)) in self.versions.iter().enumerate() {
            let next = if index + 1 == self.versions.len() { 0_u32 } else { 32 };
            versions.extend([1, 0, 1, 0]);
            versions.extend(u32::try_from(string(library)).unwrap().to_le_bytes());
            versions.extend(16_u32.to_le_bytes());
            versions.extend(next.to_le_bytes());
            versions.extend([0; 4]);
            versions.extend(flags.to_le_bytes());
            versions.extend([2, 0]);
            versions.extend(u32::try_from(string(version)).unwrap().to_le_bytes());
            versions.extend([0; 4]);
        }

        // The header, room for four program headers, then the tables one after the other.
        let mut body = vec![0; 64 + 4 * 56];
        let mut place = |bytes: &[u8]| {
            let offset = body.len() as u64;
            body.extend(bytes);
            offset
        };
        let interpreter = self.interpreter.map(|path| {
            let bytes = [path.as_bytes(), &[0]].concat();
            (place(&bytes), bytes.len() as u64)
        });
        let strings_at = place(&strings);
        let versions_at = place(&versions);
        dynamic.extend([(5, BASE + strings_at), (10, strings.len() as u64)]);
        if !versions.is_empty() {
            dynamic.extend([(0x6fff_fffe, BASE + versions_at), (0x6fff_ffff, self.versions.len() as u64)]);
        }
        dynamic.push((0, 0));
        let dynamic: Vec<u8> =
            dynamic.iter().flat_map(|(tag, value)| [tag.to_le_bytes(), value.to_le_bytes()].concat()).collect();
        let dynamic_at = place(&dynamic);
        let sections = self.sections(&mut place);

        let mut segments = vec![segment(1, 5, 0, body.len() as u64)];
        segments.extend(interpreter.map(|(at, size)| segment(3, 4, at, size)));
        segments.push(segment(2, 6, dynamic_at, dynamic.len() as u64));
        segments.push(segment(0x6474_e551, self.stack_flags, 0, 0));
        let header = self.header(u16::try_from(segments.len()).unwrap(), sections);
        body[..64].copy_from_slice(&header);
        let segments = segments.concat();
        body[64..64 + segments.len()].copy_from_slice(&segments);
        body
    }

    /// Writes the debug information and the section headers; where these are and how many.
    fn sections(&self, place: &mut impl FnMut(&[u8]) -> u64) -> (u64, u16) {
        if self.debug_size == 0 {
            return (0, 0);
        }
        let names = b"\0.debug_info\0.shstrtab\0";
        let debug_at = place(&vec![0; self.debug_size]);
        let names_at = place(names);
        let section = |name: u32, at: u64, size: usize, kind: u32| {
            let mut bytes = [name.to_le_bytes(), kind.to_le_bytes()].concat();
            for number in [0, 0, at, size as u64, 0, 1, 0] {
                bytes.extend(number.to_le_bytes());
            }
            bytes
        };
        let table =
            [vec![0; 64], section(1, debug_at, self.debug_size, 1), section(13, names_at, names.len(), 3)].concat();
        (place(&table), 3)
    }

    fn header(&self, segment_count: u16, (sections_at, section_count): (u64, u16)) -> Vec<u8> {
        let mut bytes = vec![0x7f, b'E', b'L', b'F', self.class, self.byte_order, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend(self.kind.to_le_bytes());
        bytes.extend(self.machine.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(self.entry_point.to_le_bytes());
        bytes.extend(64_u64.to_le_bytes());
        bytes.extend(sections_at.to_le_bytes());
        bytes.extend([0; 4]);
        for number in [64, 56, segment_count, 64, section_count, section_count.saturating_sub(1)] {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }

    fn header_only(&self) -> Vec<u8> {
        let mut bytes = vec![0x7f, b'E', b'L', b'F', self.class, self.byte_order, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let is_big = self.byte_order == 2;
        let short = |number: u16| if is_big { number.to_be_bytes() } else { number.to_le_bytes() };
        bytes.extend(short(self.kind));
        bytes.extend(short(self.machine));
        bytes.resize(if self.class == 1 { 52 } else { 64 }, 0);
        bytes
    }
}

fn segment(kind: u32, flags: u32, at: u64, size: u64) -> Vec<u8> {
    let mut bytes = [kind.to_le_bytes(), flags.to_le_bytes()].concat();
    for number in [at, BASE + at, BASE + at, size, size, 8] {
        bytes.extend(number.to_le_bytes());
    }
    bytes
}

#[test]
fn an_elf_file_says_what_it_was_built_to_say() {
    let spec = ElfSpec {
        needed: vec!["libc.so.6", "libm.so.6"],
        rpath: Some("/a:/b"),
        runpath: Some("$ORIGIN/../lib"),
        soname: Some("self.so"),
        versions: vec![
            ("libc.so.6", "GLIBC_2.4", 0),
            ("libm.so.6", "GLIBC_2.38", 0),
            ("libc.so.6", "GLIBC_2.99", 2),
            ("libc.so.6", "GLIBC_PRIVATE", 0),
        ],
        stack_flags: 7,
        debug_size: 1000,
        ..dynamic_program()
    };
    let elf = Elf::read(Cursor::new(spec.build())).unwrap();
    assert_eq!((elf.is_64, elf.is_little_endian, elf.machine, elf.kind), (true, true, 62, ElfType::SharedObject));
    assert_eq!(elf.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
    assert_eq!(elf.needed, ["libc.so.6", "libm.so.6"]);
    assert_eq!(elf.rpath, ["/a", "/b"]);
    assert_eq!(elf.runpath, ["$ORIGIN/../lib"]);
    assert_eq!(elf.soname.as_deref(), Some("self.so"));
    assert_eq!(elf.version_needs.len(), 3, "the weak one is left out: {:?}", elf.version_needs);
    let (need, version) = elf.highest_need("GLIBC").unwrap();
    assert_eq!((need.library.as_str(), version.to_string().as_str()), ("libm.so.6", "2.38"));
    assert_eq!((elf.debug_size, elf.executable_stack), (1000, true));
}

#[test]
fn a_cut_off_elf_file_is_an_error_at_every_length() {
    let bytes = ElfSpec { debug_size: 0, ..dynamic_program() }.build();
    assert!(Elf::read(Cursor::new(&bytes)).is_ok());
    for length in 0..bytes.len() {
        // The last record of the dynamic table is its end mark, which is all that may be missing without harm.
        assert!(Elf::read(Cursor::new(&bytes[..length])).is_err(), "{length} of {}", bytes.len());
    }
}
