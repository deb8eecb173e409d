//! Reads zips without a library: it follows the specification's offsets byte by byte, so that the tests see what was
//! really written. Where the two headers of an entry disagree, or a size or a checksum is wrong, it panics.

use std::fs;
use std::path::{Path, PathBuf};

/// A zip file.
pub struct Zip {
    /// Where it is. Empty if it was never in a file.
    pub path: PathBuf,
    /// All of it.
    pub bytes: Vec<u8>,
    /// The entries in the order of the central directory.
    pub entries: Vec<Entry>,
    /// The length of the archive's comment.
    pub comment_length: u16,
    /// The number of bytes that belong to no entry, to no directory record and to no end record.
    pub stray_bytes: usize,
}

/// An entry, as its central and its local header describe it.
pub struct Entry {
    /// The whole name.
    pub name: String,
    /// The system that made the entry: 3 for Unix.
    pub host: u8,
    /// The general purpose flags.
    pub flags: u16,
    /// The compression: 0 for none, 8 for deflate.
    pub method: u16,
    /// The time of day, as DOS wrote it.
    pub dos_time: u16,
    /// The date, as DOS wrote it.
    pub dos_date: u16,
    /// The size in the zip.
    pub compressed_size: u32,
    /// The size outside of it.
    pub size: u32,
    /// The length of the extra fields of both headers.
    pub extra_length: usize,
    /// The length of the entry's comment.
    pub comment_length: u16,
    /// The permissions and the type of file are in the upper half.
    pub external_attributes: u32,
    /// The unpacked contents. Size and checksum are right.
    pub contents: Vec<u8>,
}

/// The processor in an ELF header.
#[derive(Debug, PartialEq, Eq)]
pub enum Machine {
    /// For `--arch x86_64`.
    X86_64,
    /// For `--arch arm64`.
    Arm64,
}

impl Zip {
    /// Reads a zip that the program made: there must be no byte in it that no reader asks for.
    #[track_caller]
    pub fn read(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let zip = Self { path: path.to_owned(), ..Self::parse(&bytes) };
        assert_eq!((zip.comment_length, zip.stray_bytes), (0, 0), "a comment, or bytes between the entries");
        zip
    }

    /// Reads a zip in memory.
    #[track_caller]
    pub fn parse(bytes: &[u8]) -> Self {
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
        let stray_bytes = bytes.len() - accounted;
        Self { path: PathBuf::new(), bytes: bytes.to_vec(), entries, comment_length, stray_bytes }
    }

    /// The names of the entries in their order.
    pub fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    /// The entry with this name.
    #[track_caller]
    pub fn entry(&self, name: &str) -> &Entry {
        let found = self.entries.iter().find(|entry| entry.name == name);
        found.unwrap_or_else(|| panic!("no `{name}` among {:?}", self.names()))
    }

    /// The permissions and the type of the file with this name.
    #[track_caller]
    pub fn mode(&self, name: &str) -> u32 {
        self.entry(name).unix_mode()
    }

    /// The contents of `bootstrap`, which must be the only entry.
    #[track_caller]
    pub fn bootstrap(&self) -> &[u8] {
        assert_eq!(self.names(), ["bootstrap"]);
        &self.entries[0].contents
    }

    /// The processor that `bootstrap` is for.
    #[track_caller]
    pub fn machine(&self) -> Machine {
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
    /// The permissions and the type of file, as `stat` would show them.
    pub fn unix_mode(&self) -> u32 {
        self.external_attributes >> 16
    }

    /// The date in the upper half, the time of day in the lower one.
    pub fn date_and_time(&self) -> u32 {
        u32::from(self.dos_date) << 16 | u32::from(self.dos_time)
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

/// True if a text occurs among the bytes of an executable.
pub fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The reader itself, on an archive that is written down byte by byte.
#[cfg(test)]
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
