//! The inputs in `fuzz/seeds`, from which the fuzzer starts: the small zips of the other tests, which are generated, and
//! those that the fuzzer or a user found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lambda_zip_check::Rule;
use test_support::elf::{ElfSpec, dynamic_program, library, static_program};
use test_support::{generated, repository};

use crate::{Case, cases};

/// The start of the name of an input that the fuzzer or a user found.
const FOUND: &str = "found-";

/// A larger zip slows the fuzzer down.
const SIZE_LIMIT: usize = 1 << 10;

/// The limit for all seeds together.
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

/// The seeds of the targets for other crates are written by hand.
fn is_kept(path: &Path) -> bool {
    is_found(path) || !["zip", "executable"].iter().any(|target| path.starts_with(target))
}

fn is_found(path: &Path) -> bool {
    path.file_name().unwrap().to_str().unwrap().starts_with(FOUND)
}

#[test]
fn the_seeds_of_the_fuzzer_are_up_to_date() {
    generated::assert_directory("fuzz/seeds", &seeds(), is_kept);
    let kept = generated::files(&repository().join("fuzz/seeds"));
    assert!(kept.values().map(Vec::len).sum::<usize>() <= TOTAL_LIMIT);
    // An input that once broke the check gets an answer now.
    for (_, bytes) in kept.into_iter().filter(|(path, _)| path.starts_with("zip") && is_found(path)) {
        Case::new(Rule::ZipUnreadable, bytes).check();
    }
}
