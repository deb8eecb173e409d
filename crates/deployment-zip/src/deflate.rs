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

/// libdeflate's levels for chunks in which the same bytes come seldom, and often: it looks at up to 35 of the places where
/// they were, and up to 100.
const SHALLOW_LEVEL: i32 = 6;
const DEEP_LEVEL: i32 = 7;

/// How far back deflate can reach.
const REACH: usize = 32 << 10;

/// A chunk is looked at in samples, one of each part of this length.
const SAMPLED: usize = 512 << 10;

/// By how many bits sequences of bytes are told apart in a sample.
const HASH_BITS: u32 = 15;

/// Four bytes that come more often than this within the reach of deflate come often.
const OFTEN: u16 = 16;

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

    /// libdeflate's level for a chunk. Measured against `zip -9` on 140 executables and libraries of 1.2 to 300 MB: 6 takes a
    /// ninth of the time, but makes up to 0.6 % more bytes of ten of them, Go's above all, and 1.8 % more of one that is
    /// written in Haskell; 7 takes a seventh, and makes fewer of all but that one, of which it makes 0.4 % more. So do both
    /// together, each where it is worth its time, in an eighth less time than 7 alone. 11 makes 3.5 % fewer in one and a
    /// quarter times the time of `zip -9`, 1 makes 9 % more in a twentieth. 12 takes a third longer than 11 for 0.05 % fewer.
    fn level(self, chunk: &[u8]) -> i32 {
        match self {
            Self::Store => STORED_LEVEL,
            Self::Fast => QUICK_LEVEL,
            // Few bytes come often in a small chunk, and it takes longer to see that than it saves.
            Self::Default if chunk.len() <= REACH || repeats_often(chunk) => DEEP_LEVEL,
            Self::Default => SHALLOW_LEVEL,
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
        let is_whole = is_first && is_last;
        // The best is tried on everything.
        let look = if self.compression == Compression::Best { Look::Ordinary } else { Look::at(chunk) };
        let tried = match look {
            Look::Ordinary => None,
            Look::Compressed => Some(self.compress(chunk, QUICK_LEVEL)?),
            Look::Noise if is_whole => return Ok(None),
            Look::Noise => Some(self.compress(chunk, STORED_LEVEL)?),
        };
        let length = match tried.filter(|length| *length > chunk.len() / 16 * 15) {
            Some(length) => length,
            None => self.compress(chunk, self.compression.level(chunk))?,
        };
        if is_whole && length >= chunk.len() {
            return Ok(None);
        }
        let mut piece = self.buffer[..length].to_vec();
        let last_block = decode(&piece, chunk).context("it was not compressed to what decompresses to it again")?;
        if !is_last {
            reopen(&mut piece, last_block);
        }
        Ok(Some(piece))
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

/// What a chunk looks like by how frequent its bytes are. Being wrong costs time or some bytes, never correctness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Some bytes are more frequent than others, or it is so small that chance decides.
    Ordinary,
    /// All are about equally frequent, as in what was compressed already.
    Compressed,
    /// All are equally frequent, and nothing is repeated: it does not get smaller by deflate.
    Noise,
}

impl Look {
    fn at(chunk: &[u8]) -> Self {
        let mut counts = [0_u64; 256];
        let mut total = 0;
        for piece in chunk.chunks(4096).step_by(16) {
            total += piece.len() as u64;
            for byte in piece {
                counts[usize::from(*byte)] += 1;
            }
        }
        // No byte is paired with itself.
        let same: u64 = counts.iter().map(|count| count * count.saturating_sub(1)).sum();
        // The chance that two bytes are the same is 1/256 when all are equally frequent, and larger for anything else: here
        // by no more than one such part of that. In whole numbers, so that every processor comes to the same answer.
        let is_even = |part| same * 256 * part <= total * total * (part + 1);
        if chunk.len() < 1 << 10 || !is_even(4) {
            return Self::Ordinary;
        }
        // A smaller one is no larger than a sample, and not enough to be sure.
        if chunk.len() > 2 * REACH && is_even(64) && !samples(chunk, 2 * REACH).any(repeats) {
            return Self::Noise;
        }
        Self::Compressed
    }
}

/// The middle of each part of a chunk, of this length.
fn samples(chunk: &[u8], length: usize) -> impl Iterator<Item = &[u8]> {
    chunk.chunks(SAMPLED).map(move |part| {
        let start = part.len().saturating_sub(length) / 2;
        &part[start..part.len().min(start + length)]
    })
}

/// Whether more of a sample than one byte in 256 was there before, with the seven behind it.
fn repeats(sample: &[u8]) -> bool {
    let mut seen = vec![0_u16; 1 << HASH_BITS];
    let mut repeated = 0;
    for eight in sample.windows(8).filter_map(<[u8]>::first_chunk) {
        let (place, mark) = hash(u64::from_le_bytes(*eight));
        repeated += usize::from(std::mem::replace(&mut seen[place], mark) == mark);
    }
    repeated > sample.len() / 256
}

/// Whether so much of a chunk comes often that it pays to look at many of the places where it was. In tables, and in what
/// some compilers make, it does. Being wrong costs some bytes, or some time.
fn repeats_often(chunk: &[u8]) -> bool {
    let mut counts = vec![0_u16; 1 << HASH_BITS];
    let (mut often, mut total) = (0, 0);
    for sample in samples(chunk, REACH) {
        counts.fill(0);
        for four in sample.windows(4).filter_map(<[u8]>::first_chunk) {
            counts[hash(u32::from_le_bytes(*four).into()).0] += 1;
        }
        often += counts.iter().filter(|count| **count > OFTEN).map(|count| usize::from(*count)).sum::<usize>();
        total += sample.len();
    }
    // From three eighths on, level 6 would make some executables larger than `zip -9` does.
    often * 8 >= total * 3
}

/// Bytes as a number below 2 to the power of [`HASH_BITS`], and what tells apart most of those that share one.
fn hash(bytes: u64) -> (usize, u16) {
    let product = bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((product >> (u64::BITS - HASH_BITS)) as usize, (product >> 32 & 0xffff) as u16)
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
        assert_eq!(Look::at(&data), Look::Noise);
        assert!(stitch(Compression::Default, &data, 1 << 18).len() < data.len() + 128);
        // In so little of it nobody can tell.
        assert_eq!(Look::at(&data[..1000]), Look::Ordinary);
        assert_eq!(Look::at(&data[..2 * REACH]), Look::Compressed);
        assert_eq!(Encoder::new(Compression::Default).encode(&data[..1000], true, true).unwrap(), None);
    }

    #[test]
    fn noise_that_repeats_is_compressed_all_the_same() {
        let data = noise(20_000).repeat(20);
        assert_eq!(Look::at(&data), Look::Compressed);
        assert!(stitch(Compression::Default, &data, 1 << 20).len() < 25_000);
        assert_eq!(Look::at(&mixture(1 << 20)), Look::Ordinary);
        assert_eq!(Look::at(b"short"), Look::Ordinary);
    }

    #[test]
    fn what_is_a_little_uneven_is_compressed_all_the_same() {
        let mut data = noise(1 << 20);
        data.iter_mut().step_by(40).for_each(|byte| *byte = 0);
        assert_eq!(Look::at(&data), Look::Compressed);
        let length = stitch(Compression::Default, &data, 1 << 20).len();
        assert!(length < data.len() / 1000 * 997, "{length}");
    }

    #[test]
    fn more_places_are_looked_at_where_bytes_come_often() {
        let mut table = noise(1 << 20);
        table.chunks_mut(16).for_each(|row| row[..12].copy_from_slice(b"a row's name"));
        let letters: Vec<u8> = noise(1 << 20).iter().map(|byte| byte & 31).collect();
        for (data, level) in [(&table[..], DEEP_LEVEL), (&letters, SHALLOW_LEVEL), (&letters[..REACH], DEEP_LEVEL)] {
            assert_eq!(Compression::Default.level(data), level);
            let mut compressor = Compressor::new(CompressionLvl::new(level).unwrap());
            let mut stream = vec![0; compressor.deflate_compress_bound(data.len())];
            let length = compressor.deflate_compress(data, &mut stream).unwrap();
            assert!(stitch(Compression::Default, data, data.len()) == stream[..length], "level {level}");
        }
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
