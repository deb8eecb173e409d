//! Several independent readers of one open file.
//!
//! A staged zip is locked, and on Windows only the handle that holds the lock can read it. So the file cannot be opened a
//! second time, although it is hashed, verified and checked by several threads at once. Each of these readers has its own
//! position instead, and reads at an offset.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::platform::read_at;

/// Small reads are served from a buffer of this many bytes. Reading a zip back seeks before every header, and small
/// entries are close together: a seek within the buffer costs no system call, which [`std::io::BufReader`] cannot do.
const WINDOW: usize = 64 << 10;

/// A reader of an open file with a position of its own. The file must not change in the meantime.
#[derive(Debug)]
pub struct PositionedReader<'a> {
    file: &'a File,
    position: u64,
    length: u64,
    /// The bytes that were read last, and their offset in the file.
    window: Vec<u8>,
    window_start: u64,
}

impl<'a> PositionedReader<'a> {
    pub(super) fn new(file: &'a File, length: u64) -> Self {
        Self { file, position: 0, length, window: Vec::new(), window_start: 0 }
    }

    /// The bytes of the window from the current position on.
    fn in_window(&self) -> &[u8] {
        let offset = self.position.checked_sub(self.window_start).and_then(|offset| usize::try_from(offset).ok());
        offset.and_then(|offset| self.window.get(offset..)).unwrap_or_default()
    }

    fn fill_window(&mut self) -> io::Result<()> {
        self.window.resize(WINDOW, 0);
        let count = read_at(self.file, &mut self.window, self.position);
        self.window.truncate(*count.as_ref().unwrap_or(&0));
        self.window_start = self.position;
        count.map(drop)
    }
}

impl Clone for PositionedReader<'_> {
    /// A reader at the same position, with a window of its own.
    fn clone(&self) -> Self {
        Self { position: self.position, ..Self::new(self.file, self.length) }
    }
}

impl Read for PositionedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = if buffer.len() >= WINDOW {
            read_at(self.file, buffer, self.position)?
        } else {
            if self.in_window().is_empty() {
                self.fill_window()?;
            }
            self.in_window().read(buffer)?
        };
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
        let negative = || io::Error::new(io::ErrorKind::InvalidInput, "seek to a negative position");
        self.position = position.ok_or_else(negative)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn reads_at_any_position_return_the_bytes_of_the_file() {
        let bytes: Vec<u8> = (0..3 * WINDOW + 77).map(|index| (index % 251).to_le_bytes()[0]).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let mut reader = PositionedReader::new(&file, bytes.len() as u64);
        let starts = [0, 5, 4, WINDOW - 3, 2 * WINDOW, WINDOW, bytes.len() - 4, bytes.len(), 1];
        for start in starts {
            for length in [1, 10, WINDOW - 1, WINDOW, 2 * WINDOW] {
                reader.seek(SeekFrom::Start(start as u64)).unwrap();
                let mut copy = reader.clone();
                let mut read = Vec::new();
                reader.by_ref().take(length as u64).read_to_end(&mut read).unwrap();
                let expected = &bytes[start..bytes.len().min(start + length)];
                assert!(read == expected, "{length} bytes at {start}");
                assert_eq!(reader.stream_position().unwrap(), (start + read.len()) as u64);
                let mut read = Vec::new();
                copy.by_ref().take(length as u64).read_to_end(&mut read).unwrap();
                assert!(read == expected, "{length} bytes at {start}, by a clone");
            }
        }
    }
}
