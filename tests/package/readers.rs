//! Zip readers of other languages and tools read the same zip. Each finds the names and contents that were packed, and the
//! modes and links if it supports them.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use test_support::elf::executable;
use test_support::{Fixture, repository};

/// Larger than the buffers and chunks of all readers.
const BIG: usize = 100_000_000;

/// One zip for all readers.
static PACKED: LazyLock<Packed> = LazyLock::new(Packed::new);

struct Packed {
    _fixture: Fixture,
    zip: PathBuf,
    /// What every reader must find, in the order of the archive.
    entries: Vec<Expected>,
}

struct Expected {
    name: &'static str,
    mode: u32,
    /// The contents of a file, or the target of a link.
    contents: Vec<u8>,
}

impl Packed {
    fn new() -> Self {
        let fixture = Fixture::with_executable();
        let entry = |name, mode, contents: &[u8]| Expected { name, mode, contents: contents.to_vec() };
        let entries = vec![
            entry("bootstrap", 0o100_755, &executable(62)),
            entry("big.bin", 0o100_644, &big()),
            entry("deep/er/still/file.txt", 0o100_644, b"far down"),
            entry("empty", 0o100_644, b""),
            entry("größe 日本.txt", 0o100_644, b"not in ASCII"),
            entry("lib/libx.so", 0o120_777, b"libx.so.1"),
            entry("lib/libx.so.1", 0o100_644, b"the library"),
            entry("run.sh", 0o100_755, b"#!/bin/sh\n"),
            entry("void/", 0o040_755, b""),
        ];
        let mut args = vec!["main"];
        for Expected { name, mode, contents } in &entries[1..] {
            match mode >> 12 {
                0o04 => fixture.create_dir(name),
                0o12 => fixture.symlink(std::str::from_utf8(contents).unwrap(), name),
                _ => {
                    fixture.write(name, contents);
                }
            }
            args.push(name);
        }
        let zip = fixture.pack(&args).path;
        Self { _fixture: fixture, zip, entries }
    }

    /// A line for each entry, as the programs in `readers/` print them.
    fn lines(&self, with_mode: bool) -> Vec<String> {
        let line = |Expected { name, mode, contents }: &Expected| {
            let mode = if with_mode { format!("{mode:o}") } else { "-".to_owned() };
            format!("{name}\t{mode}\t{}", sha256(contents))
        };
        self.entries.iter().map(line).collect()
    }
}

/// Bytes that compress a little, do not repeat, and are the same in every run.
fn big() -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 28).to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(BIG).collect()
}

fn sha256(contents: &[u8]) -> String {
    Sha256::digest(contents).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[track_caller]
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn program(name: &str) -> PathBuf {
    repository().join("tests/package/readers").join(name)
}

/// Runs a program that extracts the zip, and compares the files with the entries.
#[track_caller]
fn extracts(extract: impl FnOnce(&Path, &Path) -> Command) {
    let directory = tempfile::tempdir().unwrap();
    output(&mut extract(&PACKED.zip, directory.path()));
    for Expected { name, mode, contents } in &PACKED.entries {
        let path = directory.path().join(name.trim_end_matches('/'));
        let metadata = path.symlink_metadata().unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = metadata.permissions().mode();
        match mode >> 12 {
            0o04 => assert!(metadata.is_dir(), "{name}"),
            0o12 => assert_eq!(fs::read_link(&path).unwrap().to_str().unwrap().as_bytes(), contents, "{name}"),
            _ => {
                assert_eq!(found, *mode, "{name}: {found:o}");
                assert_eq!(sha256(&fs::read(&path).unwrap()), sha256(contents), "{name}");
            }
        }
    }
    let extracted = walkdir::WalkDir::new(directory.path()).into_iter().map(Result::unwrap);
    let files = extracted.filter(|entry| !entry.file_type().is_dir()).count();
    assert_eq!(files, PACKED.entries.len() - 1);
}

#[test]
#[ignore = "needs python3"]
fn python_reads_it() {
    let said = output(Command::new("python3").arg(program("read.py")).arg(&PACKED.zip));
    assert_eq!(said.lines().collect::<Vec<_>>(), PACKED.lines(true));
}

#[test]
#[ignore = "needs go"]
fn go_reads_it() {
    let said = output(Command::new("go").arg("run").arg(program("read.go")).arg(&PACKED.zip));
    assert_eq!(said.lines().collect::<Vec<_>>(), PACKED.lines(true));
}

#[test]
#[ignore = "needs java 17 or newer"]
fn java_reads_it_by_its_directory_and_as_a_stream() {
    let said = output(Command::new("java").arg(program("Read.java")).arg(&PACKED.zip));
    let expected = PACKED.lines(false);
    assert_eq!(said.lines().collect::<Vec<_>>(), [&expected[..], &expected[..]].concat());
}

#[test]
#[ignore = "needs unzip"]
fn unzip_extracts_it() {
    extracts(|zip, directory| {
        let mut command = Command::new("unzip");
        command.env("LC_ALL", "C.UTF-8").arg("-q").arg(zip).arg("-d").arg(directory);
        command
    });
}

#[test]
#[ignore = "needs 7z"]
fn seven_zip_extracts_it() {
    extracts(|zip, directory| {
        let mut command = Command::new("7z");
        command.env("LC_ALL", "C.UTF-8").args(["x", "-y"]).arg(format!("-o{}", directory.display())).arg(zip);
        command
    });
}

#[test]
#[ignore = "needs bsdtar"]
fn bsdtar_extracts_it() {
    extracts(|zip, directory| {
        let mut command = Command::new("bsdtar");
        command.env("LC_ALL", "C.UTF-8").arg("-xf").arg(zip).arg("-C").arg(directory);
        command
    });
}
