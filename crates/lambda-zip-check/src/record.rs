//! Numbers and fields of a zip's records, read with a check of every bound.

use std::io::{self, Read, Seek, SeekFrom};

/// Reads so many bytes at a position; `None` if the file has fewer.
pub(super) fn read_at(file: &mut (impl Read + Seek), position: u64, size: usize) -> io::Result<Option<Vec<u8>>> {
    // Positions beyond what a file can have are answered here: the system calls that an invalid argument.
    if i64::try_from(position).is_err() {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(position))?;
    let mut bytes = Vec::new();
    file.take(size as u64).read_to_end(&mut bytes)?;
    Ok((bytes.len() == size).then_some(bytes))
}

/// Little-endian numbers at offsets of a record.
pub(super) struct Record<'a>(pub(super) &'a [u8]);

impl Record<'_> {
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

/// The 64-bit values of those fields that say with all bits set that they stand in the zip64 extra field, and whether
/// the entry has that field.
pub(super) fn widen<const COUNT: usize>(extra: &[u8], narrow: [u32; COUNT]) -> Option<([u64; COUNT], bool)> {
    let field = extra_field(extra, 1);
    let mut offset = 0;
    let mut wide = [0; COUNT];
    for (wide, narrow) in wide.iter_mut().zip(narrow) {
        *wide = narrow.into();
        if narrow == u32::MAX
            && let Some(field) = field
        {
            *wide = Record(field).u64(offset)?;
            offset += 8;
        }
    }
    Some((wide, field.is_some()))
}

/// The contents of the extra field with this id.
pub(super) fn extra_field(mut extra: &[u8], id: u16) -> Option<&[u8]> {
    while let (Some(found), Some(size)) = (Record(extra).u16(0), Record(extra).u16(2)) {
        let end = 4 + usize::from(size);
        if found == id {
            return extra.get(4..end);
        }
        extra = extra.get(end..)?;
    }
    None
}
