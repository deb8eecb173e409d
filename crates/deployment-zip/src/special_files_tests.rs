//! FIFOs, sockets and symbolic links as inputs and outputs, on real files.

use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use super::*;
use lambda_zip_error::{ErrorKind, hints, kind};

const OPTIONS: ArchiveOptions =
    ArchiveOptions { compression: Compression::Fast, modified: ModificationTime::EARLIEST, threads: NonZeroUsize::MIN };

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Fails the test if `work` blocks, for example because it reads a FIFO.
fn without_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(Duration::from_secs(60)).expect("it should not block")
}

fn entries() -> SortedEntries {
    let source = EntrySource::Bytes(b"#!/bin/sh\n".to_vec());
    sort(vec![Entry { name: "bootstrap".parse().unwrap(), source, mode: None }]).unwrap()
}

fn write_zip(path: PathBuf) -> Result<Archive> {
    without_blocking(move || stage(&path, &entries(), &OPTIONS, &|_| ()).and_then(StagedArchive::publish))
}

fn rules(include: &str, base: &Path, symlinks: Symlinks) -> FileRules {
    FileRules { includes: vec![Include::typed(include, base)], symlinks, ..FileRules::default() }
}

fn collect(include: &str, base: &Path, symlinks: Symlinks) -> Result<Collected> {
    let rules = rules(include, base, symlinks);
    without_blocking(move || rules.collect(Vec::new(), &OutputPaths::default()))
}

fn refusal(include: &str, base: &Path, symlinks: Symlinks) -> String {
    let error = collect(include, base, symlinks).unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::Usage));
    error.to_string()
}

fn names(collected: &Collected) -> Vec<&str> {
    collected.entries.entries().iter().map(|entry| entry.name.as_str()).collect()
}

#[test]
fn an_output_that_is_a_fifo_or_a_socket_stays() {
    let directory = TempDir::new().unwrap();
    let path = |name| directory.path().join(name);
    make_fifo(&path("fifo"));
    UnixListener::bind(path("socket")).unwrap();
    symlink("fifo", path("link")).unwrap();
    for (name, description) in
        [("fifo", "a FIFO (named pipe)"), ("socket", "a socket"), ("link", "a FIFO (named pipe)")]
    {
        let error = write_zip(path(name)).unwrap_err();
        let shown = path(name).display().to_string();
        assert_eq!(error.to_string(), format!("failed to write `{shown}`: it is {description}, not a regular file"));
        assert_eq!(kind(&error), Some(ErrorKind::Archive));
        assert_eq!(hints(&error), ["write to a regular file with `--output`"]);
    }
    assert!(fs::symlink_metadata(path("fifo")).unwrap().file_type().is_fifo());
    assert!(fs::symlink_metadata(path("socket")).unwrap().file_type().is_socket());
    assert!(path("link").is_symlink());
    assert_eq!(directory.path().read_dir().unwrap().count(), 3, "nothing else was created");
}

#[test]
fn an_output_that_is_a_link_stays_and_its_target_is_replaced_or_created() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("old.zip"), "old").unwrap();
    symlink("old.zip", path("link.zip")).unwrap();
    symlink("missing/new.zip", path("dangling.zip")).unwrap();
    for (link, target) in [("link.zip", "old.zip"), ("dangling.zip", "missing/new.zip")] {
        let archive = write_zip(path(link)).unwrap();
        assert_eq!(archive.path, path(link));
        assert!(path(link).is_symlink());
        let written = fs::symlink_metadata(path(target)).unwrap();
        assert!(written.is_file());
        assert_eq!(written.len(), archive.size);
    }
    symlink("loop.zip", path("loop.zip")).unwrap();
    assert_eq!(kind(&write_zip(path("loop.zip")).unwrap_err()), Some(ErrorKind::Archive));
}

#[test]
fn the_target_of_an_output_link_is_not_packed() {
    let directory = TempDir::new().unwrap();
    fs::create_dir(directory.path().join("assets")).unwrap();
    fs::write(directory.path().join("assets/a"), "").unwrap();
    fs::write(directory.path().join("assets/old.zip"), "old").unwrap();
    let link = directory.path().join("link.zip");
    symlink("assets/old.zip", &link).unwrap();
    let rules = rules("assets", directory.path(), Symlinks::Preserve);
    let collected = rules.collect(Vec::new(), &OutputPaths::new([link], None)).unwrap();
    assert_eq!(names(&collected), ["assets/a"]);
    assert_eq!(collected.excluded_outputs, [directory.path().join("assets/old.zip")]);
}

