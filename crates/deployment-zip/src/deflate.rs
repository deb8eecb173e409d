//! Compression in chunks, whose result does not depend on the number of threads.
//!
//! A file is split into chunks, at positions that follow from its size alone. libdeflate compresses each chunk
//! independently, and the results are joined into one deflate stream.
//!
//! Why libdeflate: for the same number of bytes it takes half the time of zlib-rs, which `flate2` uses. Two threads pack an
//! executable of 22 MB in 0.24 s with libdeflate and in 0.60 s with zlib-rs. But libdeflate always ends its output with a
//! block that is marked as the last one, and the next chunk can only be appended after that mark is removed. The position of
//! the mark is found by decoding the stream, which is done anyway to verify it: see [`decode`](super::decode).

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result};
use libdeflater::{CompressionLvl, Compressor};

use super::compressibility::{Compressibility, DEFLATE_WINDOW, is_repetitive};
use super::decode::{LastBlock, decode};

/// A file up to this size is one chunk. Compressing it takes less time than starting another thread, and splitting a small
/// file costs the most bytes.
const LARGEST_WHOLE: u64 = 2 << 20;

/// The largest chunk. Repetitions across chunks are lost: an executable becomes about 0.1 % larger with chunks of 2 MiB, and
/// 0.2 % with chunks of 1 MiB. With larger chunks, some processors are idle at the end.
const LARGEST_CHUNK: u64 = 2 << 20;

/// libdeflate's level for chunks that are hardly compressible, where more effort gains nothing, and for those that are not
/// compressible at all.
const QUICK_LEVEL: i32 = 1;
const STORED_LEVEL: i32 = 0;

/// libdeflate's levels for ordinary and for repetitive chunks. They compare up to 35 and up to 100 earlier positions.
const SHALLOW_LEVEL: i32 = 6;
const DEEP_LEVEL: i32 = 7;

/// Whether to save time or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Half the time of the default, and a little larger.
    Fast,
    /// No larger than `zip -9`.
    #[default]
    Default,
    /// As small as deflate gets in reasonable time.
    Best,
    /// No compression.
    Store,
}

impl Compression {
    /// All values, in the order in which help texts list them.
    pub const ALL: [Self; 4] = [Self::Fast, Self::Default, Self::Best, Self::Store];

    /// libdeflate's level for a chunk.
    ///
    /// Measured against `zip -9` on 140 executables and libraries of 1.2 to 300 MB:
    ///
    /// - Level 6 takes a ninth of the time, but ten files become larger by up to 0.6 %, Go's above all, and one file in
    ///   Haskell by 1.8 %.
    /// - Level 7 takes a seventh of the time. All files become smaller, but for the one in Haskell, at +0.4 %.
    /// - Choosing one of both for each chunk gives the sizes of level 7 in an eighth less time.
    /// - Level 11 takes 1.25 times as long and saves 3.5 %. Level 12 takes a third longer than 11 and saves 0.05 % more.
    /// - Level 1 takes a twentieth of the time, and files become 9 % larger.
    fn level(self, chunk: &[u8]) -> i32 {
        match self {
            Self::Store => STORED_LEVEL,
            Self::Fast => QUICK_LEVEL,
            // For a small chunk, the estimate takes longer than it saves.
            Self::Default if chunk.len() <= DEFLATE_WINDOW || is_repetitive(chunk) => DEEP_LEVEL,
            Self::Default => SHALLOW_LEVEL,
            Self::Best => 11,
        }
    }
}

/// The size of the chunks of a file. It depends on the size of the file only.
pub(super) fn chunk_size(size: u64) -> u64 {
    if size <= LARGEST_WHOLE {
        return LARGEST_WHOLE;
    }
    // An even number of equal chunks keeps two processors busy to the end.
    let chunks = size.div_ceil(LARGEST_CHUNK).next_multiple_of(2);
    size.div_ceil(chunks)
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fast => "fast",
            Self::Default => "default",
            Self::Best => "best",
            Self::Store => "store",
        })
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|compression| compression.to_string() == text)
            .ok_or_else(|| "expected `fast`, `default`, `best` or `store`".into())
    }
}

/// Compresses chunks. Each thread has an encoder of its own, to reuse its memory. The output depends on the chunk only.
pub(super) struct Encoder {
    /// libdeflate's compressors by level, created when they are needed: those of high levels take much memory.
    compressors: [Option<Compressor>; 13],
    buffer: Vec<u8>,
    compression: Compression,
}

