//! Reads a deflate stream bit by bit, from the lowest bit of each byte to the highest.

pub(super) struct BitReader<'a> {
    stream: &'a [u8],
    /// In bits.
    pub(super) position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(stream: &'a [u8]) -> Self {
        Self { stream, position: 0 }
    }

    /// At least the next 57 bits, the first one in the lowest place. Beyond the end of the stream they are zero. None if the
    /// position is beyond the end.
    pub(super) fn peek(&self) -> Option<u64> {
        let start = self.position / 8;
        let bytes = match self.stream.get(start..start + 8) {
            Some(bytes) => bytes.try_into().ok()?,
            None => self.last_bytes(start)?,
        };
        Some(u64::from_le_bytes(bytes) >> (self.position % 8))
    }

    /// The rest of the stream, followed by zeros.
    fn last_bytes(&self, start: usize) -> Option<[u8; 8]> {
        let rest = self.stream.get(start..).filter(|rest| !rest.is_empty())?;
        let mut bytes = [0; 8];
        bytes[..rest.len()].copy_from_slice(rest);
        Some(bytes)
    }

    pub(super) fn take(&mut self, count: u32) -> Option<usize> {
        let value = lowest_bits(self.peek()?, count);
        self.position += count as usize;
        Some(value)
    }

    /// Whole bytes. The position must be at a byte boundary.
    pub(super) fn take_bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let start = self.position / 8;
        self.position += count * 8;
        self.stream.get(start..start + count)
    }

    pub(super) fn align_to_byte(&mut self) {
        self.position = self.position.next_multiple_of(8);
    }

    /// Whether the stream ends within the current byte.
    pub(super) fn is_at_last_byte(&self) -> bool {
        self.position.div_ceil(8) == self.stream.len()
    }
}

/// The lowest bits as a number. `count` is at most 32, so the number fits.
pub(super) fn lowest_bits(bits: u64, count: u32) -> usize {
    usize::try_from(bits & ((1 << count) - 1)).unwrap_or(usize::MAX)
}
