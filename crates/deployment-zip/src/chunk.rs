//! Entries, split into the chunks that are compressed independently.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::Result;

use super::container::LARGEST;
use super::deflate::chunk_size;
use super::entry::{Entry, EntrySource};
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// An entry with the size of its contents.
pub(super) struct SizedEntry<'a> {
    pub(super) entry: &'a Entry,
    contents: Contents<'a>,
    pub(super) size: u64,
    chunk_size: u64,
}

/// Where the contents of an entry are.
#[derive(Clone, Copy)]
enum Contents<'a> {
    File(&'a Path),
    Memory(&'a [u8]),
}

impl<'a> SizedEntry<'a> {
    pub(super) fn new(entry: &'a Entry) -> Result<Self> {
        let contents = match &entry.source {
            EntrySource::Disk(path) => Contents::File(path),
            EntrySource::Bytes(bytes) => Contents::Memory(bytes),
            EntrySource::Symlink(target) => Contents::Memory(target.as_bytes()),
            EntrySource::Directory => Contents::Memory(&[]),
        };
        let failed = || failed_to_pack(entry);
        let size = match contents {
            Contents::Memory(bytes) => bytes.len() as u64,
            Contents::File(path) => {
                let metadata = fs::metadata(path).or_fail(ErrorKind::Archive, failed)?;
                if !metadata.is_file() {
                    let kind = fs::describe(metadata.file_type());
                    let message = format!("{}: `{}` is {kind}, not a regular file", failed(), path.display());
                    return Err(Failure::new(ErrorKind::Archive, message).into());
                }
                metadata.len()
            }
        };
        if size > LARGEST {
            let message = format!("{}: {} is larger than 4 GiB", failed(), entry.source);
            return Err(Failure::new(ErrorKind::Archive, message).into());
        }
        Ok(Self { entry, contents, size, chunk_size: chunk_size(size) })
    }

    /// The chunks. An empty entry has one empty chunk.
    pub(super) fn chunks(&self) -> impl Iterator<Item = Chunk<'_>> {
        (0..self.size.div_ceil(self.chunk_size).max(1))
            .map(|index| Chunk { entry: self, offset: index * self.chunk_size })
    }
}

/// The message for an entry that cannot be packed.
pub(super) fn failed_to_pack(entry: &Entry) -> String {
    format!("failed to pack `{}`", entry.name)
}

/// A part of an entry that is compressed independently of the other parts.
#[derive(Clone, Copy)]
pub(super) struct Chunk<'a> {
    pub(super) entry: &'a SizedEntry<'a>,
    /// Its position in the contents of the entry.
    pub(super) offset: u64,
}

impl Chunk<'_> {
    pub(super) fn length(&self) -> u64 {
        self.entry.chunk_size.min(self.entry.size - self.offset)
    }

    pub(super) fn is_first(&self) -> bool {
        self.offset == 0
    }

    pub(super) fn is_last(&self) -> bool {
        self.offset + self.length() == self.entry.size
    }

    /// Reads the contents into an empty buffer.
    pub(super) fn read(&self, buffer: &mut Vec<u8>) -> Result<()> {
        let path = match self.entry.contents {
            Contents::Memory(bytes) => {
                let start = usize::try_from(self.offset)?;
                buffer.extend(&bytes[start..start + usize::try_from(self.length())?]);
                return Ok(());
            }
            Contents::File(path) => path,
        };
        buffer.reserve_exact(usize::try_from(self.length())?);
        let (mut file, metadata) = fs::open_with_metadata(path)?;
        let sought = if self.is_first() { Ok(0) } else { file.seek(SeekFrom::Start(self.offset)) };
        let read = sought.and_then(|_| file.take(self.length()).read_to_end(buffer));
        read.or_fail(ErrorKind::Archive, || format!("failed to read `{}`", path.display()))?;
        if metadata.len() != self.entry.size || buffer.len() as u64 != self.length() {
            anyhow::bail!("`{}` changed while it was being read", path.display());
        }
        Ok(())
    }
}
