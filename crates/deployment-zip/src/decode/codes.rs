//! The prefix codes of deflate (RFC 1951, section 3.2) as lookup tables.

use super::bits::{BitReader, lowest_bits};

/// The minimum length and the number of extra bits for each length symbol, from 257 on.
#[rustfmt::skip]
const LENGTHS: [(u16, u8); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1), (19, 2), (23, 2),
    (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4), (131, 5), (163, 5), (195, 5),
    (227, 5), (258, 0),
];
/// The minimum distance and the number of extra bits for each distance symbol.
#[rustfmt::skip]
const DISTANCES: [(u16, u8); 30] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4), (49, 4), (65, 5), (97, 5),
    (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8), (1025, 9), (1537, 9), (2049, 10), (3073, 10), (4097, 11),
    (6145, 11), (8193, 12), (12289, 12), (16385, 13), (24577, 13),
];
/// The symbol that ends a block.
const END_OF_BLOCK: usize = 256;
/// The order in which a block stores the lengths of the codes for code lengths.
pub(super) const LENGTH_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// A decoded symbol, in one word so that a lookup is one load from memory. From the lowest bit: six bits for the length of
/// the code and its extra bits, six bits for the length of the code alone, four flags, sixteen bits for the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Symbol(u32);

impl Symbol {
    const COUNT_MASK: u32 = 0x3f;
    const CODE_SHIFT: u32 = 6;
    const VALUE_SHIFT: u32 = 16;
    const LITERAL: u32 = 1 << 12;
    const END_OF_BLOCK: u32 = 1 << 13;
    /// The code is longer than the index into the first part of the table. The value is the start of the part to look in.
    const LONG: u32 = 1 << 14;
    /// No code starts with these bits.
    pub(super) const INVALID: Self = Self(1 << 15);

    pub(super) fn new(value: u16, code_bits: u8, extra_bits: u8) -> Self {
        let bits = u32::from(code_bits + extra_bits);
        Self(u32::from(value) << Self::VALUE_SHIFT | u32::from(code_bits) << Self::CODE_SHIFT | bits)
    }

    fn with_flag(self, flag: u32) -> Self {
        Self(self.0 | flag)
    }

    /// The number of bits that the code and its extra bits take.
    pub(super) fn bits(self) -> u32 {
        self.0 & Self::COUNT_MASK
    }

    /// The value, plus the number in the extra bits. `window` starts with the code.
    pub(super) fn value(self, window: u64) -> usize {
        let extra = lowest_bits(window, self.bits()) >> (self.0 >> Self::CODE_SHIFT & Self::COUNT_MASK);
        (self.0 >> Self::VALUE_SHIFT) as usize + extra
    }

    /// The value of a symbol that stands for a byte.
    pub(super) fn byte(self) -> u8 {
        self.0.to_le_bytes()[2]
    }

    pub(super) fn is_literal(self) -> bool {
        self.0 & Self::LITERAL != 0
    }

    pub(super) fn is_end_of_block(self) -> bool {
        self.0 & Self::END_OF_BLOCK != 0
    }

    pub(super) fn is_invalid(self) -> bool {
        self.0 & Self::INVALID.0 != 0
    }

    fn is_long(self) -> bool {
        self.0 & Self::LONG != 0
    }
}

/// Maps the next bits of a stream to a symbol. The first part of the table is indexed by the first bits of a code. For a
/// longer code, it points to another part, which is indexed by the bits that follow. A table for the longest codes in one
/// piece would not fit into the first cache of a processor.
#[derive(Default)]
pub(super) struct CodeTable {
    symbols: Vec<Symbol>,
    first_bits: u8,
}

impl CodeTable {
    pub(super) fn look_up(&self, window: u64) -> Symbol {
        let symbol = self.at(lowest_bits(window, self.first_bits.into()));
        if symbol.is_long() { self.at(symbol.value(window)) } else { symbol }
    }

    fn at(&self, index: usize) -> Symbol {
        self.symbols.get(index).copied().unwrap_or(Symbol::INVALID)
    }

