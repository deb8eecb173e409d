//! Decodes libdeflate's output and compares it with the input.
//!
//! This serves two purposes. Everything that is published was decoded by code that has no part in compressing it. And the
//! position of the last block becomes known, whose mark must be cleared before another stream can be appended: only
//! decoding everything before it tells where it starts.
//!
//! An ordinary decoder does not tell that position, and is slower: since the expected contents are known, nothing is written
//! here, bytes are compared in place. That takes about a tenth of the time of compressing. The format is RFC 1951. Codes
//! that zlib refuses are refused here, too, because many tools unpack zips with zlib.

mod bits;
mod codes;

use bits::BitReader;
use codes::BlockCodes;

/// Positions in a deflate stream, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LastBlock {
    /// The bit that marks the last block.
    pub(super) mark: usize,
    /// The first bit after the stream.
    pub(super) end: usize,
}

/// Decodes a deflate stream and compares it with its expected contents. None if they differ, or if the stream is invalid,
/// truncated or followed by other bytes.
pub(super) fn decode(stream: &[u8], contents: &[u8]) -> Option<LastBlock> {
    let mut bits = BitReader::new(stream);
    let mut expected = ExpectedContents { contents, position: 0 };
    let mut codes = BlockCodes::default();
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
            let is_whole = bits.is_at_last_byte() && expected.position == contents.len();
            return is_whole.then_some(LastBlock { mark, end: bits.position });
        }
    }
}

/// The expected contents, and how much of them was decoded. Methods return None where the stream differs from them.
struct ExpectedContents<'a> {
    contents: &'a [u8],
    position: usize,
}

impl ExpectedContents<'_> {
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

    /// Repeats `length` bytes from `distance` bytes before. The repeated bytes may include the first of the new ones.
    fn repetition(&mut self, length: usize, distance: usize) -> Option<()> {
        let (here, there) = (self.position, self.position.checked_sub(distance)?);
        self.position = here + length;
        // Most repetitions have at most sixteen bytes. Comparing sixteen of them at once is faster than a loop.
        if length <= 16
            && let (Some(one), Some(other)) = (sixteen_bytes(self.contents, here), sixteen_bytes(self.contents, there))
        {
            return ((one ^ other) << (128 - 8 * length) == 0).then_some(());
        }
        (self.contents.get(here..here + length)? == self.contents.get(there..there + length)?).then_some(())
    }
}

fn sixteen_bytes(bytes: &[u8], start: usize) -> Option<u128> {
    Some(u128::from_le_bytes(bytes.get(start..start + 16)?.try_into().ok()?))
}

fn decode_stored(bits: &mut BitReader<'_>, expected: &mut ExpectedContents<'_>) -> Option<()> {
    bits.align_to_byte();
    let length = bits.take(16)?;
    let complement = bits.take(16)?;
    expected.literals(bits.take_bytes(length)?)?;
    (length ^ complement == 0xffff).then_some(())
}

