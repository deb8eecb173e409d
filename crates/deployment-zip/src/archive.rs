//! Writes sorted entries as a zip, with the same bytes on every machine and for any number of threads.
//!
//! Several threads read and compress chunks of files; the calling thread writes the results in order. A large file is never
//! in memory as a whole, so its compressed size is known only at its end: the writer then seeks back and completes the header.

use std::io::{self, Seek, SeekFrom, Write};
use std::num::NonZeroUsize;

use anyhow::Result;
use crc32fast::Hasher;

use super::chunk::{Chunk, SizedEntry, failed_to_pack};
use super::container::{self, EntryHeader, LARGEST, MOST_ENTRIES, Method};
use super::deflate::{Compression, Encoder};
use super::entry::SortedEntries;
use super::modified::ModificationTime;
use super::parallel::in_order;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// How to write a zip.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveOptions {
    /// Whether to save time or bytes.
    pub compression: Compression,
    /// The modification time of every entry.
    pub modified: ModificationTime,
    /// The number of threads that compress. The bytes of the zip do not depend on it.
    pub threads: NonZeroUsize,
}

/// The number of bytes that are kept from the start of each entry, to recognise its type. Linux reads at most 256 bytes of a
/// `#!` line.
const HEAD_SIZE: usize = 512;

/// A callback for the number of uncompressed bytes that are written so far.
pub type Progress<'a> = &'a (dyn Fn(u64) + Sync);

/// Why a zip was not written.
#[derive(Debug)]
pub(super) enum WriteError {
    /// An entry could not be read, or is too large.
    Entry(anyhow::Error),
    /// The output could not be written.
    Output(io::Error),
}

impl From<anyhow::Error> for WriteError {
    fn from(error: anyhow::Error) -> Self {
        Self::Entry(error)
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// A zip that was written.
#[derive(Debug)]
pub(super) struct WrittenArchive {
    pub(super) entries: Vec<WrittenEntry>,
    /// The length of the zip. The output may be longer, and must then be truncated.
    pub(super) length: u64,
}

/// An entry that was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WrittenEntry {
    pub(super) header: EntryHeader,
    /// The first [`HEAD_SIZE`] bytes of its contents.
    pub(super) head: Vec<u8>,
    pub(super) chunks: Vec<WrittenChunk>,
}

impl WrittenEntry {
    /// The position of the contents in the zip.
    pub(super) fn data_start(&self) -> u64 {
        u64::from(self.header.offset) + self.header.local().len() as u64
    }
}

/// A chunk that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenChunk {
    pub(super) compressed_size: usize,
    /// The CRC-32 of the compressed bytes.
    pub(super) compressed_crc: u32,
}

/// Writes a zip of these entries.
pub(super) fn write(
    output: impl Write + Seek,
    entries: &SortedEntries,
    options: &ArchiveOptions,
    progress: Progress<'_>,
) -> Result<WrittenArchive, WriteError> {
    if entries.entries().len() > MOST_ENTRIES {
        let message = format!(
            "{} entries are too many for a zip without zip64 (at most {MOST_ENTRIES})",
            entries.entries().len()
        );
        return Err(WriteError::Entry(Failure::new(ErrorKind::Archive, message).into()));
    }
    let sized = entries.entries().iter().map(SizedEntry::new).collect::<Result<Vec<_>>>()?;
    let entries = Vec::with_capacity(sized.len());
    let mut writer = ArchiveWriter { output, position: 0, entries, options, bytes_done: 0 };
    in_order(
        options.threads,
        sized.iter().flat_map(SizedEntry::chunks),
        Chunk::length,
        || Worker { encoder: Encoder::new(options.compression), buffer: Vec::new() },
        Worker::pack,
        |chunk, packed| {
            writer.write_chunk(&chunk, &packed?)?;
            progress(writer.bytes_done);
            Ok::<(), WriteError>(())
        },
    )?;
    writer.finish()
}

/// A chunk that is ready to be written.
struct PackedChunk {
    bytes: Vec<u8>,
    /// The first bytes of the entry, if this is its first chunk.
    head: Vec<u8>,
    method: Method,
    /// The CRC-32 of the contents.
    crc: u32,
    /// The CRC-32 of the compressed bytes.
    compressed_crc: u32,
}

/// Packs chunks on one thread.
struct Worker {
    encoder: Encoder,
    buffer: Vec<u8>,
}

impl Worker {
    fn pack(&mut self, chunk: &Chunk<'_>) -> Result<PackedChunk> {
        self.try_pack(chunk).or_fail(ErrorKind::Archive, || failed_to_pack(chunk.entry.entry))
    }

    fn try_pack(&mut self, chunk: &Chunk<'_>) -> Result<PackedChunk> {
        self.buffer.clear();
        chunk.read(&mut self.buffer)?;
        let head = if chunk.is_first() { self.buffer[..self.buffer.len().min(HEAD_SIZE)].to_vec() } else { Vec::new() };
        let crc = crc32fast::hash(&self.buffer);
        if let Some(bytes) = self.encoder.encode(&self.buffer, chunk.is_first(), chunk.is_last())? {
            let compressed_crc = crc32fast::hash(&bytes);
            return Ok(PackedChunk { bytes, head, method: Method::Deflated, crc, compressed_crc });
        }
        let bytes = std::mem::take(&mut self.buffer);
        Ok(PackedChunk { bytes, head, method: Method::Stored, crc, compressed_crc: crc })
    }
}

