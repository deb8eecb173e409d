//! The machine code that glibc links into every program or shared library instead of having it in `libc.so.6`: where a
//! program starts, and some functions that need to know which program or library calls them.
//!
//! Each function is given as bytes with the assembly beside them. Where an instruction holds the address of a symbol, a
//! relocation has the linker fill it in.

mod aarch64;
mod x86_64;

use object::elf::{self, RelocationType};
use object::write::{Object, Relocation, SectionId, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
};

use super::archive::Member;
use crate::target::{Arch, GlibcVersion};

/// Since this glibc, `__libc_start_main` itself runs the constructors of a program. Before, the program brings the function
/// that does it.
const RUNS_CONSTRUCTORS: GlibcVersion = GlibcVersion::new(2, 34);

/// Since this glibc, `stat` and its family are functions of libc. Before, they are functions of the program, which tell
/// libc the layout of the structure that they want.
const HAS_STAT: GlibcVersion = GlibcVersion::new(2, 33);

/// `Scrt1.o`: where a program starts.
pub(super) fn start_file(arch: Arch, glibc: GlibcVersion) -> Vec<u8> {
    let mut file = ObjectFile::new(arch);
    file.add_function("_start", SymbolScope::Dynamic, Body::Start { runs_constructors: glibc < RUNS_CONSTRUCTORS });
    file.write()
}

/// `crtbeginS.o`: has a shared library that is unloaded call the functions that it gave to `atexit`.
pub(super) fn shared_library_file(arch: Arch) -> Vec<u8> {
    let mut file = ObjectFile::new(arch);
    file.add_function(FINALIZE, SymbolScope::Compilation, Body::Finalize);
    file.add_destructor(FINALIZE);
    file.write()
}

const FINALIZE: &str = "__do_global_dtors_aux";

/// The members of `libc_nonshared.a`: functions that are linked into each program and shared library.
pub(super) fn nonshared_members(arch: Arch, glibc: GlibcVersion) -> Vec<Member> {
    let wanted = FUNCTIONS.iter().filter(|(_, _, until, _)| until.is_none_or(|until| glibc < until));
    let members = wanted.map(|(name, file, _, body)| {
        let mut object = ObjectFile::new(arch);
        // Hidden, as in glibc: a shared library must not use the function of the program that loads it.
        object.add_function(name, SymbolScope::Linkage, *body);
        Member { name: file, symbols: vec![name], data: object.write() }
    });
    members.collect()
}

/// The functions of `libc_nonshared.a`: the name, the file, the first glibc that has it in libc, and what it does.
const FUNCTIONS: &[(&str, &str, Option<GlibcVersion>, Body)] = &[
    ("atexit", "atexit.o", None, Body::AtExit),
    ("at_quick_exit", "quick_exit.o", None, Body::AtQuickExit),
    ("pthread_atfork", "atfork.o", None, Body::AtFork),
    ("__stack_chk_fail_local", "stack_chk.o", None, Body::StackCheckFailed),
    ("stat", "stat.o", Some(HAS_STAT), Body::Stat("__xstat")),
    ("stat64", "stat64.o", Some(HAS_STAT), Body::Stat("__xstat64")),
    ("lstat", "lstat.o", Some(HAS_STAT), Body::Stat("__lxstat")),
    ("lstat64", "lstat64.o", Some(HAS_STAT), Body::Stat("__lxstat64")),
    ("fstat", "fstat.o", Some(HAS_STAT), Body::Stat("__fxstat")),
    ("fstat64", "fstat64.o", Some(HAS_STAT), Body::Stat("__fxstat64")),
    ("fstatat", "fstatat.o", Some(HAS_STAT), Body::StatAt("__fxstatat")),
    ("fstatat64", "fstatat64.o", Some(HAS_STAT), Body::StatAt("__fxstatat64")),
    ("mknod", "mknod.o", Some(HAS_STAT), Body::MakeNode),
    ("mknodat", "mknodat.o", Some(HAS_STAT), Body::MakeNodeAt),
    ("__libc_csu_init", "csu_init.o", Some(RUNS_CONSTRUCTORS), Body::RunConstructors),
    // The loader runs the destructors.
    ("__libc_csu_fini", "csu_fini.o", Some(RUNS_CONSTRUCTORS), Body::Nothing),
];

