//! A staged zip as the check sees it: by the sources that it was packed from, so that nothing is unpacked.

use deployment_zip::{Entry, EntrySource, SortedEntries, StagedArchive};
use lambda_zip_check::{PackedEntry, PackedSource, ReadError, ZipView};

/// The view of a staged zip that was packed from these entries.
pub(super) fn packed_view(staged: &StagedArchive, entries: &SortedEntries) -> Result<ZipView, ReadError> {
    let packed = entries.entries().iter().zip(staged.heads());
    let packed: Vec<_> = packed.map(|(entry, head)| PackedEntry { source: source(entry), head }).collect();
    ZipView::from_packed(staged.reader(), staged.archive().size, &packed)
}

fn source(entry: &Entry) -> PackedSource<'_> {
    match &entry.source {
        EntrySource::Disk(path) => PackedSource::File(path),
        EntrySource::Bytes(bytes) => PackedSource::Bytes(bytes),
        EntrySource::Symlink(target) => PackedSource::Link(target),
        EntrySource::Directory => PackedSource::Directory,
    }
}

/// The view by the sources equals the view by unpacking.
#[cfg(test)]
mod tests {
    use std::fs;
    use std::num::NonZeroUsize;
    use std::path::Path;

    use super::*;
    use deployment_zip::{ArchiveOptions, Compression, ModificationTime, sort, stage};
    use test_support::elf::{dynamic_program, library};

    fn entry(name: &str, source: EntrySource) -> Entry {
        Entry { name: name.parse().unwrap(), source, mode: Some(0o755) }
    }

    /// Entries of every kind, from memory and from the disk.
    fn assortment(directory: &Path) -> SortedEntries {
        let files: [(&str, Vec<u8>); 9] = [
            ("bootstrap", dynamic_program().build()),
            ("lib/liba.so", library("liba.so").build()),
            ("lib/cut.so", library("cut.so").build()[..80].to_vec()),
            ("run.sh", b"#!/bin/sh\r\necho\n".repeat(200)),
            (
                "key.pem",
                b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n".to_vec(),
            ),
            ("certificate.pem", b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n".to_vec()),
            ("program.exe", b"MZ and so on".to_vec()),
            ("empty", Vec::new()),
            ("text", b"nothing of note ".repeat(100_000)),
        ];
        let mut entries = vec![
            entry("link", EntrySource::Symlink("lib/liba.so".into())),
            entry("var", EntrySource::Directory),
            entry("made.sh", EntrySource::Bytes(b"#!/usr/bin/python3\n".to_vec())),
        ];
        for (name, contents) in files {
            let path = directory.join(name.replace('/', "-"));
            fs::write(&path, contents).unwrap();
            entries.push(entry(name, EntrySource::Disk(path)));
        }
        sort(entries).unwrap()
    }

    fn staged(directory: &Path, entries: &SortedEntries) -> StagedArchive {
        let options = ArchiveOptions {
            compression: Compression::Default,
            modified: ModificationTime::EARLIEST,
            threads: NonZeroUsize::MIN,
        };
        stage(&directory.join("made.zip"), entries, &options, &|_| ()).unwrap()
    }

    #[test]
    fn the_sources_give_the_same_view_as_unpacking() {
        let directory = tempfile::tempdir().unwrap();
        let entries = assortment(directory.path());
        let staged = staged(directory.path(), &entries);
        let size = staged.archive().size;
        let by_sources = packed_view(&staged, &entries).unwrap();
        let by_unpacking = ZipView::from_reader(staged.reader(), size).unwrap();
        assert_eq!(format!("{by_sources:#?}"), format!("{by_unpacking:#?}"));
    }

    #[test]
    fn a_source_that_changed_after_packing_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let entries = assortment(directory.path());
        let staged = staged(directory.path(), &entries);
        let view = || packed_view(&staged, &entries);
        let program = directory.path().join("bootstrap");
        fs::write(&program, "shorter").unwrap();
        let error = view().unwrap_err().to_string();
        assert!(error.ends_with("changed after it was packed"), "{error}");
        fs::remove_file(program).unwrap();
        assert!(view().is_err());
    }
}