fn decode_compressed(bits: &mut BitReader<'_>, codes: &BlockCodes, expected: &mut ExpectedContents<'_>) -> Option<()> {
    'window: loop {
        let mut window = bits.peek()?;
        let mut symbol = codes.literals.look_up(window);
        let mut literals = 0;
        while symbol.is_literal() {
            expected.literal(symbol.byte())?;
            bits.position += symbol.bits() as usize;
            literals += 1;
            // A code has at most 15 bits, so the 57 bits of a window hold three codes.
            if literals == 3 {
                continue 'window;
            }
            window >>= symbol.bits();
            symbol = codes.literals.look_up(window);
        }
        if literals > 0 {
            window = bits.peek()?;
        }
        if symbol.is_end_of_block() {
            bits.position += symbol.bits() as usize;
            return Some(());
        }
        if symbol.is_invalid() {
            return None;
        }
        // A length has at most 20 bits and a distance at most 28, so a new window holds both.
        let length = symbol.value(window);
        window >>= symbol.bits();
        let distance = codes.distances.look_up(window);
        if distance.is_invalid() {
            return None;
        }
        bits.position += (symbol.bits() + distance.bits()) as usize;
        expected.repetition(length, distance.value(window))?;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use flate2::Compression;
    use flate2::bufread::DeflateDecoder;
    use flate2::write::DeflateEncoder;
    use proptest::prelude::*;

    use super::codes::LENGTH_ORDER;
    use super::*;

    fn encoded(data: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    /// What zlib-rs decodes, and the length of the stream if it is valid.
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
        // The header has 3 bits, the literal `a` 8, its repetition over 3 bytes 7 + 5, the end of the block 7.
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
    fn streams_of_other_encoders_are_decoded() {
        let data = some_data();
        for level in 0..=9 {
            let stream = encoded(&data, level);
            let found = decode(&stream, &data).unwrap();
            assert_eq!(found.end.div_ceil(8), stream.len());
            assert_eq!(stream[found.mark / 8] >> (found.mark % 8) & 1, 1);
            assert_eq!(decode(&[&stream[..], b"\0"].concat(), &data), None, "a byte follows");
        }
    }

    /// Writes a stream bit by bit.
    #[derive(Default)]
    struct BitWriter(Vec<bool>);

    impl BitWriter {
        fn number(&mut self, value: usize, count: usize) {
            self.0.extend((0..count).map(|place| value >> place & 1 == 1));
        }

        /// A code starts with its highest bit.
        fn code(&mut self, code: usize, count: usize) {
            self.0.extend((0..count).rev().map(|place| code >> place & 1 == 1));
        }

        fn bytes(&self) -> Vec<u8> {
            let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
            self.0.chunks(8).map(byte).collect()
        }
    }

    #[test]
    fn consecutive_codes_of_the_maximum_length_are_decoded() {
        // The codes of the bytes 0 to 11 have 1 to 12 bits, that of a repetition of length three 13 bits, that of byte 12 14
        // bits, those of byte 13 and of the end of the block 15 bits. The first 12 bits of the code for byte 12, which follows
        // three codes of 15 bits, are the same as those of the repetition.
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
            let mut writer = BitWriter::default();
            writer.number(0b101, 3);
            for (value, count) in [(258 - 257, 5), (0, 5), (19 - 4, 4), (0, 9)] {
                writer.number(value, count);
            }
            // Each of the code lengths 0 to 15 has a code of four bits.
            (0..16).for_each(|_| writer.number(4, 3));
            (0..258).for_each(|symbol| writer.code(length_of(symbol), 4));
            writer.code(1, 4);
            for byte in &contents {
                let (code, count) = code_of((*byte).into());
                writer.code(code, count);
            }
            writer.code(0x7fff, 15);
            let stream = writer.bytes();
            assert_eq!(inflated(&stream), (contents.clone(), Some(stream.len())));
            assert!(decode(&stream, &contents).is_some(), "{start}");
        }
    }

    #[test]
    fn one_changed_byte_anywhere_is_detected() {
        let data = some_data();
        let streams = [1, 9].map(|level| encoded(&data, level));
        for position in (0..data.len()).step_by(9973).chain([0, data.len() - 1]) {
            let mut other = data.clone();
            other[position] ^= 0x10;
            assert!(streams.iter().all(|stream| decode(stream, &other).is_none()), "{position}");
        }
    }

    #[test]
    fn invalid_streams_are_refused() {
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

    /// A block with the given codes for code lengths: pairs of a symbol and the length of its code.
    fn lengths_block(lengths: &[(usize, u64)]) -> Vec<u8> {
        let mut header = 0b101_u128 | 15 << 13;
        for (symbol, length) in lengths {
            let place = LENGTH_ORDER.iter().position(|other| other == symbol).unwrap();
            header |= u128::from(*length) << (17 + 3 * place);
        }
        [header.to_le_bytes().to_vec(), vec![0; 64]].concat()
    }

    #[test]
    fn too_many_or_too_few_codes_are_refused_as_by_zlib() {
        let refused = [&[(0, 1)][..], &[(0, 1), (1, 2)], &[(0, 1), (1, 1), (2, 1)], &[]];
        for lengths in refused {
            let stream = lengths_block(lengths);
            assert_eq!(decode(&stream, b""), None, "{lengths:?}");
            assert_eq!(inflated(&stream).1, None, "{lengths:?}");
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
