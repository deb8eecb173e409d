//! A reader of zip files that trusts nothing: it follows the specification's offsets byte by byte, so that the tests
//! see what was really written, and not what a library makes of it.

use std::fs;
use std::path::Path;

/// A zip file, taken apart.
pub(crate) struct Zip {
    pub(crate) entries: Vec<Entry>,
    pub(crate) comment_length: u16,
    /// Bytes that belong to no entry, to no directory record and to no end record.
    pub(crate) stray_bytes: usize,
}

/// An entry, as its central and its local header describe it.
pub(crate) struct Entry {
    pub(crate) name: String,
    /// 3 for Unix.
    pub(crate) host: u8,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) dos_time: u16,
    pub(crate) dos_date: u16,
    pub(crate) compressed_size: u32,
    pub(crate) size: u32,
    /// Of the central and of the local header together.
    pub(crate) extra_length: usize,
    pub(crate) comment_length: u16,
    pub(crate) external_attributes: u32,
    /// The contents, unpacked and found to have the size and the checksum that the headers say.
    pub(crate) contents: Vec<u8>,
}

/// What `e_machine` says in an ELF header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    X86_64,
    Arm64,
}

impl Zip {
    #[track_caller]
    pub(crate) fn read(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        Self::parse(&fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    #[track_caller]
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = (0..=bytes.len() - 22).rev().find(|&at| u32_at(bytes, at) == 0x0605_4b50).expect("an end record");
        let count = u16_at(bytes, end + 10);
        assert_eq!((u16_at(bytes, end + 4), u16_at(bytes, end + 6)), (0, 0), "one disk");
        assert_eq!(u16_at(bytes, end + 8), count, "all entries on this disk");
        let comment_length = u16_at(bytes, end + 20);
        assert_eq!(end + 22 + usize::from(comment_length), bytes.len(), "nothing after the end record");

        let directory = u32_at(bytes, end + 16) as usize;
        let mut at = directory;
        let mut accounted = bytes.len() - directory;
        let mut entries = Vec::new();
        for _ in 0..count {
            let (entry, central_length, local_length) = Entry::parse(bytes, at);
            at += central_length;
            accounted += local_length;
            entries.push(entry);
        }
        assert_eq!(at, end, "the directory ends where the end record starts");
        assert_eq!(at - directory, u32_at(bytes, end + 12) as usize, "the size of the directory");
        Self { entries, comment_length, stray_bytes: bytes.len() - accounted }
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    /// The contents of the one entry that a function has.
    #[track_caller]
    pub(crate) fn bootstrap(&self) -> &[u8] {
        assert_eq!(self.names(), ["bootstrap"]);
        &self.entries[0].contents
    }

    /// The processor that `bootstrap` is for.
    #[track_caller]
    pub(crate) fn machine(&self) -> Machine {
        let elf = self.bootstrap();
        assert_eq!(&elf[..6], b"\x7fELF\x02\x01", "64 bits, little-endian");
        match u16_at(elf, 18) {
            62 => Machine::X86_64,
            183 => Machine::Arm64,
            other => panic!("an ELF file for machine {other}"),
        }
    }
}

impl Entry {
    /// The permissions and the file type, as `stat` would give them.
    pub(crate) fn unix_mode(&self) -> u32 {
        self.external_attributes >> 16
    }

    /// The entry whose central header is at `at`, and the lengths of that header and of all that is local to the entry.
    fn parse(bytes: &[u8], at: usize) -> (Self, usize, usize) {
        assert_eq!(u32_at(bytes, at), 0x0201_4b50, "a central header");
        let name_length = usize::from(u16_at(bytes, at + 28));
        let extra_length = usize::from(u16_at(bytes, at + 30));
        let comment_length = u16_at(bytes, at + 32);
        let central_length = 46 + name_length + extra_length + usize::from(comment_length);
        let name = &bytes[at + 46..at + 46 + name_length];

        let local = u32_at(bytes, at + 42) as usize;
        assert_eq!(u32_at(bytes, local), 0x0403_4b50, "a local header");
        // Version needed, flags, method, time, date, CRC, both sizes and the length of the name.
        assert_eq!(bytes[local + 4..local + 28], bytes[at + 6..at + 30], "the two headers agree");
        let local_extra = usize::from(u16_at(bytes, local + 28));
        let data = local + 30 + name_length + local_extra;
        assert_eq!(&bytes[local + 30..local + 30 + name_length], name, "the two names agree");

        let (compressed_size, size) = (u32_at(bytes, at + 20), u32_at(bytes, at + 24));
        let compressed = &bytes[data..data + compressed_size as usize];
        let method = u16_at(bytes, at + 10);
        let contents = unpacked(method, compressed, size as usize);
        assert_eq!(crc32fast::hash(&contents), u32_at(bytes, at + 16), "the checksum");
        let entry = Self {
            name: String::from_utf8(name.to_vec()).expect("a name in UTF-8"),
            host: bytes[at + 5],
            flags: u16_at(bytes, at + 8),
            method,
            dos_time: u16_at(bytes, at + 12),
            dos_date: u16_at(bytes, at + 14),
            compressed_size,
            size,
            extra_length: extra_length + local_extra,
            comment_length,
            external_attributes: u32_at(bytes, at + 38),
            contents,
        };
        (entry, central_length, data + compressed.len() - local)
    }
}

fn unpacked(method: u16, compressed: &[u8], size: usize) -> Vec<u8> {
    match method {
        0 => compressed.to_vec(),
        8 => {
            let mut contents = vec![0; size];
            let written = libdeflater::Decompressor::new().deflate_decompress(compressed, &mut contents).unwrap();
            assert_eq!(written, size, "the size");
            contents
        }
        other => panic!("Lambda knows no compression method {other}"),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// Whether a text occurs among the bytes of an executable.
pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// An archive written down byte by byte says whether the reader itself can be believed.
mod tests {
    use super::Zip;

    #[test]
    fn a_stored_entry_is_read_as_the_specification_says() {
        let mut bytes = Vec::new();
        let common = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..],
            &crc32fast::hash(b"hi").to_le_bytes(),
            &[2, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0],
        ]
        .concat();
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(b"bootstraphi");
        let directory = u8::try_from(bytes.len()).unwrap();
        bytes.extend(b"PK\x01\x02\x14\x03");
        bytes.extend(&common);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0xed, 0x81, 0, 0, 0, 0]);
        bytes.extend(b"bootstrap");
        let directory_length = u8::try_from(bytes.len()).unwrap() - directory;
        bytes.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        bytes.extend([directory_length, 0, 0, 0, directory, 0, 0, 0, 0, 0]);

        let zip = Zip::parse(&bytes);
        assert_eq!((zip.bootstrap(), zip.stray_bytes, zip.comment_length), (&b"hi"[..], 0, 0));
        let entry = &zip.entries[0];
        assert_eq!((entry.host, entry.unix_mode(), entry.dos_date, entry.size), (3, 0o100_755, 0x21, 2));
    }
}
