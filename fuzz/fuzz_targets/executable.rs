//! Fuzzes the check of the files in a zip. The target `zip` rarely gets this far, because damaged zips have wrong
//! checksums.
//!
//! The first file is also read and stripped directly, as a build does with its executable.
//!
//! The input is split at `|zip|` into `bootstrap`, a library and the target of a link.

#![no_main]

use std::io::Cursor;

use lambda_zip_check::elf;

/// The mode of each file, with the type bits.
const FILES: [(&str, u32); 3] = [("bootstrap", 0o100_755), ("lib/libfoo.so", 0o100_644), ("lib/link", 0o120_777)];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut rest = Some(bytes);
    strip(next(&mut Some(bytes)).unwrap_or_default());
    let mut zip = Vec::new();
    let mut directory = Vec::new();
    let mut count = 0_u16;
    for (name, mode) in FILES {
        let Some(contents) = next(&mut rest) else { break };
        let offset = zip.len();
        let common = header(name, contents);
        zip.extend(b"PK\x03\x04");
        zip.extend(&common);
        zip.extend(name.as_bytes());
        zip.extend(contents);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend((mode << 16).to_le_bytes());
        directory.extend(u32::try_from(offset).expect("inputs are small").to_le_bytes());
        directory.extend(name.as_bytes());
        count += 1;
    }
    let start = zip.len();
    zip.extend(&directory);
    zip.extend(b"PK\x05\x06\0\0\0\0");
    zip.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    for number in [directory.len(), start] {
        zip.extend(u32::try_from(number).expect("inputs are small").to_le_bytes());
    }
    zip.extend([0; 2]);
    cargo_lambda_zip_fuzz::check(&zip);
});

/// What was stripped must be readable if its source is, and stripping it again must change nothing.
fn strip(executable: &[u8]) {
    let is_readable = |bytes: &[u8]| elf::Elf::read(Cursor::new(bytes)).is_ok();
    let mut stripped = Cursor::new(Vec::new());
    if elf::strip(Cursor::new(executable), &mut stripped).is_err() || !is_readable(executable) {
        return;
    }
    let stripped = stripped.into_inner();
    assert!(is_readable(&stripped));
    let mut again = Cursor::new(Vec::new());
    elf::strip(Cursor::new(&stripped), &mut again).expect("a stripped file can be stripped");
    assert_eq!(again.into_inner(), stripped);
}

/// The bytes up to the next `|zip|`.
fn next<'a>(rest: &mut Option<&'a [u8]>) -> Option<&'a [u8]> {
    const MARK: &[u8] = b"|zip|";
    let bytes = rest.take()?;
    match bytes.windows(MARK.len()).position(|window| window == MARK) {
        Some(at) => {
            *rest = Some(&bytes[at + MARK.len()..]);
            Some(&bytes[..at])
        }
        None => Some(bytes),
    }
}

/// The fields that both headers of an entry share, from "version needed to extract" to "extra field length".
fn header(name: &str, contents: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x14, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
    bytes.extend(crc32fast::hash(contents).to_le_bytes());
    for _ in 0..2 {
        bytes.extend(u32::try_from(contents.len()).expect("inputs are small").to_le_bytes());
    }
    bytes.extend(u16::try_from(name.len()).expect("names are short").to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}
