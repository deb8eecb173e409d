//! Reads little-endian numbers and extra fields, checking every bound.

use std::io::{self, Read, Seek, SeekFrom};

/// A file of known length.
pub(super) struct SizedFile<'a, F> {
    pub(super) file: &'a mut F,
    pub(super) length: u64,
}

impl<F: Read + Seek> SizedFile<'_, F> {
    /// Reads `size` bytes at a position; `None` if the file does not have them.
    pub(super) fn read_at(&mut self, position: u64, size: usize) -> io::Result<Option<Vec<u8>>> {
        // A zip may name any position. Seeking to one beyond what the file system supports would be an error.
        if position.checked_add(size as u64).is_none_or(|end| end > self.length) {
            return Ok(None);
        }
        self.file.seek(SeekFrom::Start(position))?;
        let mut bytes = Vec::new();
        self.file.take(size as u64).read_to_end(&mut bytes)?;
        Ok((bytes.len() == size).then_some(bytes))
    }
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

/// Whether an extra field claims more bytes than there are. Up to three bytes at the end, too few for a field, are padding
/// that some tools add to align the data.
pub(super) fn overruns(mut extra: &[u8]) -> bool {
    while let (Some(_), Some(size)) = (ByteReader(extra).u16(0), ByteReader(extra).u16(2)) {
        match extra.get(4 + usize::from(size)..) {
            Some(rest) => extra = rest,
            None => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extra_field_may_not_claim_more_than_there_is() {
        assert!(!overruns(&[]));
        assert!(!overruns(&[0x99, 0x99, 2, 0, b'a', b'b']));
        assert!(!overruns(&[0x99, 0x99, 0, 0, 0, 0, 0]));
        assert!(overruns(&[0x99, 0x99, 3, 0, b'a', b'b']));
        assert!(overruns(&[0x99, 0x99, 0, 0, 1, 0, 0xff, 0xff]));
    }

    #[test]
    fn positions_beyond_the_file_hold_nothing() {
        let mut file = io::Cursor::new(b"abc");
        let mut file = SizedFile { file: &mut file, length: 3 };
        assert_eq!(file.read_at(1, 2).unwrap().as_deref(), Some(&b"bc"[..]));
        assert_eq!(file.read_at(2, 2).unwrap(), None);
        for position in [4, i64::MAX as u64, u64::MAX] {
            assert_eq!(file.read_at(position, 1).unwrap(), None);
        }
    }
}
