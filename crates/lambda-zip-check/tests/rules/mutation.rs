//! Damaged and hostile zips: whatever they hold, the check answers, and its work is bounded.

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
fn the_zip_to_be_damaged_is_good() {
    assert_eq!(check(good()), []);
}

#[test]
fn a_zip_that_is_cut_off_anywhere_breaks_a_rule() {
    let good = good();
    for length in 0..good.len() {
        assert_ne!(check(good[..length].to_vec()), [], "{length}");
    }
}

#[test]
fn a_changed_byte_is_answered_wherever_it_is() {
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
fn a_changed_byte_of_an_executable_is_answered_wherever_it_is() {
    // The checksum is right, so that what is damaged is reached.
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
fn links_that_lead_from_one_to_the_next_are_not_followed_for_ever() {
    let folder = "a/".repeat(500);
    let links = (0..3000).map(|index| Item::new(format!("{folder}{index}"), LINK, format!("{}", (index + 1) % 3000)));
    assert!(check(zip(&links.collect::<Vec<_>>())).contains(&Rule::CheckIncomplete));
}

#[test]
fn many_libraries_that_are_nowhere_are_not_looked_for_for_ever() {
    let folders: &'static str = String::leak("$ORIGIN/x:".repeat(50));
    let program = |needed: usize| {
        let program = ElfSpec { needed: vec!["libnowhere.so"; needed], rpath: Some(folders), ..dynamic_program() };
        Item::new(format!("bin/{needed}"), EXECUTABLE, program.build())
    };
    let few: Vec<_> = (0..3).map(program).collect();
    assert!(!check(zip(&few)).contains(&Rule::CheckIncomplete));
    let many: Vec<_> = (1000..1003).map(program).collect();
    assert!(check(zip(&many)).contains(&Rule::CheckIncomplete));
}

#[test]
fn an_endless_run_path_is_not_followed_for_ever() {
    let folders: &'static str = String::leak("$ORIGIN/x:".repeat(100));
    let program = ElfSpec { runpath: Some(folders), ..dynamic_program() }.build();
    assert_eq!(check(zip(&[Item::new("bootstrap", EXECUTABLE, program)])), [Rule::CheckIncomplete]);
}