    /// Builds the table from the lengths of the codes, which is all that a stream stores. `describe` returns the table entry
    /// for a symbol and the length of its code. None if there are too many or too few codes.
    pub(super) fn set(
        &mut self,
        most_first_bits: u8,
        lengths: &[u8],
        describe: impl Fn(usize, u8) -> Symbol,
    ) -> Option<()> {
        let longest = *lengths.iter().max()?;
        self.first_bits = longest.min(most_first_bits);
        self.symbols.clear();
        self.symbols.resize(1 << self.first_bits, Symbol::INVALID);
        // Shorter codes come first. Codes of one length are consecutive numbers, in the order of their symbols.
        let mut next_code = 0_usize;
        for length in 1..=longest {
            next_code <<= 1;
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, other)| **other == length) {
                if next_code >> length != 0 {
                    return None;
                }
                // In the stream, the first bit of a code is in the lowest place.
                let reversed = next_code.reverse_bits() >> (usize::BITS - u32::from(length));
                self.fill(reversed, length, longest, describe(symbol, length))?;
                next_code += 1;
            }
        }
        // Every sequence of bits must start with a code. Exceptions: no symbols at all, or one symbol with a code of one bit.
        let is_complete = next_code >> longest == 1;
        (is_complete || longest == 0 || next_code == 1 && longest == 1).then_some(())
    }

    /// Stores a symbol at every index that starts with its code.
    fn fill(&mut self, code: usize, length: u8, longest: u8, symbol: Symbol) -> Option<()> {
        let first_bits = self.first_bits;
        let first_size = 1 << first_bits;
        if length <= first_bits {
            self.symbols[code..first_size].iter_mut().step_by(1 << length).for_each(|slot| *slot = symbol);
            return Some(());
        }
        let part_size = 1 << (longest - first_bits);
        let head = code & (first_size - 1);
        if self.symbols[head] == Symbol::INVALID {
            let start = u16::try_from(self.symbols.len()).ok()?;
            self.symbols[head] = Symbol::new(start, first_bits, longest - first_bits).with_flag(Symbol::LONG);
            self.symbols.resize(self.symbols.len() + part_size, Symbol::INVALID);
        }
        let start = (self.symbols[head].0 >> Symbol::VALUE_SHIFT) as usize;
        let part = self.symbols.get_mut(start + (code >> first_bits)..start + part_size)?;
        part.iter_mut().step_by(1 << (length - first_bits)).for_each(|slot| *slot = symbol);
        Some(())
    }
}

/// The codes of one block.
#[derive(Default)]
pub(super) struct BlockCodes {
    pub(super) literals: CodeTable,
    pub(super) distances: CodeTable,
    lengths: CodeTable,
}

impl BlockCodes {
    /// Sets the codes of a block that stores none.
    pub(super) fn set_fixed(&mut self) -> Option<()> {
        let mut literals = [8; 288];
        literals[144..256].fill(9);
        literals[256..280].fill(7);
        self.set(&literals, &[5; 32])
    }

    /// Reads the codes that are stored at the start of a block.
    pub(super) fn read(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let literal_count = bits.take(5)? + 257;
        let distance_count = bits.take(5)? + 1;
        let length_count = bits.take(4)? + 4;
        if literal_count > 286 || distance_count > DISTANCES.len() {
            return None;
        }
        let mut length_lengths = [0; LENGTH_ORDER.len()];
        for symbol in &LENGTH_ORDER[..length_count] {
            length_lengths[*symbol] = u8::try_from(bits.take(3)?).ok()?;
        }
        self.lengths.set(7, &length_lengths, |symbol, bits| {
            u16::try_from(symbol).map_or(Symbol::INVALID, |symbol| Symbol::new(symbol, bits, 0))
        })?;
        let lengths = self.read_lengths(bits, literal_count + distance_count)?;
        let (literals, distances) = lengths.split_at(literal_count);
        self.set(literals, distances)
    }

    fn read_lengths(&self, bits: &mut BitReader<'_>, count: usize) -> Option<Vec<u8>> {
        let mut lengths = Vec::with_capacity(count);
        while lengths.len() < count {
            let symbol = self.lengths.look_up(bits.peek()?);
            if symbol.is_invalid() {
                return None;
            }
            bits.position += symbol.bits() as usize;
            let (length, repeats) = match symbol.byte() {
                length @ 0..=15 => (length, 1),
                16 => (*lengths.last()?, bits.take(2)? + 3),
                17 => (0, bits.take(3)? + 3),
                _ => (0, bits.take(7)? + 11),
            };
            lengths.resize(lengths.len() + repeats, length);
        }
        (lengths.len() == count).then_some(lengths)
    }

    fn set(&mut self, literals: &[u8], distances: &[u8]) -> Option<()> {
        self.literals.set(11, literals, |symbol, bits| match u8::try_from(symbol) {
            Ok(byte) => Symbol::new(byte.into(), bits, 0).with_flag(Symbol::LITERAL),
            Err(_) if symbol == END_OF_BLOCK => Symbol::new(0, bits, 0).with_flag(Symbol::END_OF_BLOCK),
            Err(_) => from_list(&LENGTHS, symbol - END_OF_BLOCK - 1, bits),
        })?;
        self.distances.set(8, distances, |symbol, bits| from_list(&DISTANCES, symbol, bits))
    }
}

fn from_list(list: &[(u16, u8)], index: usize, code_bits: u8) -> Symbol {
    list.get(index).map_or(Symbol::INVALID, |(least, extra_bits)| Symbol::new(*least, code_bits, *extra_bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_needs_neither_more_nor_fewer_codes_than_there_are() {
        let is_accepted =
            |lengths: &[u8]| CodeTable::default().set(2, lengths, |_, bits| Symbol::new(0, bits, 0)).is_some();
        for lengths in [&[1, 1][..], &[1, 2, 2], &[3, 1, 3, 2], &[0, 1, 0], &[0, 0]] {
            assert!(is_accepted(lengths), "{lengths:?}");
        }
        for lengths in [&[1, 1, 1][..], &[1, 2], &[2], &[3, 1, 3], &[1, 2, 2, 3]] {
            assert!(!is_accepted(lengths), "{lengths:?}");
        }
    }
}
