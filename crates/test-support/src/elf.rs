//! Writes the smallest ELF files with given properties.

const BASE: u64 = 0x40_0000;

/// The properties of a file.
#[derive(Clone)]
pub struct ElfSpec {
    /// 1 for 32 bits, 2 for 64. Of a file with 32 bits there is only the header.
    pub class: u8,
    /// 1 for little-endian, 2 for big-endian. Of a big-endian file there is only the header.
    pub byte_order: u8,
    /// The processor: 62 for x86-64, 183 for arm64.
    pub machine: u16,
    /// 1 for an object, 2 for a program at a fixed address, 3 for a shared object or position-independent program.
    pub kind: u16,
    /// Where a program starts. 0 for a library.
    pub entry_point: u64,
    /// The loader.
    pub interpreter: Option<&'static str>,
    /// `DT_NEEDED`: the libraries.
    pub needed: Vec<&'static str>,
    /// `DT_RPATH`.
    pub rpath: Option<&'static str>,
    /// `DT_RUNPATH`.
    pub runpath: Option<&'static str>,
    /// `DT_SONAME`: a library's own name.
    pub soname: Option<&'static str>,
    /// The versions of symbols that it needs: library, version, flags (2 for weak).
    pub versions: Vec<(&'static str, &'static str, u16)>,
    /// The flags of the stack's segment: 6 for read and write, 7 with execute.
    pub stack_flags: u32,
    /// The size of the debug information.
    pub debug_size: usize,
}

/// A static program for x86-64.
pub fn static_program() -> ElfSpec {
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

/// A program for x86-64 that loads glibc.
pub fn dynamic_program() -> ElfSpec {
    ElfSpec {
        interpreter: Some("/lib64/ld-linux-x86-64.so.2"),
        needed: vec!["libc.so.6"],
        versions: vec![("libc.so.6", "GLIBC_2.2.5", 0)],
        ..static_program()
    }
}

/// A shared library for x86-64.
pub fn library(soname: &'static str) -> ElfSpec {
    ElfSpec { entry_point: 0, soname: Some(soname), ..static_program() }
}

/// The smallest program that Lambda's kernel starts: an ELF header and one segment.
pub fn executable(machine: u16) -> Vec<u8> {
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    elf.extend(2_u16.to_le_bytes());
    elf.extend(machine.to_le_bytes());
    elf.extend(1_u32.to_le_bytes());
    for address in [0x40_0078_u64, 64, 0] {
        elf.extend(address.to_le_bytes());
    }
    elf.extend(0_u32.to_le_bytes());
    for half in [64_u16, 56, 1, 64, 0, 0] {
        elf.extend(half.to_le_bytes());
    }
    elf.extend([1_u32, 5].into_iter().flat_map(u32::to_le_bytes));
    for value in [0_u64, 0x40_0000, 0x40_0000, 120, 120, 4096] {
        elf.extend(value.to_le_bytes());
    }
    elf
}

impl ElfSpec {
    /// The bytes of the file.
    pub fn build(&self) -> Vec<u8> {
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

    /// Writes the debug information and the section headers. Returns the offset and the number of the headers.
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
