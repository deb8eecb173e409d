//! Writes a zip: sorted entries in, bytes out, the same bytes whatever the machine and the number of threads.
//!
//! Several threads read and compress chunks of files; the calling thread writes what they return, in order. A file is
//! never in memory as a whole, so its compressed size is filled in afterwards, by seeking back to its header.

use std::io::{self, Seek, SeekFrom, Write};
use std::num::NonZeroUsize;

use anyhow::Result;
use crc32fast::Hasher;

use super::chunk::{Chunk, Planned, failed_to_pack};
use super::container::{self, Header, LARGEST, MOST_ENTRIES, Method};
use super::deflate::{Compression, Encoder};
use super::entry::SortedEntries;
use super::modified::ModificationTime;
use super::parallel::in_order;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// What decides how a zip is written, beside its entries.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveOptions {
    /// Time against size.
    pub compression: Compression,
    /// The date of every entry.
    pub modified: ModificationTime,
    /// How many threads compress. The bytes do not depend on it.
    pub threads: NonZeroUsize,
}

/// How much of each entry's contents is kept, in bytes, to tell what it is. A `#!` line is at most 256 bytes long in
/// Linux.
pub const HEAD_SIZE: usize = 512;

/// Called with the number of uncompressed bytes done so far.
pub type Progress<'a> = &'a (dyn Fn(u64) + Sync);

/// Why a zip was not written.
#[derive(Debug)]
pub(super) enum WriteError {
    /// An entry could not be read, or does not fit.
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

/// A zip as it was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) records: Vec<Record>,
    /// The length of the zip. The output can be longer, and has to be cut to this.
    pub(super) length: u64,
}

/// One entry as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) header: Header,
    /// The first bytes of its contents, no more than [`HEAD_SIZE`].
    pub(super) head: Vec<u8>,
    /// Its contents, chunk by chunk. Each can be read without the others.
    pub(super) pieces: Vec<Piece>,
}

impl Record {
    /// Where the contents start.
    pub(super) fn data_start(&self) -> u64 {
        u64::from(self.header.offset) + self.header.local().len() as u64
    }
}

/// One chunk as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// In bytes.
    pub(super) compressed_size: usize,
    /// The CRC-32 of its bytes in the zip.
    pub(super) compressed_crc: u32,
}

/// Writes a zip of these entries.
pub(super) fn write(
    output: impl Write + Seek,
    entries: &SortedEntries,
    options: &ArchiveOptions,
    progress: Progress<'_>,
) -> Result<Written, WriteError> {
    if entries.entries().len() > MOST_ENTRIES {
        let message = format!("{} entries are more than a zip can hold without zip64", entries.entries().len());
        return Err(WriteError::Entry(Failure::new(ErrorKind::Archive, message).into()));
    }
    let planned = entries.entries().iter().map(Planned::new);
    let planned = planned.collect::<Result<Vec<_>>>()?;
    let mut writer = Writer { output, position: 0, records: Vec::with_capacity(planned.len()), options, written: 0 };
    in_order(
        options.threads,
        planned.iter().flat_map(Planned::chunks),
        Chunk::length,
        || Worker { encoder: Encoder::new(options.compression), buffer: Vec::new() },
        Worker::pack,
        |chunk, packed| {
            writer.write_chunk(&chunk, &packed?)?;
            progress(writer.written);
            Ok::<(), WriteError>(())
        },
    )?;
    writer.finish()
}

/// A chunk that is ready to be written.
struct Packed {
    bytes: Vec<u8>,
    /// Of the first chunk of an entry, how its contents begin.
    head: Vec<u8>,
    method: Method,
    /// Of the contents.
    crc: u32,
    /// Of the bytes.
    compressed_crc: u32,
}

/// What a thread needs to pack chunks.
struct Worker {
    encoder: Encoder,
    buffer: Vec<u8>,
}

impl Worker {
    fn pack(&mut self, chunk: &Chunk<'_>) -> Result<Packed> {
        self.try_pack(chunk).or_fail(ErrorKind::Archive, || failed_to_pack(chunk.of.entry))
    }

    fn try_pack(&mut self, chunk: &Chunk<'_>) -> Result<Packed> {
        self.buffer.clear();
        chunk.read(&mut self.buffer)?;
        let head = if chunk.is_first() { self.buffer[..self.buffer.len().min(HEAD_SIZE)].to_vec() } else { Vec::new() };
        let crc = crc32fast::hash(&self.buffer);
        if let Some(bytes) = self.encoder.encode(&self.buffer, chunk.is_first(), chunk.is_last())? {
            let compressed_crc = crc32fast::hash(&bytes);
            return Ok(Packed { bytes, head, method: Method::Deflated, crc, compressed_crc });
        }
        let bytes = std::mem::take(&mut self.buffer);
        Ok(Packed { bytes, head, method: Method::Stored, crc, compressed_crc: crc })
    }
}