#[test]
fn an_include_that_is_a_fifo_or_a_socket_is_a_usage_error() {
    let directory = TempDir::new().unwrap();
    let path = |name| directory.path().join(name);
    fs::create_dir(path("in")).unwrap();
    make_fifo(&path("in/fifo"));
    UnixListener::bind(path("socket")).unwrap();
    symlink("in/fifo", path("link")).unwrap();
    for include in ["in", "in/fifo", "in/*"] {
        let message = refusal(include, directory.path(), Symlinks::Preserve);
        let end = "in/fifo` is a FIFO (named pipe), not a file, directory or symbolic link";
        assert!(message.ends_with(end), "{message}");
    }
    let message = refusal("socket", directory.path(), Symlinks::Preserve);
    assert!(message.ends_with("socket` is a socket, not a file, directory or symbolic link"), "{message}");
    let message = refusal("link", directory.path(), Symlinks::Follow);
    assert!(message.ends_with("link` is a FIFO (named pipe), not a file, directory or symbolic link"), "{message}");
}

#[test]
fn a_fifo_in_place_of_a_cache_tag_does_not_block() {
    let directory = TempDir::new().unwrap();
    fs::create_dir_all(directory.path().join("in/cache")).unwrap();
    fs::write(directory.path().join("in/cache/a"), "").unwrap();
    make_fifo(&directory.path().join("in/cache/CACHEDIR.TAG"));
    assert!(refusal("in", directory.path(), Symlinks::Preserve).contains("CACHEDIR.TAG` is a FIFO"));
}

#[test]
fn a_file_that_becomes_a_fifo_before_it_is_packed_is_an_error() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, "contents").unwrap();
    let collected = collect("file", directory.path(), Symlinks::Preserve).unwrap();
    fs::remove_file(&path).unwrap();
    make_fifo(&path);
    let zip = directory.path().join("a.zip");
    let error = without_blocking(move || stage(&zip, &collected.entries, &OPTIONS, &|_| ()).unwrap_err());
    let message = format!("{error:#}");
    assert!(message.starts_with("failed to pack `file`: "), "{message}");
    assert!(message.ends_with("is a FIFO (named pipe), not a regular file"), "{message}");
    assert_eq!(kind(&error), Some(ErrorKind::Archive));
}

#[test]
fn a_file_that_becomes_a_fifo_while_it_is_packed_is_an_error() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, vec![0; 5 << 20]).unwrap();
    let collected = collect("file", directory.path(), Symlinks::Preserve).unwrap();
    let zip = directory.path().join("a.zip");
    let error = without_blocking(move || {
        // The first chunk is written, so the size was read and the file was opened once.
        let swap = |_| {
            if path.is_file() {
                fs::remove_file(&path).unwrap();
                make_fifo(&path);
            }
        };
        stage(&zip, &collected.entries, &OPTIONS, &swap).unwrap_err()
    });
    let message = format!("{error:#}");
    assert!(message.ends_with("is a FIFO (named pipe), not a regular file"), "{message}");
    assert_eq!(kind(&error), Some(ErrorKind::Archive));
}

#[test]
fn links_that_multiply_a_tree_are_a_usage_error() {
    let directory = TempDir::new().unwrap();
    let level = |number: usize| directory.path().join(format!("tree/{number}"));
    for number in 0..7 {
        fs::create_dir_all(level(number)).unwrap();
        for link in 0..10 {
            symlink(format!("../{}", number + 1), level(number).join(link.to_string())).unwrap();
        }
    }
    fs::create_dir(level(7)).unwrap();
    fs::write(level(7).join("file"), "").unwrap();
    // This takes some seconds, so it has no timeout.
    let rules = rules("tree", directory.path(), Symlinks::Follow);
    let error = rules.collect(Vec::new(), &OutputPaths::default()).unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::Usage));
    assert_eq!(error.to_string(), "`--include tree`: following symbolic links leads to more than 100000 paths");
    // As links they are few.
    let collected = collect("tree", directory.path(), Symlinks::Preserve).unwrap();
    assert_eq!(collected.entries.entries().len(), 71);
}

#[test]
fn links_to_a_shared_directory_are_followed() {
    let directory = TempDir::new().unwrap();
    fs::create_dir_all(directory.path().join("in/shared")).unwrap();
    fs::write(directory.path().join("in/shared/file"), "").unwrap();
    for link in ["in/a", "in/b"] {
        symlink("shared", directory.path().join(link)).unwrap();
    }
    let collected = collect("in", directory.path(), Symlinks::Follow).unwrap();
    assert_eq!(names(&collected), ["in/a/file", "in/b/file", "in/shared/file"]);
}
