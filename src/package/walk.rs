//! Finds where the last block of a deflate stream starts and where the stream ends.
//!
//! libdeflate marks the last block of whatever it compresses as final. To append another stream, that mark has to go,
//! and nothing but decoding every code before it says where it is. This decodes the codes and drops what they stand
//! for, which takes a small part of the time of compressing. The format is that of RFC 1951.

/// Positions in a deflate stream, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LastBlock {
    /// The bit that says that a block is the last one.
    pub(super) mark: usize,
    /// The first bit behind the stream.
    pub(super) end: usize,
}

/// Walks a deflate stream. Nothing when it is not one, or is cut short.
pub(super) fn find_last_block(stream: &[u8]) -> Option<LastBlock> {
    let mut bits = Bits { stream, position: 0 };
    let mut codes = Codes::default();
    loop {
        let mark = bits.position;
        let is_last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => skip_stored(&mut bits)?,
            1 => {
                codes.set_fixed()?;
                skip_compressed(&mut bits, &codes)?;
            }
            2 => {
                codes.read(&mut bits)?;
                skip_compressed(&mut bits, &codes)?;
            }
            _ => return None,
        }
        if is_last {
            return (bits.position <= stream.len() * 8).then_some(LastBlock { mark, end: bits.position });
        }
    }
}

struct Bits<'a> {
    stream: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    /// At least the next 57 bits, the first in the lowest place, with zeros behind the end of the stream. Nothing when
    /// the position is behind the end.
    fn peek(&self) -> Option<u64> {
        let start = self.position / 8;
        let window = if let Some(window) = self.stream.get(start..start + 8) {
            window.try_into().ok()?
        } else {
            let rest = self.stream.get(start..).filter(|rest| !rest.is_empty())?;
            let mut window = [0; 8];
            window[..rest.len()].copy_from_slice(rest);
            window
        };
        Some(u64::from_le_bytes(window) >> (self.position % 8))
    }

    fn take(&mut self, count: usize) -> Option<usize> {
        let value = usize::try_from(self.peek()? & ((1 << count) - 1)).ok()?;
        self.position += count;
        Some(value)
    }
}

fn skip_stored(bits: &mut Bits<'_>) -> Option<()> {
    bits.position = bits.position.next_multiple_of(8);
    let length = bits.take(16)?;
    let complement = bits.take(16)?;
    bits.position += length * 8;
    (length ^ complement == 0xffff).then_some(())
}

/// What a table gives for the next bits: how many of them to skip, extra bits included, and what they stand for. All of
/// it in one byte, because a table of wider ones would not fit into a processor's first cache.
type Code = u8;
const BITS: Code = 0x1f;
/// A code of the second table follows.
const LENGTH: Code = 1 << 7;
const END_OF_BLOCK: Code = 1 << 6;
/// No code starts with these bits.
const INVALID: Code = 1 << 5;

const LENGTH_EXTRA_BITS: [u8; 29] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_EXTRA_BITS: [u8; 30] =
    [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];

fn skip_compressed(bits: &mut Bits<'_>, codes: &Codes) -> Option<()> {
    loop {
        // At most 20 bits for a literal or a length, and 28 for a distance: one window holds both.
        let window = bits.peek()?;
        let first = codes.literals.look_up(window);
        // Which of the codes are lengths is as good as random to the processor, so this looks up a distance in any case
        // and ignores it where there is none: a wrong guess would cost more.
        let has_distance = (first >> 7).wrapping_neg();
        let second = codes.distances.look_up(window >> (first & BITS)) & has_distance;
        bits.position += usize::from((first & BITS) + (second & BITS));
        if (first | second) & (END_OF_BLOCK | INVALID) != 0 {
            return ((first | second) & INVALID == 0).then_some(());
        }
    }
}

/// Every sequence of bits as long as the longest code, and the code that it starts with.
#[derive(Default)]
struct Table {
    codes: Vec<Code>,
    mask: u64,
}

impl Table {
    fn look_up(&self, window: u64) -> Code {
        let index = usize::try_from(window & self.mask).unwrap_or(usize::MAX);
        self.codes.get(index).copied().unwrap_or(INVALID)
    }

    /// Builds the table from the lengths of the codes, which is all that a stream holds of them. `describe` turns a
    /// symbol and the length of its code into what the table gives.
    fn set(&mut self, lengths: &[u8], describe: impl Fn(usize, u8) -> Code) -> Option<()> {
        let longest = usize::from(*lengths.iter().max()?);
        self.codes.clear();
        self.codes.resize(1 << longest, INVALID);
        self.mask = (1 << longest) - 1;
        // Codes of one length are consecutive numbers in the order of their symbols, and shorter codes come first.
        let mut next_code = 0_usize;
        for length in 1..=longest {
            next_code <<= 1;
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, other)| usize::from(**other) == length) {
                if next_code >> length != 0 {
                    return None;
                }
                // The stream has the first bit of a code in the lowest place.
                let reversed = next_code.reverse_bits() >> (usize::BITS as usize - length);
                let code = describe(symbol, u8::try_from(length).ok()?);
                self.codes[reversed..].iter_mut().step_by(1 << length).for_each(|place| *place = code);
                next_code += 1;
            }
        }
        Some(())
    }
}

