//! The ELF reader, on files that are written byte by byte.

use std::io::Cursor;

use lambda_zip_check::elf::{Elf, ElfType};
use test_support::elf::{ElfSpec, dynamic_program};

#[test]
fn every_property_of_an_elf_file_is_read() {
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
fn a_truncated_elf_file_is_an_error_at_every_length() {
    let bytes = ElfSpec { debug_size: 0, ..dynamic_program() }.build();
    assert!(Elf::read(Cursor::new(&bytes)).is_ok());
    for length in 0..bytes.len() {
        // Only the last record of the dynamic table, its end mark, may be missing.
        assert!(Elf::read(Cursor::new(&bytes[..length])).is_err(), "{length} of {}", bytes.len());
    }
}
