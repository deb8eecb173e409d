//! Zips that Lambda runs break no rule.

use lambda_platform::{Arch, Runtime};
use lambda_zip_check::{ArchiveKind, Finding, Rule};
use test_support::elf::{ElfSpec, dynamic_program, library, static_program};
use test_support::zip_builder::{DATA, EXECUTABLE, Item, LINK, zip};

use crate::{Case, bootstrap};

/// The findings of a function with these entries. The rule of the case has no meaning here.
fn findings(items: &[Item], change: impl FnOnce(&mut Case)) -> Vec<Finding> {
    let mut case = Case::new(Rule::ZipUnreadable, zip(items));
    change(&mut case);
    case.check()
}

fn assert_good(items: &[Item], change: impl FnOnce(&mut Case)) {
    assert_eq!(findings(items, change), []);
}

fn program(spec: &ElfSpec) -> Item {
    Item::new("bootstrap", EXECUTABLE, spec.build())
}

#[test]
fn a_static_program_with_data_and_directories() {
    let items = [bootstrap(), Item::new("assets/", 0o040_755, ""), Item::new("assets/a.txt", DATA, *b"a")];
    assert_good(&items, |_| {});
    assert_good(&items, |case| case.runtime = Some(Runtime::AL2));
    assert_good(&items, |case| (case.arch, case.runtime) = (None, None));
}

#[test]
fn a_program_for_arm_that_uses_the_system_glibc() {
    let spec = ElfSpec {
        machine: 183,
        interpreter: Some("/lib/ld-linux-aarch64.so.1"),
        needed: vec!["libgcc_s.so.1", "libm.so.6", "libc.so.6", "ld-linux-aarch64.so.1"],
        versions: vec![("libc.so.6", "GLIBC_2.34", 0), ("libgcc_s.so.1", "GCC_4.2.0", 0)],
        ..dynamic_program()
    };
    assert_good(&[program(&spec)], |case| case.arch = Some(Arch::Arm64));
}

#[test]
fn a_weak_version_need_is_ignored() {
    assert_good(&[program(&ElfSpec { versions: vec![("libc.so.6", "GLIBC_2.40", 2)], ..dynamic_program() })], |_| {});
}

#[test]
fn scripts_for_the_shells_of_the_image() {
    for first_line in ["#!/bin/sh", "#! /bin/bash -eu", "#!/usr/bin/env bash", "#!/usr/bin/env -S bash -e"] {
        assert_good(&[Item::new("bootstrap", EXECUTABLE, format!("{first_line}\nexec ./app\n"))], |_| {});
    }
}

#[test]
fn a_script_whose_interpreter_comes_with_the_zip_or_a_layer() {
    let interpreter = Item::new("bin/run", EXECUTABLE, static_program().build());
    let script = Item::new("bootstrap", EXECUTABLE, *b"#!/var/task/bin/run\n");
    assert_good(&[script, interpreter.clone()], |_| {});
    let script = Item::new("bootstrap", EXECUTABLE, *b"#!/opt/bin/run\n");
    assert_good(&[script], |case| case.layers = vec![zip(&[interpreter])]);
}

#[test]
fn libraries_where_the_loader_looks() {
    let needing = |change: &dyn Fn(&mut ElfSpec)| {
        let mut spec = ElfSpec { needed: vec!["libfoo.so"], versions: Vec::new(), ..dynamic_program() };
        change(&mut spec);
        program(&spec)
    };
    let plain = |path: &str| Item::new(path, DATA, library("libfoo.so").build());
    assert_good(&[needing(&|_| {}), plain("libfoo.so")], |_| {});
    assert_good(&[needing(&|_| {}), plain("lib/libfoo.so")], |_| {});
    assert_good(&[needing(&|spec| spec.runpath = Some("$ORIGIN/vendor")), plain("vendor/libfoo.so")], |_| {});
    assert_good(&[needing(&|spec| spec.rpath = Some("${ORIGIN}/a/../vendor")), plain("vendor/libfoo.so")], |_| {});
    assert_good(&[needing(&|_| {})], |case| case.layers = vec![zip(&[plain("lib/libfoo.so")])]);
    let linked = [needing(&|_| {}), plain("lib/libfoo.so.1"), Item::new("lib/libfoo.so", LINK, *b"libfoo.so.1")];
    assert_good(&linked, |_| {});
}

