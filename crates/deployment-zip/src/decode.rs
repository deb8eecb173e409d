//! Decodes what libdeflate made, and holds it against what went in.
//!
//! That serves two ends. Whatever is published was decoded by code that has no part in compressing it. And libdeflate
//! marks the last block of all that it compresses as final: to append another stream, that mark has to go, and nothing
//! but decoding everything before it says where it is.
//!
//! What a stream must stand for is at hand, so nothing is written: bytes are compared where they are. The format is that
//! of RFC 1951. Codes that zlib refuses are refused here, because somebody will unpack the zip with it.

/// Positions in a deflate stream, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LastBlock {
    /// The bit that says that a block is the last one.
    pub(super) mark: usize,
    /// The first bit behind the stream.
    pub(super) end: usize,
}

/// Decodes a deflate stream. Nothing when it is none, is cut short, is followed by anything, or stands for anything but the
/// contents.
pub(super) fn decode(stream: &[u8], contents: &[u8]) -> Option<LastBlock> {
    let mut bits = Bits { stream, position: 0 };
    let mut expected = Expected { contents, position: 0 };
    let mut codes = Codes::default();
    loop {
        let mark = bits.position;
        let is_last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => decode_stored(&mut bits, &mut expected)?,
            1 => {
                codes.set_fixed()?;
                decode_compressed(&mut bits, &codes, &mut expected)?;
            }
            2 => {
                codes.read(&mut bits)?;
                decode_compressed(&mut bits, &codes, &mut expected)?;
            }
            _ => return None,
        }
        if is_last {
            let is_whole = bits.position.div_ceil(8) == stream.len() && expected.position == contents.len();
            return is_whole.then_some(LastBlock { mark, end: bits.position });
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
        let window = if let Some(window) = word(self.stream, start) {
            window
        } else {
            let rest = self.stream.get(start..).filter(|rest| !rest.is_empty())?;
            let mut window = [0; 8];
            window[..rest.len()].copy_from_slice(rest);
            u64::from_le_bytes(window)
        };
        Some(window >> (self.position % 8))
    }

    fn take(&mut self, count: u32) -> Option<usize> {
        let value = lowest(self.peek()?, count);
        self.position += count as usize;
        Some(value)
    }
}

/// Eight bytes, the first in the lowest place.
fn word(bytes: &[u8], start: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(start..start + 8)?.try_into().ok()?))
}

/// Sixteen bytes.
fn words(bytes: &[u8], start: usize) -> Option<u128> {
    Some(u128::from_le_bytes(bytes.get(start..start + 16)?.try_into().ok()?))
}

/// A number of the lowest bits, which is never so large that it would not fit.
fn lowest(window: u64, count: u32) -> usize {
    usize::try_from(window & ((1 << count) - 1)).unwrap_or(usize::MAX)
}

/// What the stream must stand for, and how far it was found to do so.
struct Expected<'a> {
    contents: &'a [u8],
    position: usize,
}

impl Expected<'_> {
    fn literal(&mut self, byte: u8) -> Option<()> {
        let is_same = *self.contents.get(self.position)? == byte;
        self.position += 1;
        is_same.then_some(())
    }

    fn literals(&mut self, bytes: &[u8]) -> Option<()> {
        let is_same = self.contents.get(self.position..)?.starts_with(bytes);
        self.position += bytes.len();
        is_same.then_some(())
    }

    /// What is at this distance before comes again. It may reach into the repetition itself.
    fn repetition(&mut self, length: usize, distance: usize) -> Option<()> {
        let (here, there) = (self.position, self.position.checked_sub(distance)?);
        self.position = here + length;
        // Nearly all have at most sixteen bytes, and are compared without asking how many.
        if length <= 16
            && let (Some(one), Some(other)) = (words(self.contents, here), words(self.contents, there))
        {
            return ((one ^ other) << (128 - 8 * length) == 0).then_some(());
        }
        (self.contents.get(here..here + length)? == self.contents.get(there..there + length)?).then_some(())
    }
}

