//! Reads one open file from many places at once.
//!
//! A staged zip is locked while this process works on it, and on Windows only the handle that holds the lock may read.
//! So nobody opens the file a second time; each reader keeps a position of its own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::platform::read_at;

/// A reader of an open file that leaves the file's own position alone.
#[derive(Debug, Clone)]
pub struct PositionedReader<'a> {
    file: &'a File,
    position: u64,
    length: u64,
}

impl<'a> PositionedReader<'a> {
    pub(super) fn new(file: &'a File, length: u64) -> Self {
        Self { file, position: 0, length }
    }
}

impl Read for PositionedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = read_at(self.file, buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for PositionedReader<'_> {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        let position = match target {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(distance) => self.length.checked_add_signed(distance),
            SeekFrom::Current(distance) => self.position.checked_add_signed(distance),
        };
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "seek to a position outside of the file");
        self.position = position.ok_or_else(outside)?;
        Ok(self.position)
    }
}
