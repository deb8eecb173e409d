//! Compression that does not depend on how many threads share it.
//!
//! A file is cut into chunks, the boundaries following from its size alone. Each chunk is compressed apart, by
//! libdeflate, and the results are stitched into one deflate stream.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result};
use libdeflater::{CompressionLvl, Compressor};

use super::decode::{LastBlock, decode};

/// A file that has no more bytes than this is one chunk. So small a file takes less time than starting another thread
/// is worth, and loses the most by being cut.
const LARGEST_WHOLE: u64 = 2 << 20;

/// The largest chunk. What a chunk repeats of the one before it is lost on it: with chunks of 1 MiB an executable comes
/// out about 0.2 % larger than in one piece, with 2 MiB 0.1 %. Larger ones leave processors idle at the end.
const LARGEST_CHUNK: u64 = 2 << 20;

/// libdeflate's level for chunks that look compressed already, on which more effort is wasted, and for those that do not
/// get smaller by it.
const QUICK_LEVEL: i32 = 1;
const STORED_LEVEL: i32 = 0;

/// How much of a chunk that looks compressed already is tried first: twice the reach of deflate, out of each part of this
/// length.
const SAMPLE: usize = 64 << 10;
const SAMPLED: usize = 512 << 10;

/// How much time to spend on a small zip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Half the time of the default, a little larger.
    Fast,
    /// No larger than what `zip -9` makes.
    #[default]
    Default,
    /// As small as deflate gets in reasonable time.
    Best,
    /// No compression.
    Store,
}

impl Compression {
    /// All, in the order in which they are listed to a user.
    pub const ALL: [Self; 4] = [Self::Fast, Self::Default, Self::Best, Self::Store];

    /// libdeflate's level. Measured on some forty executables and libraries of 1.6 to 150 MB, against `zip -9`: 6 takes a
    /// ninth of the time, but makes up to 0.9 % more bytes of every seventh of them, Go's above all; 7 takes a seventh, and
    /// makes up to 1.6 % less of all but one, which is written in Haskell: 0.4 % more; 11 makes 3.5 % less in one and a
    /// quarter times of it, 1 makes 9 % more in a twentieth. 12 takes a third longer than 11 for 0.05 % less.
    fn level(self) -> i32 {
        match self {
            Self::Store => 0,
            Self::Fast => 1,
            Self::Default => 7,
            Self::Best => 11,
        }
    }
}

/// How many bytes of a file of `size` bytes are compressed apart from the rest. Nothing but the size has a say in it.
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
            .ok_or_else(|| "there is `fast`, `default`, `best` and `store`".into())
    }
}

/// Compresses chunks. Each thread has its own; none keeps anything of a chunk.
pub(super) struct Encoder {
    /// libdeflate's compressors by their level, made when they are first needed: the better ones are large.
    compressors: [Option<Compressor>; 13],
    buffer: Vec<u8>,
    compression: Compression,
}

impl Encoder {
    pub(super) fn new(compression: Compression) -> Self {
        Self { compressors: Default::default(), buffer: Vec::new(), compression }
    }

    /// Compresses a chunk to a piece of a deflate stream that starts and ends on a byte. The last piece ends the stream.
    /// Nothing when chunks are not to be compressed, or the only one of a stream does not get smaller by it. What comes of
    /// it was decoded again.
    pub(super) fn encode(&mut self, chunk: &[u8], is_first: bool, is_last: bool) -> Result<Option<Vec<u8>>> {
        if self.compression == Compression::Store {
            return Ok(None);
        }
        let mut length = None;
        if self.compression != Compression::Best && looks_compressed(chunk) {
            let level = if self.shrinks_in_samples(chunk)? { QUICK_LEVEL } else { STORED_LEVEL };
            length = Some(self.compress(chunk, level)?).filter(|length| *length > chunk.len() / 16 * 15);
        }
        let length = match length {
            Some(length) => length,
            None => self.compress(chunk, self.compression.level())?,
        };
        if is_first && is_last && length >= chunk.len() {
            return Ok(None);
        }
        let mut piece = self.buffer[..length].to_vec();
        let last_block = decode(&piece, chunk).context("it was not compressed to what decompresses to it again")?;
        if !is_last {
            reopen(&mut piece, last_block);
        }
        Ok(Some(piece))
    }