/// Writes chunks in order.
struct Writer<'a, Output> {
    output: Output,
    position: u64,
    records: Vec<Record>,
    options: &'a ArchiveOptions,
    /// In uncompressed bytes.
    written: u64,
}

impl<Output: Write + Seek> Writer<'_, Output> {
    fn write_chunk(&mut self, chunk: &Chunk<'_>, packed: &Packed) -> Result<(), WriteError> {
        if chunk.is_first() {
            self.start_entry(chunk, packed)?;
        }
        let record = self.records.last_mut().expect("an entry starts with its first chunk");
        record.pieces.push(Piece { compressed_size: packed.bytes.len(), compressed_crc: packed.compressed_crc });
        let mut crc = Hasher::new_with_initial_len(record.header.crc, chunk.offset);
        crc.combine(&Hasher::new_with_initial_len(packed.crc, chunk.length()));
        record.header.crc = crc.finalize();
        self.output.write_all(&packed.bytes)?;
        self.position += packed.bytes.len() as u64;
        self.written += chunk.length();
        if chunk.is_last() && !chunk.is_first() {
            self.finish_entry(chunk.of)?;
        }
        Ok(())
    }

    /// Writes the header, which is complete when all of the entry is in this chunk.
    fn start_entry(&mut self, chunk: &Chunk<'_>, packed: &Packed) -> Result<(), WriteError> {
        let header = Header {
            name: chunk.of.entry.zip_name(),
            unix_mode: chunk.of.entry.unix_mode(&packed.head),
            modified: self.options.modified,
            method: packed.method,
            crc: if chunk.is_last() { packed.crc } else { 0 },
            size: fit(chunk.of.size)?,
            compressed_size: fit(packed.bytes.len() as u64)?,
            offset: fit(self.position)?,
        };
        let local = header.local();
        self.output.write_all(&local)?;
        self.position += local.len() as u64;
        let head = packed.head.clone();
        self.records.push(Record { header: Header { crc: 0, ..header }, head, pieces: Vec::new() });
        Ok(())
    }

    /// Corrects the header of an entry of several chunks.
    fn finish_entry(&mut self, planned: &Planned<'_>) -> Result<(), WriteError> {
        let record = self.records.last_mut().expect("an entry starts with its first chunk");
        let data_start = record.data_start();
        if record.header.method == Method::Deflated && self.position - data_start >= planned.size {
            record.header.method = Method::Stored;
            self.output.seek(SeekFrom::Start(data_start))?;
            let (mut buffer, mut crc) = (Vec::new(), Hasher::new());
            for (chunk, piece) in planned.chunks().zip(&mut record.pieces) {
                buffer.clear();
                chunk.read(&mut buffer).or_fail(ErrorKind::Archive, || failed_to_pack(planned.entry))?;
                let mut of_chunk = Hasher::new();
                of_chunk.update(&buffer);
                crc.combine(&of_chunk);
                *piece = Piece { compressed_size: buffer.len(), compressed_crc: of_chunk.finalize() };
                self.output.write_all(&buffer)?;
            }
            if crc.finalize() != record.header.crc {
                let message = format!("{}: it changed while it was read", failed_to_pack(planned.entry));
                return Err(WriteError::Entry(Failure::new(ErrorKind::Archive, message).into()));
            }
            self.position = data_start + planned.size;
        }
        record.header.compressed_size = fit(self.position - data_start)?;
        self.output.seek(SeekFrom::Start(record.header.offset.into()))?;
        self.output.write_all(&record.header.local())?;
        self.output.seek(SeekFrom::Start(self.position))?;
        Ok(())
    }

    /// Writes the directory.
    fn finish(mut self) -> Result<Written, WriteError> {
        let directory_offset = self.position;
        for record in &self.records {
            let central = record.header.central();
            self.output.write_all(&central)?;
            self.position += central.len() as u64;
        }
        let count = u16::try_from(self.records.len()).expect("the number of entries was checked");
        let end = container::end(count, fit(self.position - directory_offset)?, fit(directory_offset)?);
        self.output.write_all(&end)?;
        self.output.flush()?;
        Ok(Written { records: self.records, length: self.position + end.len() as u64 })
    }
}

/// A size or a position in the width of the container's fields.
fn fit(value: u64) -> Result<u32, WriteError> {
    u32::try_from(value)
        .ok()
        .filter(|_| value <= LARGEST)
        .ok_or_else(|| WriteError::Entry(Failure::new(ErrorKind::Archive, "the zip would be larger than 4 GiB").into()))
}
