//! The records of a zip file, byte for byte: no extra fields, no data descriptors, no comments.
//!
//! Layouts, signatures and flags are those of PKWARE's APPNOTE, sections 4.3 and 4.4.

use super::modified::ModificationTime;

/// The most entries that the end record can count; one more is the escape to zip64.
pub(super) const MOST_ENTRIES: usize = 65_534;

/// The largest size or position; one more is the escape to zip64.
pub(super) const LARGEST: u64 = u32::MAX as u64 - 1;

const UNIX: u16 = 3;
const VERSION: u16 = 20;
const UTF_8: u16 = 1 << 11;
const DOS_FOLDER: u32 = 0x10;

/// How the contents of an entry are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

/// What the container says of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// As written: a folder's ends with `/`.
    pub(super) name: String,
    /// With the bits for the type of file.
    pub(super) unix_mode: u32,
    pub(super) modified: ModificationTime,
    pub(super) method: Method,
    pub(super) crc: u32,
    pub(super) size: u32,
    pub(super) compressed_size: u32,
    /// Where its local header starts.
    pub(super) offset: u32,
}

impl Header {
    /// The header in front of the contents.
    pub(super) fn local(&self) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        self.put_common(&mut bytes);
        bytes.extend(self.name.as_bytes());
        bytes
    }

    /// The record in the directory at the end.
    pub(super) fn central(&self) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02".to_vec();
        put_u16(&mut bytes, UNIX << 8 | VERSION);
        self.put_common(&mut bytes);
        let (comment_length, first_disk, internal_attributes) = (0, 0, 0);
        put_u16(&mut bytes, comment_length);
        put_u16(&mut bytes, first_disk);
        put_u16(&mut bytes, internal_attributes);
        put_u32(&mut bytes, self.unix_mode << 16 | if self.is_folder() { DOS_FOLDER } else { 0 });
        put_u32(&mut bytes, self.offset);
        bytes.extend(self.name.as_bytes());
        bytes
    }

    fn put_common(&self, bytes: &mut Vec<u8>) {
        let version_needed = if self.method == Method::Deflated || self.is_folder() { 20 } else { 10 };
        put_u16(bytes, version_needed);
        put_u16(bytes, if self.name.is_ascii() { 0 } else { UTF_8 });
        put_u16(bytes, if self.method == Method::Deflated { 8 } else { 0 });
        put_u16(bytes, self.modified.time());
        put_u16(bytes, self.modified.date());
        put_u32(bytes, self.crc);
        put_u32(bytes, self.compressed_size);
        put_u32(bytes, self.size);
        put_u16(bytes, u16::try_from(self.name.len()).expect("an entry's name has at most 65,535 bytes"));
        let extra_length = 0;
        put_u16(bytes, extra_length);
    }

    fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }
}

/// The record that ends the file. `count` is at most [`MOST_ENTRIES`].
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
