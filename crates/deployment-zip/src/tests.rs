//! The public API: entries in, a zip on the disk out.

use std::fs;
use std::io::{Cursor, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;
use zip::{CompressionMethod, ZipArchive};

use super::*;
use crate::test_data::{noise, text};
use lambda_zip_error::{ErrorKind, hints, kind};

const NO_PROGRESS: Progress<'static> = &|_| ();

fn options(compression: Compression, threads: usize) -> ArchiveOptions {
    let threads = NonZeroUsize::new(threads).unwrap();
    ArchiveOptions { compression, modified: ModificationTime::EARLIEST, threads }
}

fn entry(name: &str, source: EntrySource, mode: u32) -> Entry {
    Entry { name: name.parse().unwrap(), source, mode: Some(mode) }
}

fn bytes(name: &str, contents: impl Into<Vec<u8>>) -> Entry {
    entry(name, EntrySource::Bytes(contents.into()), 0o644)
}

/// A small entry of every kind.
fn assortment() -> SortedEntries {
    sort(vec![
        bytes("assets/größe.txt", "Schritte ".repeat(100)),
        bytes("empty", ""),
        bytes("tiny", "stored, since deflate gains nothing"),
        entry("bootstrap", EntrySource::Bytes(b"#!/bin/sh\nexec true # ".repeat(50)), 0o755),
        entry("link", EntrySource::Symlink("assets/größe.txt".into()), 0o777),
        entry("var/cache", EntrySource::Directory, 0o755),
    ])
    .unwrap()
}

fn stage_in(directory: &TempDir, entries: &SortedEntries, options: &ArchiveOptions) -> StagedArchive {
    stage(&directory.path().join("bootstrap.zip"), entries, options, NO_PROGRESS).unwrap()
}

fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_bytes_of_a_small_zip_are_pinned() {
    let directory = TempDir::new().unwrap();
    let archive = stage_in(&directory, &assortment(), &options(Compression::Default, 2)).publish().unwrap();
    assert_eq!(archive.code_sha256(), "wxmMXido2v58vjiY1zpVwzhVG8EBhPIgpOhBsWoP8Iw=");
}

#[test]
fn a_zip_has_the_entries_modes_and_contents_that_were_staged() {
    let directory = TempDir::new().unwrap();
    let archive = stage_in(&directory, &assortment(), &options(Compression::Default, 2)).publish().unwrap();
    let bytes = fs::read(&archive.path).unwrap();
    assert_eq!(archive.size, bytes.len() as u64);
    assert_eq!(archive.uncompressed_size, archive.entries.iter().map(|entry| entry.size).sum::<u64>());
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut found = Vec::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut contents = Vec::new();
        file.read_to_end(&mut contents).unwrap();
        assert_eq!(contents.len() as u64, archive.entries[index].size);
        assert_eq!(file.compressed_size(), archive.entries[index].compressed_size);
        assert!(file.extra_data().as_deref().is_none_or(<[u8]>::is_empty));
        found.push((file.name().unwrap().into_owned(), file.unix_mode().unwrap(), file.compression()));
    }
    let expected = [
        ("bootstrap", 0o100_755, CompressionMethod::Deflated),
        ("assets/größe.txt", 0o100_644, CompressionMethod::Deflated),
        ("empty", 0o100_644, CompressionMethod::Stored),
        ("link", 0o120_777, CompressionMethod::Stored),
        ("tiny", 0o100_644, CompressionMethod::Stored),
        ("var/cache/", 0o040_755, CompressionMethod::Stored),
    ];
    assert_eq!(found, expected.map(|(name, mode, method)| (name.to_owned(), mode, method)));
}

#[test]
fn every_entry_has_the_chosen_date() {
    let directory = TempDir::new().unwrap();
    let modified = ModificationTime::from_epoch(1_709_213_862).unwrap();
    let options = ArchiveOptions { modified, ..options(Compression::Default, 1) };
    let staged = stage_in(&directory, &assortment(), &options);
    let mut zip = ZipArchive::new(staged.reader()).unwrap();
    for index in 0..zip.len() {
        assert_eq!(zip.by_index(index).unwrap().last_modified().unwrap().to_string(), "2024-02-29 13:37:42");
    }
}