fn decode_stored(bits: &mut Bits<'_>, expected: &mut Expected<'_>) -> Option<()> {
    bits.position = bits.position.next_multiple_of(8);
    let length = bits.take(16)?;
    let complement = bits.take(16)?;
    let start = bits.position / 8;
    bits.position += length * 8;
    expected.literals(bits.stream.get(start..start + length)?)?;
    (length ^ complement == 0xffff).then_some(())
}

/// What the next bits are. From the lowest: in six bits how many to go on by, in six how many of those are the code; four
/// marks; in sixteen the byte of a literal, the least length or distance of a code, or where in the table to look next.
type Code = u32;
const COUNT: Code = 0x3f;
const CODE_SHIFT: u32 = 6;
const VALUE_SHIFT: u32 = 16;
const LITERAL: Code = 1 << 12;
const END_OF_BLOCK: Code = 1 << 13;
/// The code is longer than what the first part of the table is looked up by.
const LONG: Code = 1 << 14;
/// No code starts with these bits.
const INVALID: Code = 1 << 15;

fn code(value: u16, bits: u8, extra_bits: u8) -> Code {
    u32::from(value) << VALUE_SHIFT | u32::from(bits) << CODE_SHIFT | u32::from(bits + extra_bits)
}

fn count(code: Code) -> u32 {
    code & COUNT
}

/// The value of a code, and what the bits behind it add to that.
fn value(code: Code, window: u64) -> usize {
    (code >> VALUE_SHIFT) as usize + (lowest(window, count(code)) >> (code >> CODE_SHIFT & COUNT))
}

/// Of each code from 257 on, the least length and the number of extra bits.
#[rustfmt::skip]
const LENGTHS: [(u16, u8); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1), (19, 2), (23, 2),
    (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4), (131, 5), (163, 5), (195, 5),
    (227, 5), (258, 0),
];
/// The same for distances.
#[rustfmt::skip]
const DISTANCES: [(u16, u8); 30] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4), (49, 4), (65, 5), (97, 5),
    (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8), (1025, 9), (1537, 9), (2049, 10), (3073, 10), (4097, 11),
    (6145, 11), (8193, 12), (12289, 12), (16385, 13), (24577, 13),
];

fn decode_compressed(bits: &mut Bits<'_>, codes: &Codes, expected: &mut Expected<'_>) -> Option<()> {
    'window: loop {
        let mut window = bits.peek()?;
        let mut first = codes.literals.look_up(window);
        let mut literals = 0;
        while first & LITERAL != 0 {
            expected.literal(first.to_le_bytes()[2])?;
            bits.position += count(first) as usize;
            literals += 1;
            // A code has at most 15 bits: a window holds three.
            if literals == 3 {
                continue 'window;
            }
            window >>= count(first);
            first = codes.literals.look_up(window);
        }
        if literals > 0 {
            window = bits.peek()?;
        }
        if first & (END_OF_BLOCK | INVALID) != 0 {
            bits.position += count(first) as usize;
            return (first & END_OF_BLOCK != 0).then_some(());
        }
        // At most 20 bits for a length, and 28 for a distance: a window that is fresh holds both.
        let length = value(first, window);
        window >>= count(first);
        let second = codes.distances.look_up(window);
        if second & INVALID != 0 {
            return None;
        }
        bits.position += (count(first) + count(second)) as usize;
        expected.repetition(length, value(second, window))?;
    }
}

/// What bits start with, by the first few of them. Where the code is longer, another part of the table is looked up by
/// those that follow: a table by as many bits as the longest code has would not fit into a processor's first cache.
#[derive(Default)]
struct Table {
    codes: Vec<Code>,
    first_bits: u8,
}

impl Table {
    fn look_up(&self, window: u64) -> Code {
        let code = self.at(lowest(window, self.first_bits.into()));
        if code & LONG == 0 { code } else { self.at(value(code, window)) }
    }

    fn at(&self, index: usize) -> Code {
        self.codes.get(index).copied().unwrap_or(INVALID)
    }

