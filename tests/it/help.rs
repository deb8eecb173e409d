//! The help is part of the interface: a change to it shows up as a change to the files in `snapshots/`.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test help` writes them anew.

use std::path::Path;
use std::{env, fs};

use crate::support::Fixture;

#[track_caller]
fn is_pinned(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots").join(file);
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let pinned = fs::read_to_string(&path).unwrap_or_default();
    assert!(pinned == text, "`{file}` says\n{pinned}\n\nbut the program says\n{text}\n\n{HOW}");
}

const HOW: &str = "if that is as it should be: UPDATE_SNAPSHOTS=1 cargo test help";

#[test]
fn the_short_help_is_pinned() {
    let run = Fixture::empty().run(&["-h"]).success();
    is_pinned("help-short.txt", &run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn the_long_help_is_pinned() {
    let run = Fixture::empty().run(&["--help"]).success();
    is_pinned("help-long.txt", &run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn cargo_shows_the_same_help() {
    let fixture = Fixture::empty();
    let direct = fixture.run(&["-h"]).success();
    let through_cargo = crate::support::Program::through_cargo(&fixture.path(".")).args(["-h"]).run().success();
    assert_eq!(through_cargo.stdout, direct.stdout);
}

#[test]
fn the_version_is_that_of_the_package() {
    let run = Fixture::empty().run(&["--version"]).success();
    assert_eq!(run.stdout.trim().rsplit(' ').next(), Some(env!("CARGO_PKG_VERSION")));
}