#[test]
fn the_number_of_threads_does_not_change_the_bytes() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("big");
    fs::write(&path, text(8_400_000)).unwrap();
    let mut entries = vec![entry("bootstrap", EntrySource::Disk(path), 0o755), bytes("noise", noise(3_000_000))];
    entries.extend((0..50).map(|n| bytes(&format!("small/{n}"), text(n * 300))));
    let entries = sort(entries).unwrap();
    for compression in Compression::ALL {
        // `Best` takes seconds.
        let counts = if compression == Compression::Best { vec![1, 2, 16] } else { (1..=16).collect() };
        let sums: Vec<_> = counts
            .into_iter()
            .map(|threads| stage_in(&directory, &entries, &options(compression, threads)).archive().sha256)
            .collect();
        assert!(sums.iter().all(|sum| *sum == sums[0]), "{compression}");
    }
}

#[test]
fn a_file_of_several_chunks_that_does_not_shrink_is_stored() {
    let directory = TempDir::new().unwrap();
    let contents = noise(5_000_000);
    let entries = sort(vec![bytes("a", contents.clone()), bytes("b", "b")]).unwrap();
    let archive = stage_in(&directory, &entries, &options(Compression::Best, 2)).publish().unwrap();
    assert_eq!(archive.entries[0].compressed_size, 5_000_000);
    assert_eq!(archive.size, fs::metadata(&archive.path).unwrap().len());
    let mut zip = ZipArchive::new(Cursor::new(fs::read(&archive.path).unwrap())).unwrap();
    let mut unpacked = Vec::new();
    zip.by_index(0).unwrap().read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == contents);
}

#[test]
fn progress_ends_at_the_uncompressed_size() {
    let directory = TempDir::new().unwrap();
    let entries = sort(vec![bytes("a", text(5_000_000)), bytes("b", text(7))]).unwrap();
    let (last, calls) = (AtomicU64::new(0), AtomicU64::new(0));
    let progress = |done| {
        assert!(last.swap(done, Ordering::Relaxed) <= done);
        calls.fetch_add(1, Ordering::Relaxed);
    };
    stage(&directory.path().join("a.zip"), &entries, &options(Compression::Fast, 2), &progress).unwrap();
    assert_eq!((last.into_inner(), calls.into_inner()), (5_000_007, 5));
}

#[test]
fn an_unreadable_source_is_named_and_the_old_zip_stays() {
    let directory = TempDir::new().unwrap();
    let final_path = directory.path().join("bootstrap.zip");
    fs::write(&final_path, "old").unwrap();
    for (source, expected) in [
        (directory.path().join("none"), "failed to look at"),
        (directory.path().into(), "is a directory, not a regular file"),
    ] {
        let entries = sort(vec![bytes("a", "a"), entry("b", EntrySource::Disk(source.clone()), 0o644)]).unwrap();
        let error = stage(&final_path, &entries, &options(Compression::Default, 2), NO_PROGRESS).unwrap_err();
        let message = format!("{error:#}");
        assert!(message.starts_with("failed to pack `b`: "), "{message}");
        assert!(message.contains(expected) && message.contains(&source.display().to_string()), "{message}");
        assert_eq!(kind(&error), Some(ErrorKind::Archive));
    }
    assert_eq!(fs::read(&final_path).unwrap(), b"old");
    assert_eq!(names_in(directory.path()), ["bootstrap.zip"]);
}

