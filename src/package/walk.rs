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

/// What a table gives for the next bits: how many of them to skip, extra bits included, and what they stand for.
type Code = u16;
const BITS: Code = 0xff;
const LENGTH: Code = 0x100;
const END_OF_BLOCK: Code = 0x200;
/// No code starts with these bits.
const INVALID: Code = 0;

fn skip_compressed(bits: &mut Bits<'_>, codes: &Codes) -> Option<()> {
    loop {
        let mut window = bits.peek()?;
        let code = codes.literals.look_up(window)?;
        let mut count = code & BITS;
        if code & LENGTH != 0 {
            // At most 20 bits for the length and 28 for the distance: one window holds both.
            window >>= count;
            count += codes.distances.look_up(window)? & BITS;
        }
        bits.position += usize::from(count);
        if code & END_OF_BLOCK != 0 {
            return Some(());
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
    fn look_up(&self, window: u64) -> Option<Code> {
        let code = *self.codes.get(usize::try_from(window & self.mask).ok()?)?;
        (code != INVALID).then_some(code)
    }

    /// Builds the table from the lengths of the codes, which is all that a stream holds of them. `describe` turns a
    /// symbol and the length of its code into what the table gives.
    fn set(&mut self, lengths: &[u8], describe: impl Fn(u16, u16) -> Code) -> Option<()> {
        let longest = usize::from(*lengths.iter().max()?);
        self.codes.clear();
        self.codes.resize(1 << longest, INVALID);
        self.mask = (1 << longest) - 1;
        // Codes of one length are consecutive numbers in the order of their symbols, and shorter codes come first.
        let mut next_code = 0_usize;
        for length in 1..=longest {
            next_code <<= 1;
            for (symbol, _) in (0..).zip(lengths).filter(|(_, other)| usize::from(**other) == length) {
                if next_code >> length != 0 {
                    return None;
                }
                // The stream has the first bit of a code in the lowest place.
                let reversed = next_code.reverse_bits() >> (usize::BITS as usize - length);
                let code = describe(symbol, u16::try_from(length).ok()?);
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
            257..=264 | 285 => bits | LENGTH,
            265..=284 => (bits + (symbol - 261) / 4) | LENGTH,
            _ => INVALID,
        })?;
        self.distances.set(distances, |symbol, bits| match symbol {
            0..=3 => bits,
            4..=29 => bits + symbol / 2 - 1,
            _ => INVALID,
        })
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
        self.lengths.set(&length_lengths, |symbol, bits| symbol << 8 | bits)?;
        let mut lengths = Vec::with_capacity(literal_count + distance_count);
        while lengths.len() < literal_count + distance_count {
            let code = self.lengths.look_up(bits.peek()?)?;
            bits.position += usize::from(code & BITS);
            let (length, repeats) = match code >> 8 {
                length @ 0..=15 => (u8::try_from(length).ok()?, 1),
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
