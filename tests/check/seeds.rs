//! The inputs that the fuzzer starts from, in `fuzz/seeds`: the small zips of the other tests, and what the fuzzer found.
//! With `UPDATE_SNAPSHOTS=1` the former are written anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lambda_zip_check::Rule;

use crate::elf_builder::{ElfSpec, dynamic_program, library, static_program};
use crate::{Case, cases};

/// What the fuzzer found has a name that starts like this, and stays.
const FOUND: &str = "found-";

/// A larger zip slows the fuzzer down.
const SIZE_LIMIT: usize = 1 << 10;

/// What all seeds together may take in the repository.
const TOTAL_LIMIT: usize = 100 << 10;

fn seeds() -> BTreeMap<PathBuf, Vec<u8>> {
    let small = cases().into_iter().filter(|case| case.zip.len() <= SIZE_LIMIT);
    let mut counts: BTreeMap<Rule, usize> = BTreeMap::new();
    let zips = small.map(|case| {
        let count = counts.entry(case.rule).or_default();
        *count += 1;
        (format!("zip/{}-{count}.zip", case.rule), case.zip)
    });
    let program = ElfSpec {
        needed: vec!["libc.so.6", "libfoo.so"],
        rpath: Some("$ORIGIN/lib:/opt/lib"),
        versions: vec![("libc.so.6", "GLIBC_2.34", 0), ("libstdc++.so.6", "GLIBCXX_3.4.99", 0)],
        debug_size: 16,
        ..dynamic_program()
    };
    let pair = [program.build(), library("libfoo.so").build(), b"libfoo.so".to_vec()].join(&b"|zip|"[..]);
    let executables = [
        ("static", static_program().build()),
        ("dynamic", program.build()),
        ("pair", pair),
        ("arm", ElfSpec { machine: 183, ..static_program() }.build()),
        ("narrow", ElfSpec { class: 1, machine: 3, ..static_program() }.build()),
        ("script", b"#!/usr/bin/env -S A=1 bash -e\n".to_vec()),
        ("mach-o", b"\xcf\xfa\xed\xfe\x07\0\0\x01".to_vec()),
        ("key", b"-----BEGIN RSA PRIVATE KEY-----\nMII".to_vec()),
    ];
    let executables = executables.map(|(name, bytes)| (format!("executable/{name}"), bytes));
    zips.chain(executables).map(|(name, bytes)| (PathBuf::from(name), bytes)).collect()
}

/// The files in the folder of seeds, by their path in it.
fn kept(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|file| file.file_type().is_file());
    files
        .map(|file| (file.path().strip_prefix(folder).unwrap().to_owned(), std::fs::read(file.path()).unwrap()))
        .collect()
}

fn is_found(path: &Path) -> bool {
    path.file_name().unwrap().to_str().unwrap().starts_with(FOUND)
}

#[test]
fn the_fuzzer_starts_from_what_the_tests_have() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        for path in kept(&folder).into_keys().filter(|path| !is_found(path)) {
            std::fs::remove_file(folder.join(path)).unwrap();
        }
        for (path, bytes) in seeds() {
            std::fs::create_dir_all(folder.join(&path).parent().unwrap()).unwrap();
            std::fs::write(folder.join(path), bytes).unwrap();
        }
    }
    let kept = kept(&folder);
    assert!(kept.values().map(Vec::len).sum::<usize>() <= TOTAL_LIMIT);
    let mut made = kept.clone();
    made.retain(|path, _| !is_found(path));
    assert!(made == seeds(), "run the tests with UPDATE_SNAPSHOTS=1 to write `fuzz/seeds` anew");
    // What once broke the check is answered now.
    for (_, bytes) in kept.into_iter().filter(|(path, _)| path.starts_with("zip") && is_found(path)) {
        Case::new(Rule::ZipUnreadable, bytes).check();
    }
}
