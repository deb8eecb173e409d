//! Reads a zip back before it is published: what was written must be what was meant.
//!
//! The container is read by the `zip` crate, which has no part in writing it. What is compressed was decoded while it was
//! in memory, and held against its source ([`decode`](super::decode)): here it is enough that its bytes are the same.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::thread;

use anyhow::{Result, ensure};
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, ZipArchive};

use super::archive::Written;
use super::container::Method;
use super::entry::SortedEntries;
use super::positioned::PositionedReader;

/// Reads the zip in `file` back and returns the SHA-256 of its bytes.
pub(super) fn verify(file: &File, written: &Written, entries: &SortedEntries) -> Result<[u8; 32]> {
    let reader = PositionedReader::new(file, written.length);
    thread::scope(|scope| {
        let sha256 = scope.spawn(|| sha256(reader.clone()));
        verify_container(reader.clone(), written, entries)?;
        verify_contents(reader.clone(), written)?;
        sha256.join().expect("hashing does not panic")
    })
}

/// The SHA-256 of all that is to be read.
pub fn sha256(mut reader: impl Read) -> Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(hasher.finalize().into());
        }
        hasher.update(&buffer[..count]);
    }
}

/// Holds every header against the entry that it was written for.
fn verify_container(reader: PositionedReader<'_>, written: &Written, entries: &SortedEntries) -> Result<()> {
    let mut archive = ZipArchive::new(reader)?;
    let count = entries.entries().len();
    ensure!(archive.len() == count && written.records.len() == count, "it has {} of {count} entries", archive.len());
    for (index, (entry, record)) in entries.entries().iter().zip(&written.records).enumerate() {
        let name = entry.zip_name();
        let file = archive.by_index_raw(index)?;
        let method = match record.header.method {
            Method::Stored => CompressionMethod::Stored,
            Method::Deflated => CompressionMethod::Deflated,
        };
        ensure!(file.name_raw() == name.as_bytes(), "entry {index} is not `{name}`");
        ensure!(file.unix_mode() == Some(entry.unix_mode(&record.head)), "`{name}` has another mode");
        ensure!(file.compression() == method, "`{name}` has another compression method");
        ensure!(file.crc32() == record.header.crc, "`{name}` has another checksum");
        ensure!(file.size() == u64::from(record.header.size), "`{name}` has another size");
        ensure!(file.compressed_size() == u64::from(record.header.compressed_size), "`{name}` has another length");
        ensure!(file.data_start() == Some(record.data_start()), "`{name}` starts elsewhere");
    }
    Ok(())
}

/// Holds the bytes of every piece against those that were meant to be written.
fn verify_contents(mut reader: PositionedReader<'_>, written: &Written) -> Result<()> {
    let mut buffer = Vec::new();
    for record in &written.records {
        reader.seek(SeekFrom::Start(record.data_start()))?;
        for piece in &record.pieces {
            buffer.resize(piece.compressed_size, 0);
            reader.read_exact(&mut buffer)?;
            let is_same = crc32fast::hash(&buffer) == piece.compressed_crc;
            ensure!(is_same, "`{}` is damaged", record.header.name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::num::NonZeroUsize;

    use super::*;
    use crate::archive::Record;
    use crate::{ArchiveOptions, Compression, Entry, EntrySource, ModificationTime, archive, sort};

    fn written() -> (Vec<u8>, Written, SortedEntries) {
        let source = EntrySource::Bytes(b"compressible ".repeat(400_000));
        let entries = ["bootstrap", "b"].map(|name| Entry {
            name: name.parse().unwrap(),
            source: source.clone(),
            mode: Some(0o755),
        });
        let entries = sort(entries.into()).unwrap();
        let options = ArchiveOptions {
            compression: Compression::Fast,
            modified: ModificationTime::EARLIEST,
            threads: NonZeroUsize::MIN,
        };
        let mut output = io::Cursor::new(Vec::new());
        let written = archive::write(&mut output, &entries, &options, &|_| ()).unwrap();
        (output.into_inner(), written, entries)
    }

    fn verify_bytes(bytes: &[u8], written: &Written, entries: &SortedEntries) -> Result<[u8; 32]> {
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        verify(&file, written, entries)
    }

    #[test]
    fn a_zip_as_written_is_accepted() {
        let (bytes, written, entries) = written();
        assert_eq!(written.records[0].pieces.len(), 4);
        let sha256 = verify_bytes(&bytes, &written, &entries).unwrap();
        assert_eq!(sha256[..], Sha256::digest(&bytes)[..]);
    }

    #[test]
    fn a_changed_byte_is_noticed_wherever_it_matters() {
        let (bytes, written, entries) = written();
        let data_end = |record: &Record| record.data_start() + u64::from(record.header.compressed_size);
        let central = usize::try_from(data_end(&written.records[1])).unwrap();
        let first_data = usize::try_from(written.records[0].data_start()).unwrap();
        let second_piece = first_data + written.records[0].pieces[0].compressed_size;
        // The contents, the seam, and in the directory: method, checksum, sizes, mode and name.
        let of_record = [10, 16, 20, 24, 40, 41, 46].map(|offset| central + offset);
        for position in
            [first_data + 40, second_piece - 1, second_piece - 4, second_piece + 9].into_iter().chain(of_record)
        {
            let mut changed = bytes.clone();
            changed[position] ^= 0x20;
            assert!(verify_bytes(&changed, &written, &entries).is_err(), "position {position} of {central}");
        }
    }

    #[test]
    fn other_entries_are_noticed() {
        let (bytes, written, entries) = written();
        let mut other = entries.entries().to_vec();
        other[1].mode = Some(0o644);
        let error = verify_bytes(&bytes, &written, &sort(other.clone()).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "`b` has another mode");
        other.pop();
        let error = verify_bytes(&bytes, &written, &sort(other).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "it has 2 of 1 entries");
    }
}
