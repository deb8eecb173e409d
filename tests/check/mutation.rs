//! Damaged zips: whatever the damage, the check answers, and soon.

use std::time::{Duration, Instant};

use cargo_lambda_zip::check::Rule;

use crate::elf_builder::{ElfSpec, dynamic_program, library};
use crate::zip_builder::{Item, deflated_zeros, zip};
use crate::{Case, DATA, EXECUTABLE, LINK};

/// Far more than one small zip takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(10);

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

fn check(bytes: Vec<u8>, what: &str) -> usize {
    let start = Instant::now();
    let findings = Case::new(Rule::ZipUnreadable, bytes).check().len();
    assert!(start.elapsed() < PATIENCE, "{what} took {:?}", start.elapsed());
    findings
}

#[test]
fn the_zip_to_be_damaged_is_good() {
    assert_eq!(check(good(), "the good zip"), 0);
}

#[test]
fn a_zip_that_is_cut_off_anywhere_breaks_a_rule() {
    let good = good();
    for length in 0..good.len() {
        assert!(check(good[..length].to_vec(), &format!("a cut at {length}")) > 0, "{length}");
    }
}

#[test]
fn a_changed_byte_is_answered_wherever_it_is() {
    let good = good();
    for position in 0..good.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[position] ^= change;
            check(bytes, &format!("byte {position} changed by {change:#x}"));
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
            let zip = zip(&[Item::new("bootstrap", EXECUTABLE, bytes)]);
            check(zip, &format!("byte {position} changed by {change:#x}"));
        }
    }
}

#[test]
fn links_that_lead_from_one_to_the_next_do_not_take_long() {
    let folder = "a/".repeat(500);
    let links = (0..3000).map(|index| Item::new(format!("{folder}{index}"), LINK, format!("{}", (index + 1) % 3000)));
    assert!(check(zip(&links.collect::<Vec<_>>()), "a chain of links") > 0);
}

#[test]
fn many_libraries_that_are_nowhere_do_not_take_long() {
    let needed: Vec<&'static str> = vec!["libnowhere.so"; 1000];
    let rpath: &'static str = String::leak("$ORIGIN/x:".repeat(3000));
    let program = ElfSpec { needed, rpath: Some(rpath), ..dynamic_program() }.build();
    let items = (0..300).map(|index| Item::new(format!("bin/{index}"), EXECUTABLE, program.clone()));
    assert!(check(zip(&items.collect::<Vec<_>>()), "many libraries") > 0);
}