    /// Builds the table from the lengths of the codes, which is all that a stream holds of them. `describe` turns a
    /// symbol and the length of its code into what the table gives. Nothing when they are too many or too few.
    fn set(&mut self, most_first_bits: u8, lengths: &[u8], describe: impl Fn(usize, u8) -> Code) -> Option<()> {
        let longest = *lengths.iter().max()?;
        self.first_bits = longest.min(most_first_bits);
        self.codes.clear();
        self.codes.resize(1 << self.first_bits, INVALID);
        // Codes of one length are consecutive numbers in the order of their symbols, and shorter codes come first.
        let mut next_code = 0_usize;
        for length in 1..=longest {
            next_code <<= 1;
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, other)| **other == length) {
                if next_code >> length != 0 {
                    return None;
                }
                // The stream has the first bit of a code in the lowest place.
                let reversed = next_code.reverse_bits() >> (usize::BITS - u32::from(length));
                self.fill(reversed, length, longest, describe(symbol, length))?;
                next_code += 1;
            }
        }
        // All sequences of bits are codes, but a single symbol has a code of one bit, and none has none.
        (next_code >> longest == 1 || longest == 0 || next_code == 1 && longest == 1).then_some(())
    }

    /// Puts a code wherever its bits are followed by any others.
    fn fill(&mut self, bits: usize, length: u8, longest: u8, code: Code) -> Option<()> {
        let first_bits = self.first_bits;
        let first = 1 << first_bits;
        if length <= first_bits {
            self.codes[bits..first].iter_mut().step_by(1 << length).for_each(|place| *place = code);
            return Some(());
        }
        let head = bits & (first - 1);
        if self.codes[head] == INVALID {
            let start = self.codes.len();
            self.codes[head] = LONG | self::code(u16::try_from(start).ok()?, first_bits, longest - first_bits);
            self.codes.resize(start + (1 << (longest - first_bits)), INVALID);
        }
        let start = (self.codes[head] >> VALUE_SHIFT) as usize;
        let end = start + (1 << (longest - first_bits));
        let part = self.codes.get_mut(start + (bits >> first_bits)..end)?;
        part.iter_mut().step_by(1 << (length - first_bits)).for_each(|place| *place = code);
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
        let of = |list: &[(u16, u8)], symbol: usize, bits| {
            list.get(symbol).map_or(INVALID, |(least, extra_bits)| code(*least, bits, *extra_bits))
        };
        self.literals.set(11, literals, |symbol, bits| match symbol {
            256 => code(0, bits, 0) | END_OF_BLOCK,
            _ => u8::try_from(symbol)
                .map_or_else(|_| of(&LENGTHS, symbol - 257, bits), |byte| code(byte.into(), bits, 0) | LITERAL),
        })?;
        self.distances.set(8, distances, |symbol, bits| of(&DISTANCES, symbol, bits))
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
        if literal_count > 286 || distance_count > DISTANCES.len() {
            return None;
        }
        let mut length_lengths = [0; 19];
        for symbol in &ORDER[..length_count] {
            length_lengths[*symbol] = u8::try_from(bits.take(3)?).ok()?;
        }
        self.lengths.set(7, &length_lengths, |symbol, bits| {
            u16::try_from(symbol).map_or(INVALID, |symbol| code(symbol, bits, 0))
        })?;
        let mut lengths = Vec::with_capacity(literal_count + distance_count);
        while lengths.len() < literal_count + distance_count {
            let code = self.lengths.look_up(bits.peek()?);
            if code & INVALID != 0 {
                return None;
            }
            bits.position += count(code) as usize;
            let (length, repeats) = match code.to_le_bytes()[2] {
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
    use std::io::{Read, Write};

    use flate2::Compression;
    use flate2::bufread::DeflateDecoder;
    use flate2::write::DeflateEncoder;
    use proptest::prelude::*;

    use super::*;

    fn encoded(data: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    /// What zlib-rs makes of a stream, and how many of the bytes are the stream, if they are one.
    fn inflated(stream: &[u8]) -> (Vec<u8>, Option<usize>) {
        let mut decoder = DeflateDecoder::new(stream);
        let mut contents = Vec::new();
        let is_stream = decoder.read_to_end(&mut contents).is_ok();
        (contents, is_stream.then(|| usize::try_from(decoder.total_in()).unwrap()))
    }

    fn some_data() -> Vec<u8> {
        (0..200_000_u32).flat_map(|n| (n % 997 * (n % 31) / 7).to_le_bytes()).collect()
    }

    #[test]
    fn one_stored_block() {
        let stream = [0b001, 2, 0, 0xfd, 0xff, b'h', b'i'];
        assert_eq!(decode(&stream, b"hi"), Some(LastBlock { mark: 0, end: 56 }));
        assert_eq!(decode(&stream, b"ho"), None);
    }

    #[test]
    fn one_block_of_fixed_codes() {
        // `a`, a repetition of it with 3 bytes, the end: 3 bits, then 8, 7 + 5 and 7.
        let stream = [0x4b, 0x04, 0x02, 0x00];
        assert_eq!(decode(&stream, b"aaaa"), Some(LastBlock { mark: 0, end: 30 }));
        for other in [&b"aaa"[..], b"aaaaa", b"aaba", b"aaab", b"baaa", b""] {
            assert_eq!(decode(&stream, other), None, "{other:?}");
        }
    }

    #[test]
    fn the_last_block_of_several_is_found() {
        // An empty stored block, an empty block of fixed codes, and an empty last one.
        let stream = [0, 0, 0, 0xff, 0xff, 0b10, 0b1100, 0];
        assert_eq!(decode(&stream, b""), Some(LastBlock { mark: 50, end: 60 }));
    }

    #[test]
    fn streams_of_another_encoder_are_decoded() {
        let data = some_data();
        for level in 0..=9 {
            let stream = encoded(&data, level);
            let found = decode(&stream, &data).unwrap();
            assert_eq!(found.end.div_ceil(8), stream.len());
            assert_eq!(stream[found.mark / 8] >> (found.mark % 8) & 1, 1);
            assert_eq!(decode(&[&stream[..], b"\0"].concat(), &data), None, "a byte follows");
        }
    }

    /// The bits of a stream, in their order.
    #[derive(Default)]
    struct Written(Vec<bool>);

    impl Written {
        fn number(&mut self, value: usize, count: usize) {
            self.0.extend((0..count).map(|place| value >> place & 1 == 1));
        }

        /// A code has its highest bit first.
        fn code(&mut self, code: usize, count: usize) {
            self.0.extend((0..count).rev().map(|place| code >> place & 1 == 1));
        }

        fn bytes(&self) -> Vec<u8> {
            let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
            self.0.chunks(8).map(byte).collect()
        }
    }

    #[test]
    fn the_longest_codes_in_a_row_are_decoded() {
        // One bit for the byte 0 and one more for each up to 11, then one more each for a repetition of three, 12 and 13; the
        // end has as many as 13. What follows three codes of 15 bits has the same first 12 bits as the repetition.
        let length_of = |symbol| match symbol {
            0..=11 => symbol + 1,
            257 => 13,
            12 => 14,
            13 | 256 => 15,
            _ => 0,
        };
        let code_of = |byte: usize| ((1 << length_of(byte)) - 2, length_of(byte));
        for start in 0..24 {
            let contents = [vec![0; start], vec![13; 12], vec![12]].concat();
            let mut written = Written::default();
            written.number(0b101, 3);
            for (value, count) in [(258 - 257, 5), (0, 5), (19 - 4, 4), (0, 9)] {
                written.number(value, count);
            }
            // The lengths of the codes of lengths: four bits for each of 0 to 15.
            (0..16).for_each(|_| written.number(4, 3));
            (0..258).for_each(|symbol| written.code(length_of(symbol), 4));
            written.code(1, 4);
            for byte in &contents {
                let (code, count) = code_of((*byte).into());
                written.code(code, count);
            }
            written.code(0x7fff, 15);
            let stream = written.bytes();
            assert_eq!(inflated(&stream), (contents.clone(), Some(stream.len())));
            assert!(decode(&stream, &contents).is_some(), "{start}");
        }
    }

    #[test]
    fn one_other_byte_anywhere_is_noticed() {
        let data = some_data();
        let streams = [1, 9].map(|level| encoded(&data, level));
        for position in (0..data.len()).step_by(9973).chain([0, data.len() - 1]) {
            let mut other = data.clone();
            other[position] ^= 0x10;
            assert!(streams.iter().all(|stream| decode(stream, &other).is_none()), "{position}");
        }
    }

    #[test]
    fn what_is_no_stream_is_refused() {
        let complete = [0b001, 2, 0, 0xfd, 0xff, b'h', b'i'];
        for end in 0..complete.len() {
            assert_eq!(decode(&complete[..end], b"hi"), None, "{end}");
        }
        let reserved_type = [0b111, 0, 0, 0];
        let wrong_complement = [0b001, 2, 0, 0xfd, 0xfe, b'h', b'i'];
        let not_the_last = [0, 0, 0, 0xff, 0xff];
        for stream in [&reserved_type[..], &wrong_complement, &not_the_last, &[0xff; 64], &[0b101; 64]] {
            for contents in [&b"hi"[..], b""] {
                assert_eq!(decode(stream, contents), None);
            }
        }
    }

    /// A stream of one block with codes of its own: so many bits for each symbol of the lengths.
    fn lengths_block(lengths: &[(usize, u64)]) -> Vec<u8> {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let mut header = 0b101_u128 | 15 << 13;
        for (symbol, length) in lengths {
            let place = ORDER.iter().position(|other| other == symbol).unwrap();
            header |= u128::from(*length) << (17 + 3 * place);
        }
        [header.to_le_bytes().to_vec(), vec![0; 64]].concat()
    }

    #[test]
    fn codes_that_are_too_many_or_too_few_are_refused_as_by_zlib() {
        let refused = [&[(0, 1)][..], &[(0, 1), (1, 2)], &[(0, 1), (1, 1), (2, 1)], &[]];
        for lengths in refused {
            let stream = lengths_block(lengths);
            assert_eq!(decode(&stream, b""), None, "{lengths:?}");
            assert_eq!(inflated(&stream).1, None, "{lengths:?}");
        }
        let is_accepted = |lengths: &[u8]| Table::default().set(2, lengths, |_, bits| code(0, bits, 0)).is_some();
        for lengths in [&[1, 1][..], &[1, 2, 2], &[3, 1, 3, 2], &[0, 1, 0], &[0, 0]] {
            assert!(is_accepted(lengths), "{lengths:?}");
        }
        for lengths in [&[1, 1, 1][..], &[1, 2], &[2], &[3, 1, 3], &[1, 2, 2, 3]] {
            assert!(!is_accepted(lengths), "{lengths:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_bytes_are_judged_as_by_zlib(
            first in 0_u8..8,
            rest in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let stream = [vec![first], rest].concat();
            let (contents, length) = inflated(&stream);
            prop_assert_eq!(decode(&stream, &contents).is_some(), length == Some(stream.len()));
            if let Some(length) = length {
                let found = decode(&stream[..length], &contents);
                prop_assert_eq!(found.map(|found| found.end.div_ceil(8)), Some(length));
            }
        }

        #[test]
        fn damaged_streams_are_judged_as_by_zlib(
            data in proptest::collection::vec(0_u8..9, 0..2000),
            level in 0_u32..=9,
            place in any::<proptest::sample::Index>(),
            bit in 0_usize..8,
        ) {
            let mut stream = encoded(&data, level);
            prop_assert!(decode(&stream, &data).is_some());
            let place = place.index(stream.len());
            stream[place] ^= 1 << bit;
            let (contents, length) = inflated(&stream);
            let is_stream = length.is_some();
            prop_assert_eq!(decode(&stream[..length.unwrap_or(stream.len())], &contents).is_some(), is_stream);
            prop_assert!(contents == data || decode(&stream, &data).is_none());
        }
    }
}