    /// Whether some samples of a chunk, wide enough to hold any repetition that deflate can use, get smaller at all. One
    /// that is no larger than a sample is worth a try.
    fn shrinks_in_samples(&mut self, chunk: &[u8]) -> Result<bool> {
        if chunk.len() <= SAMPLE {
            return Ok(true);
        }
        for part in chunk.chunks(SAMPLED) {
            let start = part.len().saturating_sub(SAMPLE) / 2;
            let sample = &part[start..part.len().min(start + SAMPLE)];
            if self.compress(sample, QUICK_LEVEL)? < sample.len() {
                return Ok(true);
            }
        }
        Ok(false)
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

/// Whether all bytes are about equally frequent in a sample of a chunk, as they are in what was compressed already. Being
/// wrong costs time, never correctness.
fn looks_compressed(chunk: &[u8]) -> bool {
    let mut counts = [0_u64; 256];
    let mut total = 0;
    for part in chunk.chunks(4096).step_by(16) {
        total += part.len() as u64;
        for byte in part {
            counts[usize::from(*byte)] += 1;
        }
    }
    // The chance that two bytes are the same is 1/256 when all are equally frequent, and larger for anything else: here
    // up to 5/4 of that. In whole numbers, so that every processor comes to the same answer.
    let same: u64 = counts.iter().map(|count| count * count).sum();
    same * 256 * 4 <= total * total * 5
}

/// Turns a complete deflate stream into one that another can be appended to: no block is the last one, and the end is
/// on a byte.
fn reopen(stream: &mut Vec<u8>, last_block: LastBlock) {
    stream[last_block.mark / 8] &= !(1 << (last_block.mark % 8));
    // An empty stored block: three zero bits, zero bits up to the next byte, then its length and the complement of it.
    // The bits behind the end of libdeflate's stream are zero already.
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

    /// Bytes that nothing can compress, the same in every run.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    /// Bytes with repetitions near and far, and with stretches of noise.
    fn mixture(length: usize) -> Vec<u8> {
        let noise = noise(length);
        (0..length).map(|i| if i % 5000 < 4000 { noise[i % 700 + i / 9000] & 31 } else { noise[i] }).collect()
    }

    fn stitch(compression: Compression, data: &[u8], chunk_size: usize) -> Vec<u8> {
        let mut encoder = Encoder::new(compression);
        let mut chunks = data.chunks(chunk_size).peekable();
        let mut stream = Vec::new();
        while let Some(chunk) = chunks.next() {
            // A stream that has a piece before it is never given up.
            let is_first = false;
            stream.extend(encoder.encode(chunk, is_first, chunks.peek().is_none()).unwrap().unwrap());
        }
        if data.is_empty() {
            stream = encoder.encode(data, false, true).unwrap().unwrap();
        }
        stream
    }

    /// Two decoders that share no code must agree on all of the stream.
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
        assert_eq!("Best".parse::<Compression>(), Err("there is `fast`, `default`, `best` and `store`".into()));
    }

    #[test]
    fn chunks_are_even_in_number_and_about_equal() {
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
    fn stitched_streams_inflate_to_what_went_in() {
        const CHUNK: usize = 70_000;
        for length in [0, 1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 17] {
            for data in [noise(length), vec![0; length], mixture(length)] {
                for compression in [Compression::Fast, Compression::Default, Compression::Best] {
                    assert_inflates(&stitch(compression, &data, CHUNK), &data);
                }
            }
        }
    }

    #[test]
    fn noise_grows_by_little() {
        let data = noise(1 << 20);
        assert_eq!(Encoder::new(Compression::Default).encode(&data, true, true).unwrap(), None);
        assert!(looks_compressed(&data));
        assert!(stitch(Compression::Default, &data, 1 << 18).len() < data.len() + 128);
    }

    #[test]
    fn noise_that_repeats_is_compressed_all_the_same() {
        let data = noise(20_000).repeat(20);
        assert!(looks_compressed(&data));
        assert!(stitch(Compression::Default, &data, 1 << 20).len() < 25_000);
        assert!(!looks_compressed(&mixture(1 << 20)));
        assert!(!looks_compressed(b"short"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_chunks_of_any_data_inflate_to_it(
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
            assert_inflates(&stitch(compression, &data, chunk_size), &data);
        }
    }
}
