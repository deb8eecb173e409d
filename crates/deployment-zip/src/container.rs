//! The structures of a zip file, byte for byte, without extra fields, data descriptors or comments.
//!
//! They follow PKWARE's APPNOTE, sections 4.3 and 4.4.

use super::modified::ModificationTime;

/// The most entries in a zip without zip64. The next number marks a zip64 archive.
pub(super) const MOST_ENTRIES: usize = 65_534;

/// The largest size or offset in a zip without zip64. The next number marks a zip64 archive.
pub(super) const LARGEST: u64 = u32::MAX as u64 - 1;

const UNIX: u16 = 3;
const VERSION: u16 = 20;
const UTF_8: u16 = 1 << 11;
const DOS_DIRECTORY: u32 = 0x10;

/// How the contents of an entry are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

/// The metadata of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryHeader {
    /// The name in the zip; that of a directory ends with `/`.
    pub(super) name: String,
    /// The permissions and the bits for the file type.
    pub(super) unix_mode: u32,
    pub(super) modified: ModificationTime,
    pub(super) method: Method,
    pub(super) crc: u32,
    pub(super) size: u32,
    pub(super) compressed_size: u32,
    /// The position of the local header in the zip.
    pub(super) offset: u32,
}

impl EntryHeader {
    /// The local header, which precedes the contents.
    pub(super) fn local(&self) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        self.put_common(&mut bytes);
        bytes.extend(self.name.as_bytes());
        bytes
    }

    /// The record in the central directory, at the end of the zip.
    pub(super) fn central(&self) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02".to_vec();
        put_u16(&mut bytes, UNIX << 8 | VERSION);
        self.put_common(&mut bytes);
        let (comment_length, first_disk, internal_attributes) = (0, 0, 0);
        put_u16(&mut bytes, comment_length);
        put_u16(&mut bytes, first_disk);
        put_u16(&mut bytes, internal_attributes);
        put_u32(&mut bytes, self.unix_mode << 16 | if self.is_directory() { DOS_DIRECTORY } else { 0 });
        put_u32(&mut bytes, self.offset);
        bytes.extend(self.name.as_bytes());
        bytes
    }

    fn put_common(&self, bytes: &mut Vec<u8>) {
        let version_needed = if self.method == Method::Deflated || self.is_directory() { 20 } else { 10 };
        put_u16(bytes, version_needed);
        put_u16(bytes, if self.name.is_ascii() { 0 } else { UTF_8 });
        put_u16(bytes, if self.method == Method::Deflated { 8 } else { 0 });
        put_u16(bytes, self.modified.time());
        put_u16(bytes, self.modified.date());
        put_u32(bytes, self.crc);
        put_u32(bytes, self.compressed_size);
        put_u32(bytes, self.size);
        put_u16(bytes, u16::try_from(self.name.len()).expect("the name of an entry has at most 65,535 bytes"));
        let extra_length = 0;
        put_u16(bytes, extra_length);
    }

    fn is_directory(&self) -> bool {
        self.name.ends_with('/')
    }
}

/// The end of central directory record. `count` is at most [`MOST_ENTRIES`].
pub(super) fn end(count: u16, directory_size: u32, directory_offset: u32) -> Vec<u8> {
    let mut bytes = b"PK\x05\x06".to_vec();
    let (this_disk, directory_disk, comment_length) = (0, 0, 0);
    put_u16(&mut bytes, this_disk);
    put_u16(&mut bytes, directory_disk);
    put_u16(&mut bytes, count);
    put_u16(&mut bytes, count);
    put_u32(&mut bytes, directory_size);
    put_u32(&mut bytes, directory_offset);
    put_u16(&mut bytes, comment_length);
    bytes
}

fn put_u16(bytes: &mut Vec<u8>, value: u16) {
    bytes.extend(value.to_le_bytes());
}

fn put_u32(bytes: &mut Vec<u8>, value: u32) {
    bytes.extend(value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, unix_mode: u32, method: Method) -> EntryHeader {
        EntryHeader {
            name: name.into(),
            unix_mode,
            modified: ModificationTime::EARLIEST,
            method,
            crc: 0x4433_2211,
            size: 0x0102_0304,
            compressed_size: 0x0506_0708,
            offset: 0x090a_0b0c,
        }
    }

    #[test]
    fn a_local_header_has_these_bytes() {
        let expected = b"PK\x03\x04\
            \x14\0\0\0\x08\0\0\0\x21\0\
            \x11\x22\x33\x44\x08\x07\x06\x05\x04\x03\x02\x01\
            \x01\0\0\0a";
        assert_eq!(header("a", 0o100_755, Method::Deflated).local(), expected);
    }

    #[test]
    fn a_central_directory_record_has_these_bytes() {
        let expected = b"PK\x01\x02\
            \x14\x03\x14\0\0\0\x08\0\0\0\x21\0\
            \x11\x22\x33\x44\x08\x07\x06\x05\x04\x03\x02\x01\
            \x01\0\0\0\0\0\0\0\0\0\0\0\xed\x81\x0c\x0b\x0a\x09a";
        assert_eq!(header("a", 0o100_755, Method::Deflated).central(), expected);
    }

    #[test]
    fn the_version_needed_depends_on_the_features_used() {
        let version = |name, method| header(name, 0, method).local()[4];
        assert_eq!(version("a", Method::Stored), 10);
        assert_eq!(version("a", Method::Deflated), 20);
        assert_eq!(version("a/", Method::Stored), 20);
    }

    #[test]
    fn only_names_beyond_ascii_are_marked_as_utf_8() {
        let flags = |name| u16::from_le_bytes(header(name, 0, Method::Stored).local()[6..8].try_into().unwrap());
        assert_eq!(flags("a b"), 0);
        assert_eq!(flags("größe"), 0x0800);
    }

    #[test]
    fn attributes_distinguish_files_links_and_directories() {
        let attributes =
            |name, mode| u32::from_le_bytes(header(name, mode, Method::Stored).central()[38..42].try_into().unwrap());
        assert_eq!(attributes("a", 0o100_644), 0x81a4_0000);
        assert_eq!(attributes("a", 0o120_777), 0xa1ff_0000);
        assert_eq!(attributes("a/", 0o040_755), 0x41ed_0010);
    }

    #[test]
    fn the_end_record_has_these_bytes() {
        let expected = b"PK\x05\x06\0\0\0\0\x02\0\x02\0\x04\x03\x02\x01\x08\x07\x06\x05\0\0";
        assert_eq!(end(2, 0x0102_0304, 0x0506_0708), expected);
    }
}