impl Encoder {
    pub(super) fn new(compression: Compression) -> Self {
        Self { compressors: Default::default(), buffer: Vec::new(), compression }
    }

    /// Compresses a chunk to a part of a deflate stream that starts and ends at a byte boundary; the last part ends the
    /// stream. The result was decoded again and compared with the chunk.
    ///
    /// None if the file is to be stored: without compression, or if its only chunk does not become smaller.
    pub(super) fn encode(&mut self, chunk: &[u8], is_first: bool, is_last: bool) -> Result<Option<Vec<u8>>> {
        if self.compression == Compression::Store {
            return Ok(None);
        }
        let is_only = is_first && is_last;
        let Some(length) = self.compress_adaptively(chunk, is_only)? else { return Ok(None) };
        if is_only && length >= chunk.len() {
            return Ok(None);
        }
        let mut part = self.buffer[..length].to_vec();
        let last_block = decode(&part, chunk).context("libdeflate's output does not decompress to its input")?;
        if !is_last {
            reopen(&mut part, last_block);
        }
        Ok(Some(part))
    }

    /// Compresses a chunk into the buffer, with as much effort as is worth it, and returns the length of the result. None if
    /// the chunk is the only one and cannot be compressed.
    fn compress_adaptively(&mut self, chunk: &[u8], is_only: bool) -> Result<Option<usize>> {
        // `Best` tries hard even if there is little hope.
        let compressibility = match self.compression {
            Compression::Best => Compressibility::Ordinary,
            _ => Compressibility::estimate(chunk),
        };
        let cheap_level = match compressibility {
            Compressibility::Ordinary => None,
            Compressibility::Low => Some(QUICK_LEVEL),
            Compressibility::None if is_only => return Ok(None),
            Compressibility::None => Some(STORED_LEVEL),
        };
        if let Some(level) = cheap_level {
            let length = self.compress(chunk, level)?;
            // If the chunk shrinks by more than a sixteenth, the estimate was too low.
            if length > chunk.len() / 16 * 15 {
                return Ok(Some(length));
            }
        }
        self.compress(chunk, self.compression.level(chunk)).map(Some)
    }

    /// Compresses a chunk into the buffer and returns the length of the result.
    fn compress(&mut self, chunk: &[u8], level: i32) -> Result<usize> {
        let index = usize::try_from(level)?;
        let compressor = match &mut self.compressors[index] {
            Some(compressor) => compressor,
            empty => {
                let level = CompressionLvl::new(level).ok().context("libdeflate lacks a level")?;
                empty.insert(Compressor::new(level))
            }
        };
        let bound = compressor.deflate_compress_bound(chunk.len());
        if self.buffer.len() < bound {
            self.buffer.resize(bound, 0);
        }
        compressor.deflate_compress(chunk, &mut self.buffer).context("libdeflate exceeded its own bound")
    }
}

