//! Reads a zip back before it is published, so that a write error or a bug cannot reach Lambda.
//!
//! The container is read by the `zip` crate, which has no part in writing it. Compressed chunks were decoded and compared with
//! their source while they were in memory ([`decode`](super::decode)), so here it is enough to compare their checksums.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::thread;

use anyhow::{Result, ensure};
use zip::{CompressionMethod, ZipArchive};

use super::archive::WrittenArchive;
use super::container::Method;
use super::entry::SortedEntries;
use super::hash::sha256;
use super::positioned::PositionedReader;

/// Reads the zip in `file` back and returns the SHA-256 of its bytes.
pub(super) fn verify(file: &File, written: &WrittenArchive, entries: &SortedEntries) -> Result<[u8; 32]> {
    let reader = PositionedReader::new(file, written.length);
    thread::scope(|scope| {
        let sha256 = scope.spawn(|| sha256(reader.clone()));
        verify_container(reader.clone(), written, entries)?;
        verify_contents(reader.clone(), written)?;
        Ok(sha256.join().expect("hashing does not panic")?)
    })
}

/// Compares every header with the entry that it was written for.
fn verify_container(reader: PositionedReader<'_>, written: &WrittenArchive, entries: &SortedEntries) -> Result<()> {
    let mut archive = ZipArchive::new(reader)?;
    let count = entries.entries().len();
    ensure!(
        archive.len() == count && written.entries.len() == count,
        "found {} entries, expected {count}",
        archive.len()
    );
    for (index, (entry, written)) in entries.entries().iter().zip(&written.entries).enumerate() {
        let (name, header) = (entry.zip_name(), &written.header);
        let file = archive.by_index_raw(index)?;
        let method = match header.method {
            Method::Stored => CompressionMethod::Stored,
            Method::Deflated => CompressionMethod::Deflated,
        };
        ensure!(file.name_raw() == name.as_bytes(), "entry {index} is not `{name}`");
        ensure!(file.unix_mode() == Some(entry.unix_mode(&written.head)), "`{name}` has another mode");
        ensure!(file.compression() == method, "`{name}` has another compression method");
        ensure!(file.crc32() == header.crc, "`{name}` has another checksum");
        ensure!(file.size() == u64::from(header.size), "`{name}` has another size");
        ensure!(file.compressed_size() == u64::from(header.compressed_size), "`{name}` has another compressed size");
        ensure!(file.data_start() == Some(written.data_start()), "`{name}` starts at another position");
    }
    Ok(())
}

/// Compares the checksum of every chunk with that of the bytes that were written.
fn verify_contents(mut reader: PositionedReader<'_>, written: &WrittenArchive) -> Result<()> {
    let mut buffer = Vec::new();
    for entry in &written.entries {
        reader.seek(SeekFrom::Start(entry.data_start()))?;
        for chunk in &entry.chunks {
            buffer.resize(chunk.compressed_size, 0);
            reader.read_exact(&mut buffer)?;
            let is_same = crc32fast::hash(&buffer) == chunk.compressed_crc;
            ensure!(is_same, "`{}` is damaged", entry.header.name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::num::NonZeroUsize;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::archive::WrittenEntry;
    use crate::{ArchiveOptions, Compression, Entry, EntrySource, ModificationTime, archive, sort};

    fn written() -> (Vec<u8>, WrittenArchive, SortedEntries) {
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

    fn verify_bytes(bytes: &[u8], written: &WrittenArchive, entries: &SortedEntries) -> Result<[u8; 32]> {
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        verify(&file, written, entries)
    }

    #[test]
    fn an_unchanged_zip_is_accepted() {
        let (bytes, written, entries) = written();
        assert_eq!(written.entries[0].chunks.len(), 4);
        let sha256 = verify_bytes(&bytes, &written, &entries).unwrap();
        assert_eq!(sha256[..], Sha256::digest(&bytes)[..]);
    }

    #[test]
    fn a_changed_byte_is_detected() {
        let (bytes, written, entries) = written();
        let data_end = |entry: &WrittenEntry| entry.data_start() + u64::from(entry.header.compressed_size);
        let central = usize::try_from(data_end(&written.entries[1])).unwrap();
        let first_data = usize::try_from(written.entries[0].data_start()).unwrap();
        let second_chunk = first_data + written.entries[0].chunks[0].compressed_size;
        // In the contents, at the boundary of two chunks, and the method, checksum, sizes, mode and name in the directory.
        let in_directory = [10, 16, 20, 24, 40, 41, 46].map(|offset| central + offset);
        for position in
            [first_data + 40, second_chunk - 1, second_chunk - 4, second_chunk + 9].into_iter().chain(in_directory)
        {
            let mut changed = bytes.clone();
            changed[position] ^= 0x20;
            assert!(verify_bytes(&changed, &written, &entries).is_err(), "position {position} of {central}");
        }
    }

    #[test]
    fn other_entries_are_detected() {
        let (bytes, written, entries) = written();
        let mut other = entries.entries().to_vec();
        other[1].mode = Some(0o644);
        let error = verify_bytes(&bytes, &written, &sort(other.clone()).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "`b` has another mode");
        other.pop();
        let error = verify_bytes(&bytes, &written, &sort(other).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "found 2 entries, expected 1");
    }
}