/// The codes of one block.
#[derive(Default)]
struct Codes {
    literals: Table,
    distances: Table,
    lengths: Table,
}

impl Codes {
    fn set(&mut self, literals: &[u8], distances: &[u8]) -> Option<()> {
        self.literals.set(literals, |symbol, bits| match symbol {
            0..=255 => bits,
            256 => bits | END_OF_BLOCK,
            _ => LENGTH_EXTRA_BITS.get(symbol - 257).map_or(INVALID, |extra| (bits + extra) | LENGTH),
        })?;
        let distance = |symbol, bits| DISTANCE_EXTRA_BITS.get(symbol).map_or(INVALID, |extra: &u8| bits + extra);
        self.distances.set(distances, distance)
    }

    fn set_fixed(&mut self) -> Option<()> {
        let mut literals = [8; 288];
        literals[144..256].fill(9);
        literals[256..280].fill(7);
        self.set(&literals, &[5; 32])
    }

    /// Reads the codes at the start of a block.
    fn read(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let literal_count = bits.take(5)? + 257;
        let distance_count = bits.take(5)? + 1;
        let length_count = bits.take(4)? + 4;
        let mut length_lengths = [0; 19];
        for symbol in &ORDER[..length_count] {
            length_lengths[*symbol] = u8::try_from(bits.take(3)?).ok()?;
        }
        // These codes have at most 7 bits, which leaves room for their 19 symbols. No bits: no code.
        self.lengths.set(&length_lengths, |symbol, bits| u8::try_from(symbol << 3).unwrap_or(INVALID) | bits)?;
        let mut lengths = Vec::with_capacity(literal_count + distance_count);
        while lengths.len() < literal_count + distance_count {
            let code = self.lengths.look_up(bits.peek()?);
            let count = usize::from(code & 7);
            if count == 0 {
                return None;
            }
            bits.position += count;
            let (length, repeats) = match code >> 3 {
                length @ 0..=15 => (length, 1),
                16 => (*lengths.last()?, bits.take(2)? + 3),
                17 => (0, bits.take(3)? + 3),
                _ => (0, bits.take(7)? + 11),
            };
            lengths.resize(lengths.len() + repeats, length);
        }
        if lengths.len() != literal_count + distance_count {
            return None;
        }
        let (literals, distances) = lengths.split_at(literal_count);
        self.set(literals, distances)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn one_stored_block() {
        let stream = [0b001, 2, 0, 0xfd, 0xff, b'h', b'i'];
        assert_eq!(find_last_block(&stream), Some(LastBlock { mark: 0, end: 56 }));
    }

    #[test]
    fn one_block_of_fixed_codes() {
        // `a`, a repetition of it with 3 bytes, the end: 3 bits, then 8, 7 + 5 and 7.
        let stream = [0x4b, 0x04, 0x02, 0x00];
        assert_eq!(find_last_block(&stream), Some(LastBlock { mark: 0, end: 30 }));
    }

    #[test]
    fn the_last_block_of_several_is_found() {
        // An empty stored block, an empty block of fixed codes, and an empty last one.
        let stream = [0, 0, 0, 0xff, 0xff, 0b10, 0b1100, 0];
        assert_eq!(find_last_block(&stream), Some(LastBlock { mark: 50, end: 60 }));
    }

    #[test]
    fn blocks_of_another_encoder_are_walked() {
        let data: Vec<u8> = (0..200_000_u32).flat_map(|n| (n % 997 * (n % 31) / 7).to_le_bytes()).collect();
        for level in 0..=9 {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(level));
            encoder.write_all(&data).unwrap();
            let stream = encoder.finish().unwrap();
            let found = find_last_block(&stream).unwrap();
            assert_eq!(found.end.div_ceil(8), stream.len());
            assert_eq!(stream[found.mark / 8] >> (found.mark % 8) & 1, 1);
        }
    }

    #[test]
    fn nothing_is_found_in_what_is_not_a_stream() {
        let complete = [0b001, 2, 0, 0xfd, 0xff, b'h', b'i'];
        for end in 0..complete.len() {
            assert_eq!(find_last_block(&complete[..end]), None, "{end}");
        }
        let reserved_type = [0b111, 0, 0, 0];
        let wrong_complement = [0b001, 2, 0, 0xfd, 0xfe, b'h', b'i'];
        let not_the_last = [0, 0, 0, 0xff, 0xff];
        for stream in [&reserved_type[..], &wrong_complement, &not_the_last, &[0xff; 64], &[0b101; 64]] {
            assert_eq!(find_last_block(stream), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_walked_without_a_panic(stream in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            find_last_block(&stream);
        }
    }
}