/// Makes it possible to append another stream to a complete one: clears the mark of the last block, and fills up to a byte
/// boundary.
fn reopen(stream: &mut Vec<u8>, last_block: LastBlock) {
    stream[last_block.mark / 8] &= !(1 << (last_block.mark % 8));
    // An empty stored block has three zero bits, zero bits up to the next byte, its length and the complement of its length.
    // The unused bits at the end of libdeflate's stream are zero already.
    if stream.len() * 8 - last_block.end < 3 {
        stream.push(0);
    }
    stream.extend([0, 0, 0xff, 0xff]);
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use libdeflater::Decompressor;
    use proptest::prelude::*;

    use super::*;
    use crate::test_data::{mixture, noise};

    /// Compresses data in chunks, as parts of one stream. Nothing is stored, since no chunk is the first one.
    fn joined(compression: Compression, data: &[u8], chunk_size: usize) -> Vec<u8> {
        let mut encoder = Encoder::new(compression);
        if data.is_empty() {
            return encoder.encode(data, false, true).unwrap().unwrap();
        }
        let mut chunks = data.chunks(chunk_size).peekable();
        let mut stream = Vec::new();
        while let Some(chunk) = chunks.next() {
            stream.extend(encoder.encode(chunk, false, chunks.peek().is_none()).unwrap().unwrap());
        }
        stream
    }

    /// Two decoders that share no code must agree on the whole stream.
    fn assert_inflates(stream: &[u8], data: &[u8]) {
        let mut decoder = flate2::bufread::DeflateDecoder::new(stream);
        let mut inflated = Vec::new();
        decoder.read_to_end(&mut inflated).unwrap();
        assert!(inflated == data, "zlib-rs inflates something else");
        assert_eq!(decoder.total_in(), stream.len() as u64);
        inflated = vec![0; data.len()];
        let length = Decompressor::new().deflate_decompress(stream, &mut inflated).unwrap();
        assert!(length == data.len() && inflated == data, "libdeflate inflates something else");
    }

    #[test]
    fn compressions_have_names() {
        for compression in Compression::ALL {
            assert_eq!(compression.to_string().parse(), Ok(compression));
        }
        assert_eq!("Best".parse::<Compression>(), Err("expected `fast`, `default`, `best` or `store`".into()));
    }

    #[test]
    fn the_number_of_chunks_is_even_and_they_are_about_equal() {
        for (size, chunk) in [
            (0, LARGEST_WHOLE),
            (LARGEST_WHOLE, LARGEST_WHOLE),
            (LARGEST_WHOLE + 1, LARGEST_WHOLE / 2 + 1),
            (LARGEST_CHUNK * 2, LARGEST_CHUNK),
            (LARGEST_CHUNK * 2 + 4, LARGEST_CHUNK / 2 + 1),
        ] {
            assert_eq!(chunk_size(size), chunk, "{size}");
        }
        for size in (LARGEST_WHOLE + 1..200 << 20).step_by(999_983) {
            assert!(chunk_size(size) <= LARGEST_CHUNK);
            assert_eq!(size.div_ceil(chunk_size(size)) % 2, 0, "{size}");
        }
    }

    #[test]
    fn joined_streams_inflate_to_the_input() {
        const CHUNK: usize = 70_000;
        for length in [0, 1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 17] {
            for data in [noise(length), vec![0; length], mixture(length)] {
                for compression in [Compression::Fast, Compression::Default, Compression::Best] {
                    assert_inflates(&joined(compression, &data, CHUNK), &data);
                }
            }
        }
    }

    #[test]
    fn noise_is_stored_or_grows_by_little() {
        let data = noise(1 << 20);
        for length in [1000, data.len()] {
            assert_eq!(Encoder::new(Compression::Default).encode(&data[..length], true, true).unwrap(), None);
        }
        assert!(joined(Compression::Default, &data, 1 << 18).len() < data.len() + 128);
    }

    #[test]
    fn repeated_noise_is_compressed() {
        assert!(joined(Compression::Default, &noise(20_000).repeat(20), 1 << 20).len() < 25_000);
    }

    #[test]
    fn noise_with_one_frequent_byte_is_compressed() {
        let mut data = noise(1 << 20);
        data.iter_mut().step_by(40).for_each(|byte| *byte = 0);
        let length = joined(Compression::Default, &data, 1 << 20).len();
        assert!(length < data.len() / 1000 * 997, "{length}");
    }

    #[test]
    fn repetitive_and_small_chunks_get_the_deep_level() {
        let mut table = noise(1 << 20);
        table.chunks_mut(16).for_each(|row| row[..12].copy_from_slice(b"a row's name"));
        let letters: Vec<u8> = noise(1 << 20).iter().map(|byte| byte & 31).collect();
        let small = &letters[..DEFLATE_WINDOW];
        for (data, level) in [(&table[..], DEEP_LEVEL), (&letters, SHALLOW_LEVEL), (small, DEEP_LEVEL)] {
            assert_eq!(Compression::Default.level(data), level);
            let mut compressor = Compressor::new(CompressionLvl::new(level).unwrap());
            let mut stream = vec![0; compressor.deflate_compress_bound(data.len())];
            let length = compressor.deflate_compress(data, &mut stream).unwrap();
            assert!(joined(Compression::Default, data, data.len()) == stream[..length], "level {level}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_data_in_any_chunks_inflates_to_itself(
            words in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..20),
            picks in proptest::collection::vec(any::<proptest::sample::Index>(), 0..3000),
            chunk_size in 1_usize..40_000,
            compression in proptest::sample::select(&[Compression::Fast, Compression::Default, Compression::Best][..]),
        ) {
            let data: Vec<u8> = match words.len() {
                0 => Vec::new(),
                count => picks.iter().flat_map(|pick| words[pick.index(count)].clone()).collect(),
            };
            let chunk_size = chunk_size.max(data.len() / 20);
            assert_inflates(&joined(compression, &data, chunk_size), &data);
        }
    }
}