/// What a function does.
#[derive(Debug, Clone, Copy)]
enum Body {
    /// Calls `__libc_start_main` with `main`, the arguments, and the functions that run constructors and destructors, if
    /// the program has to bring them.
    Start {
        runs_constructors: bool,
    },
    /// `__cxa_finalize(&__dso_handle)`
    Finalize,
    /// Calls each function of `.init_array` with the arguments of `main`.
    RunConstructors,
    Nothing,
    /// `atexit(function)` calls `__cxa_atexit(function, NULL, &__dso_handle)`.
    AtExit,
    /// `at_quick_exit(function)` calls `__cxa_at_quick_exit(function, &__dso_handle)`.
    AtQuickExit,
    /// `pthread_atfork(prepare, parent, child)` calls `__register_atfork(prepare, parent, child, &__dso_handle)`.
    AtFork,
    StackCheckFailed,
    /// Calls the named function with the version of the structure before the arguments.
    Stat(&'static str),
    /// The same, for four arguments instead of two.
    StatAt(&'static str),
    /// `mknod(path, mode, device)` calls `__xmknod(0, path, mode, &device)`.
    MakeNode,
    /// `mknodat(directory, path, mode, device)` calls `__xmknodat(0, directory, path, mode, &device)`.
    MakeNodeAt,
}

/// A part of a function.
#[derive(Debug, Clone, Copy)]
enum Piece {
    /// Instructions of x86, byte by byte.
    Bytes(&'static [u8]),
    /// An instruction of Arm.
    Instruction(u32),
    /// Four bytes into which the linker puts an address, by the rule of this relocation.
    Linked(u32, RelocationType, &'static str),
}

struct ObjectFile {
    object: Object<'static>,
    arch: Arch,
}

impl ObjectFile {
    fn new(arch: Arch) -> Self {
        let architecture = match arch {
            Arch::X86_64 => Architecture::X86_64,
            Arch::Aarch64 => Architecture::Aarch64,
        };
        let mut object = Object::new(BinaryFormat::Elf, architecture, Endianness::Little);
        // Its presence says that the code does not run on the stack.
        object.add_section(Vec::new(), b".note.GNU-stack".to_vec(), SectionKind::Other);
        Self { object, arch }
    }

    fn add_function(&mut self, name: &str, scope: SymbolScope, body: Body) {
        let section = self.object.add_section(Vec::new(), b".text".to_vec(), SectionKind::Text);
        let code = match self.arch {
            Arch::X86_64 => x86_64::code(body),
            Arch::Aarch64 => aarch64::code(body),
        };
        let mut bytes = Vec::new();
        for piece in code {
            match piece {
                Piece::Bytes(part) => bytes.extend(part),
                Piece::Instruction(word) => bytes.extend(word.to_le_bytes()),
                Piece::Linked(word, relocation, symbol) => {
                    // x86 counts from the end of the four bytes.
                    let addend = if self.arch == Arch::X86_64 { -4 } else { 0 };
                    self.add_relocation(section, bytes.len() as u64, relocation, symbol, addend);
                    bytes.extend(word.to_le_bytes());
                }
            }
        }
        let symbol = Symbol {
            name: name.as_bytes().to_vec(),
            value: 0,
            size: bytes.len() as u64,
            kind: SymbolKind::Text,
            scope,
            weak: false,
            section: SymbolSection::Section(section),
            flags: SymbolFlags::None,
        };
        self.object.append_section_data(section, &bytes, 16);
        self.object.add_symbol(symbol);
    }

    /// Has the loader call a function before it unloads the library.
    fn add_destructor(&mut self, function: &str) {
        let address = match self.arch {
            Arch::X86_64 => elf::R_X86_64_64,
            Arch::Aarch64 => elf::R_AARCH64_ABS64,
        };
        let section = self.object.add_section(Vec::new(), b".fini_array".to_vec(), SectionKind::Data);
        self.object.section_mut(section).flags =
            object::SectionFlags::Elf { sh_type: elf::SHT_FINI_ARRAY, sh_flags: elf::SHF_ALLOC | elf::SHF_WRITE };
        self.object.append_section_data(section, &[0; 8], 8);
        self.add_relocation(section, 0, address, function, 0);
    }

    fn add_relocation(&mut self, section: SectionId, offset: u64, r_type: RelocationType, name: &str, addend: i64) {
        let symbol = self.object.symbol_id(name.as_bytes()).unwrap_or_else(|| {
            self.object.add_symbol(Symbol {
                name: name.as_bytes().to_vec(),
                value: 0,
                size: 0,
                kind: SymbolKind::Unknown,
                scope: SymbolScope::Unknown,
                weak: false,
                section: SymbolSection::Undefined,
                flags: SymbolFlags::None,
            })
        });
        let relocation = Relocation { offset, symbol, addend, flags: RelocationFlags::Elf { r_type } };
        self.object.add_relocation(section, relocation).expect("a relocation of this architecture");
    }

    fn write(&self) -> Vec<u8> {
        self.object.write().expect("a small object file")
    }
}
