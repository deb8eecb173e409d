//! Reads little-endian numbers and extra fields, checking every bound.

use std::io::{self, Read, Seek, SeekFrom};

/// Reads `size` bytes at a position; `None` if the file has fewer.
pub(super) fn read_at(file: &mut (impl Read + Seek), position: u64, size: usize) -> io::Result<Option<Vec<u8>>> {
    // Seeking beyond what a file offset can hold is an "invalid argument" to the operating system.
    if i64::try_from(position).is_err() {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(position))?;
    let mut bytes = Vec::new();
    file.take(size as u64).read_to_end(&mut bytes)?;
    Ok((bytes.len() == size).then_some(bytes))
}

/// Reads little-endian numbers at offsets into bytes.
pub(super) struct ByteReader<'a>(pub(super) &'a [u8]);

impl ByteReader<'_> {
    fn bytes<const SIZE: usize>(&self, offset: usize) -> Option<[u8; SIZE]> {
        self.0.get(offset..)?.first_chunk().copied()
    }

    pub(super) fn u16(&self, offset: usize) -> Option<u16> {
        self.bytes(offset).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&self, offset: usize) -> Option<u32> {
        self.bytes(offset).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&self, offset: usize) -> Option<u64> {
        self.bytes(offset).map(u64::from_le_bytes)
    }
}

/// Replaces each 32-bit number that has all bits set by its 64-bit value from the zip64 extra field. Also returns whether
/// there is such a field. `None` if the field is too short.
pub(super) fn widen<const COUNT: usize>(extra: &[u8], narrow: [u32; COUNT]) -> Option<([u64; COUNT], bool)> {
    let field = extra_field(extra, 1);
    let mut offset = 0;
    let mut wide = [0; COUNT];
    for (wide, narrow) in wide.iter_mut().zip(narrow) {
        *wide = narrow.into();
        if narrow == u32::MAX
            && let Some(field) = field
        {
            *wide = ByteReader(field).u64(offset)?;
            offset += 8;
        }
    }
    Some((wide, field.is_some()))
}

/// The contents of the extra field with this id.
pub(super) fn extra_field(mut extra: &[u8], id: u16) -> Option<&[u8]> {
    while let (Some(found), Some(size)) = (ByteReader(extra).u16(0), ByteReader(extra).u16(2)) {
        let end = 4 + usize::from(size);
        if found == id {
            return extra.get(4..end);
        }
        extra = extra.get(end..)?;
    }
    None
}
