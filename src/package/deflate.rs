//! Compression that does not depend on how many threads share it.
//!
//! A file is cut into chunks, the boundaries following from its size alone. Each chunk is compressed apart, by
//! libdeflate, and the results are stitched into one deflate stream.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result};
use libdeflater::{CompressionLvl, Compressor};

use super::walk::find_last_block;

const MEBIBYTE: u64 = 1 << 20;

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

    /// libdeflate's level.
    fn level(self) -> i32 {
        match self {
            Self::Store => 0,
            Self::Fast => 2,
            Self::Default => 6,
            Self::Best => 12,
        }
    }

    /// How many bytes of a file of `size` bytes are compressed apart from the rest.
    pub(super) fn chunk_size(self, _size: u64) -> u64 {
        MEBIBYTE
    }
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
    /// Nothing when chunks are not to be compressed.
    pub(super) fn encode(&mut self, chunk: &[u8], is_last: bool) -> Result<Option<Vec<u8>>> {
        if self.compression == Compression::Store {
            return Ok(None);
        }
        let length = self.compress(chunk, self.compression.level())?;
        let mut piece = self.buffer[..length].to_vec();
        if !is_last {
            reopen(&mut piece).context("libdeflate wrote a stream that cannot be read")?;
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

/// Turns a complete deflate stream into one that another can be appended to: no block is the last one, and the end is
/// on a byte. Nothing when it is not a deflate stream.
fn reopen(stream: &mut Vec<u8>) -> Option<()> {
    let last_block = find_last_block(stream).filter(|found| found.end.div_ceil(8) == stream.len())?;
    stream[last_block.mark / 8] &= !(1 << (last_block.mark % 8));
    // An empty stored block: three zero bits, zero bits up to the next byte, then its length and the complement of it.
    // The bits behind the end of libdeflate's stream are zero already.
    if stream.len() * 8 - last_block.end < 3 {
        stream.push(0);
    }
    stream.extend([0, 0, 0xff, 0xff]);
    Some(())
}