#[test]
fn nothing_is_at_the_final_path_until_it_is_published() {
    let directory = TempDir::new().unwrap();
    let final_path = directory.path().join("new/directory/bootstrap.zip");
    let stage_once = || stage(&final_path, &assortment(), &options(Compression::Default, 1), NO_PROGRESS).unwrap();
    let staged = stage_once();
    assert!(!final_path.exists());
    assert_eq!(staged.path().parent(), final_path.parent());
    drop(staged);
    assert_eq!(names_in(final_path.parent().unwrap()), [""; 0]);
    fs::write(&final_path, "old").unwrap();
    let staged = stage_once();
    assert_eq!(fs::read(&final_path).unwrap(), b"old");
    let archive = staged.publish().unwrap();
    assert_eq!(archive.path, final_path);
    assert_eq!(fs::read(&final_path).unwrap().len() as u64, archive.size);
    assert_eq!(names_in(final_path.parent().unwrap()), ["bootstrap.zip"]);
}

#[cfg(unix)]
#[test]
fn a_published_zip_has_the_permissions_of_an_ordinary_file() {
    use std::os::unix::fs::PermissionsExt;
    let directory = TempDir::new().unwrap();
    let ordinary = directory.path().join("ordinary");
    fs::write(&ordinary, "").unwrap();
    let archive = stage_in(&directory, &assortment(), &options(Compression::Default, 1)).publish().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&archive.path), mode(&ordinary));
}

#[test]
fn scratch_files_of_killed_runs_are_removed_and_those_of_running_ones_stay() {
    let directory = TempDir::new().unwrap();
    let others =
        [".bootstrap.zip.short.tmp", ".bootstrap.zip.a-b-c-.tmp", ".other.zip.abcdef.tmp", "bootstrap.zip.tmp"];
    for name in others.iter().chain(&[".bootstrap.zip.abc123.tmp"]) {
        fs::write(directory.path().join(name), "left over").unwrap();
    }
    let running = stage_in(&directory, &assortment(), &options(Compression::Default, 1));
    let next = stage_in(&directory, &assortment(), &options(Compression::Default, 1));
    let name_of = |staged: &StagedArchive| staged.path().file_name().unwrap().to_str().unwrap().to_owned();
    let mut expected = vec![name_of(&running), name_of(&next)];
    expected.extend(others.map(str::to_owned));
    expected.sort();
    assert_eq!(names_in(directory.path()), expected);
    next.publish().unwrap();
    running.publish().unwrap();
}

#[test]
fn an_unwritable_path_is_named() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [directory.path().to_owned(), file.join("bootstrap.zip"), PathBuf::from("/")] {
        let error = stage(&path, &assortment(), &options(Compression::Default, 1), NO_PROGRESS).unwrap_err();
        assert_eq!(kind(&error), Some(ErrorKind::Archive));
        assert!(error.to_string().starts_with(&format!("failed to write `{}`", path.display())), "{error}");
    }
    let error = stage(directory.path(), &assortment(), &options(Compression::Default, 1), NO_PROGRESS).unwrap_err();
    assert_eq!(hints(&error), ["give a path that ends with a file name"]);
}

#[test]
fn a_temporary_zip_is_written_to_a_stream() {
    let directory = TempDir::new().unwrap();
    let options = options(Compression::Default, 1);
    let staged = stage_temporary(&assortment(), &options, NO_PROGRESS).unwrap();
    let path = staged.path().to_owned();
    let mut stream = Vec::new();
    staged.write_to(&mut stream).unwrap();
    assert_eq!(staged.archive().path, Path::new("-"));
    assert_eq!(staged.archive().size, stream.len() as u64);
    drop(staged);
    assert!(!path.exists());
    let archive = stage_in(&directory, &assortment(), &options).publish().unwrap();
    assert!(fs::read(archive.path).unwrap() == stream, "a file has other bytes than a stream");
}

#[test]
fn a_zip_for_a_stream_cannot_be_published() {
    let staged = stage_temporary(&assortment(), &options(Compression::Default, 1), NO_PROGRESS).unwrap();
    let error = staged.publish().unwrap_err();
    assert_eq!(error.to_string(), "failed to write `-`: the zip is for a stream");
}

#[test]
fn a_closed_stream_is_an_error() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let staged = stage_temporary(&assortment(), &options(Compression::Default, 1), NO_PROGRESS).unwrap();
    assert_eq!(staged.write_to(&mut Closed).unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
}