/// Writes chunks in order.
struct ArchiveWriter<'a, Output> {
    output: Output,
    position: u64,
    entries: Vec<WrittenEntry>,
    options: &'a ArchiveOptions,
    /// In uncompressed bytes.
    bytes_done: u64,
}

impl<Output: Write + Seek> ArchiveWriter<'_, Output> {
    fn write_chunk(&mut self, chunk: &Chunk<'_>, packed: &PackedChunk) -> Result<(), WriteError> {
        if chunk.is_first() {
            self.start_entry(chunk, packed)?;
        }
        let entry = self.entries.last_mut().expect("an entry starts with its first chunk");
        entry.chunks.push(WrittenChunk { compressed_size: packed.bytes.len(), compressed_crc: packed.compressed_crc });
        let mut crc = Hasher::new_with_initial_len(entry.header.crc, chunk.offset);
        crc.combine(&Hasher::new_with_initial_len(packed.crc, chunk.length()));
        entry.header.crc = crc.finalize();
        self.output.write_all(&packed.bytes)?;
        self.position += packed.bytes.len() as u64;
        self.bytes_done += chunk.length();
        if chunk.is_last() && !chunk.is_first() {
            self.finish_entry(chunk.entry)?;
        }
        Ok(())
    }

    /// Writes the header. It is complete if this chunk is the only one of the entry.
    fn start_entry(&mut self, chunk: &Chunk<'_>, packed: &PackedChunk) -> Result<(), WriteError> {
        let header = EntryHeader {
            name: chunk.entry.entry.zip_name(),
            unix_mode: chunk.entry.entry.unix_mode(&packed.head),
            modified: self.options.modified,
            method: packed.method,
            crc: if chunk.is_last() { packed.crc } else { 0 },
            size: fit(chunk.entry.size)?,
            compressed_size: fit(packed.bytes.len() as u64)?,
            offset: fit(self.position)?,
        };
        let local = header.local();
        self.output.write_all(&local)?;
        self.position += local.len() as u64;
        let head = packed.head.clone();
        self.entries.push(WrittenEntry { header: EntryHeader { crc: 0, ..header }, head, chunks: Vec::new() });
        Ok(())
    }

    /// Completes an entry of several chunks.
    fn finish_entry(&mut self, sized: &SizedEntry<'_>) -> Result<(), WriteError> {
        let entry = self.entries.last_mut().expect("an entry starts with its first chunk");
        let data_start = entry.data_start();
        if entry.header.method == Method::Deflated && self.position - data_start >= sized.size {
            self.output.seek(SeekFrom::Start(data_start))?;
            store(&mut self.output, entry, sized)?;
            self.position = data_start + sized.size;
        }
        entry.header.compressed_size = fit(self.position - data_start)?;
        self.output.seek(SeekFrom::Start(entry.header.offset.into()))?;
        self.output.write_all(&entry.header.local())?;
        self.output.seek(SeekFrom::Start(self.position))?;
        Ok(())
    }

    /// Writes the central directory.
    fn finish(mut self) -> Result<WrittenArchive, WriteError> {
        let directory_offset = self.position;
        for entry in &self.entries {
            let central = entry.header.central();
            self.output.write_all(&central)?;
            self.position += central.len() as u64;
        }
        let count = u16::try_from(self.entries.len()).expect("the number of entries was checked");
        let end = container::end(count, fit(self.position - directory_offset)?, fit(directory_offset)?);
        self.output.write_all(&end)?;
        self.output.flush()?;
        Ok(WrittenArchive { entries: self.entries, length: self.position + end.len() as u64 })
    }
}

/// Writes an entry again without compression, because compressing all of its chunks did not make it smaller.
fn store(output: &mut impl Write, entry: &mut WrittenEntry, sized: &SizedEntry<'_>) -> Result<(), WriteError> {
    entry.header.method = Method::Stored;
    let (mut buffer, mut crc) = (Vec::new(), Hasher::new());
    for (chunk, written) in sized.chunks().zip(&mut entry.chunks) {
        buffer.clear();
        chunk.read(&mut buffer).or_fail(ErrorKind::Archive, || failed_to_pack(sized.entry))?;
        let mut crc_of_chunk = Hasher::new();
        crc_of_chunk.update(&buffer);
        crc.combine(&crc_of_chunk);
        *written = WrittenChunk { compressed_size: buffer.len(), compressed_crc: crc_of_chunk.finalize() };
        output.write_all(&buffer)?;
    }
    if crc.finalize() != entry.header.crc {
        let message = format!("{}: it changed while it was being read", failed_to_pack(sized.entry));
        return Err(WriteError::Entry(Failure::new(ErrorKind::Archive, message).into()));
    }
    Ok(())
}

/// Converts a size or an offset to the width of a field in the zip.
fn fit(value: u64) -> Result<u32, WriteError> {
    u32::try_from(value)
        .ok()
        .filter(|_| value <= LARGEST)
        .ok_or_else(|| WriteError::Entry(Failure::new(ErrorKind::Archive, "the zip would be larger than 4 GiB").into()))
}
