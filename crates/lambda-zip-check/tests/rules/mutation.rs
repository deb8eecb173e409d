//! Damaged and hostile zips: the check always ends with an answer.

use lambda_zip_check::Rule;
use test_support::elf::{ElfSpec, dynamic_program, library};
use test_support::zip_builder::{DATA, EXECUTABLE, Item, LINK, deflated_zeros, zip};

use crate::Case;

fn good() -> Vec<u8> {
    let spec = ElfSpec { needed: vec!["libc.so.6", "libfoo.so"], runpath: Some("$ORIGIN/lib"), ..dynamic_program() };
    let zeros = Item::new("zeros", DATA, deflated_zeros(3000))
        .with(|item| (item.method, item.size, item.crc) = (8, 3000, crc32fast::hash(&[0; 3000])));
    zip(&[
        Item::new("bootstrap", EXECUTABLE, spec.build()),
        Item::new("lib/libfoo.so.1", DATA, library("libfoo.so").build()),
        Item::new("lib/libfoo.so", LINK, *b"libfoo.so.1"),
        Item::new("run.sh", EXECUTABLE, *b"#!/bin/sh\n"),
        zeros,
    ])
}

fn check(bytes: Vec<u8>) -> Vec<Rule> {
    Case::new(Rule::ZipUnreadable, bytes).check().iter().map(|finding| finding.rule).collect()
}

#[test]
fn the_undamaged_zip_is_good() {
    assert_eq!(check(good()), []);
}

#[test]
fn a_zip_that_is_truncated_anywhere_breaks_a_rule() {
    let good = good();
    for length in 0..good.len() {
        assert_ne!(check(good[..length].to_vec()), [], "{length}");
    }
}

#[test]
fn no_changed_byte_of_a_zip_stops_the_check() {
    let good = good();
    for position in 0..good.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[position] ^= change;
            check(bytes);
        }
    }
}

#[test]
fn no_changed_byte_of_an_executable_stops_the_check() {
    // The checksum is right, so that the check reads the damaged executable.
    let spec = ElfSpec { debug_size: 10, rpath: Some("$ORIGIN"), ..dynamic_program() };
    let good = spec.build();
    for position in 0..good.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[position] ^= change;
            check(zip(&[Item::new("bootstrap", EXECUTABLE, bytes)]));
        }
    }
}

#[test]
fn a_chain_of_links_is_followed_only_so_far() {
    let directory = "a/".repeat(500);
    let links =
        (0..3000).map(|index| Item::new(format!("{directory}{index}"), LINK, format!("{}", (index + 1) % 3000)));
    assert!(check(zip(&links.collect::<Vec<_>>())).contains(&Rule::CheckIncomplete));
}

#[test]
fn missing_libraries_are_searched_only_so_far() {
    let directories: &'static str = String::leak("$ORIGIN/x:".repeat(50));
    let program = |needed: usize| {
        let program = ElfSpec { needed: vec!["libnowhere.so"; needed], rpath: Some(directories), ..dynamic_program() };
        Item::new(format!("bin/{needed}"), EXECUTABLE, program.build())
    };
    let few: Vec<_> = (0..3).map(program).collect();
    assert!(!check(zip(&few)).contains(&Rule::CheckIncomplete));
    let many: Vec<_> = (1000..1003).map(program).collect();
    assert!(check(zip(&many)).contains(&Rule::CheckIncomplete));
}

#[test]
fn a_long_run_path_is_followed_only_so_far() {
    let directories: &'static str = String::leak("$ORIGIN/x:".repeat(100));
    let program = ElfSpec { runpath: Some(directories), ..dynamic_program() }.build();
    assert_eq!(check(zip(&[Item::new("bootstrap", EXECUTABLE, program)])), [Rule::CheckIncomplete]);
}