#[test]
fn an_rpath_applies_to_indirect_libraries_and_a_runpath_does_not() {
    let files = |spec: ElfSpec| {
        let middle = ElfSpec { needed: vec!["libend.so"], ..library("libmiddle.so") };
        [
            program(&ElfSpec { needed: vec!["libmiddle.so"], versions: Vec::new(), ..spec }),
            Item::new("vendor/libmiddle.so", DATA, middle.build()),
            Item::new("vendor/libend.so", DATA, library("libend.so").build()),
        ]
    };
    assert_good(&files(ElfSpec { rpath: Some("$ORIGIN/vendor"), ..dynamic_program() }), |_| {});
    let found = findings(&files(ElfSpec { runpath: Some("$ORIGIN/vendor"), ..dynamic_program() }), |_| {});
    assert_eq!(found.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::LibraryMissing]);
}

#[test]
fn a_library_in_the_zip_replaces_the_one_of_the_runtime_by_an_rpath_alone() {
    let spec = ElfSpec {
        needed: vec!["libstdc++.so.6"],
        versions: vec![("libstdc++.so.6", "GLIBCXX_3.4.99", 0)],
        ..dynamic_program()
    };
    let own = || Item::new("lib/libstdc++.so.6", DATA, library("libstdc++.so.6").build());
    assert_good(&[program(&ElfSpec { rpath: Some("$ORIGIN/lib"), ..spec.clone() }), own()], |_| {});
    // Lambda's LD_LIBRARY_PATH has the runtime's libraries first, and a RUNPATH comes after that variable.
    for spec in [spec.clone(), ElfSpec { runpath: Some("$ORIGIN/lib"), ..spec }] {
        let found = findings(&[program(&spec), own()], |_| {});
        assert_eq!(found.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::LibstdcxxTooNew]);
    }
}

#[test]
fn a_bootstrap_that_is_a_link() {
    let app = Item::new("bin/app", EXECUTABLE, static_program().build());
    assert_good(&[Item::new("bootstrap", LINK, *b"bin/app"), app.clone()], |_| {});
    assert_good(&[Item::new("bootstrap", LINK, *b"/var/task/bin/app"), app], |_| {});
}

#[test]
fn a_bootstrap_in_a_layer() {
    assert_good(&[Item::new("handler.sh", DATA, *b"handle() { :; }")], |case| case.layers = vec![zip(&[bootstrap()])]);
}

#[test]
fn extensions_and_layers() {
    let extension = Item::new("extensions/tool", EXECUTABLE, static_program().build());
    for kind in [ArchiveKind::Extension, ArchiveKind::InternalExtension, ArchiveKind::Layer] {
        assert_good(std::slice::from_ref(&extension), |case| case.kind = kind);
    }
    let layer = [Item::new("lib/libfoo.so", DATA, library("libfoo.so").build())];
    assert_good(&layer, |case| case.kind = ArchiveKind::Layer);
}

#[test]
fn a_function_with_a_directory_named_extensions() {
    // Lambda starts extensions only from layers; in a function they are ordinary files.
    let items = [Item::new("extensions/tool", DATA, *b"data"), Item::new("extensions/other", EXECUTABLE, *b"data")];
    assert_good(&crate::with_bootstrap(items), |_| {});
}

#[test]
fn data_without_a_unix_mode_is_no_error() {
    let data = Item::new("a.txt", 0, *b"a").with(|item| item.host = 0);
    assert_good(&[bootstrap(), data], |_| {});
}

#[test]
fn sizes_in_a_data_descriptor() {
    // As Go and other writers that cannot seek do it: zeros in the header, the numbers after the data.
    let item = bootstrap().with(|item| {
        item.flags = 8;
        item.after = [b"PK\x07\x08".to_vec(), item.crc.to_le_bytes().to_vec()].concat();
        item.after.extend(item.size.to_le_bytes());
        item.after.extend(item.size.to_le_bytes());
    });
    let mut bytes = zip(std::slice::from_ref(&item));
    bytes[14..26].fill(0);
    let mut case = Case::new(Rule::ZipUnreadable, bytes.clone());
    assert_eq!(case.check(), []);
    let descriptor = 30 + item.name.len() + item.data.len();
    bytes[descriptor + 4] ^= 1;
    case.zip = bytes;
    assert_eq!(case.check().iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::HeadersDisagree]);
}
