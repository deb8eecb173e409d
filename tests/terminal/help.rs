//! The help is part of the interface: every change to it shows up in `snapshots/`.

use test_support::{Fixture, Program};

#[track_caller]
fn help(args: &[&str]) -> String {
    let run = Fixture::empty().run(args).success();
    assert_eq!(run.stderr, "");
    run.stdout
}

#[test]
fn the_short_help_is_pinned() {
    insta::assert_snapshot!("help-short", help(&["-h"]));
}

#[test]
fn the_long_help_is_pinned() {
    insta::assert_snapshot!("help-long", help(&["--help"]));
}

#[test]
fn the_help_of_check_is_pinned() {
    insta::assert_snapshot!("help-check", help(&["check", "--help"]));
}

#[test]
fn the_help_of_invoke_is_pinned() {
    insta::assert_snapshot!("help-invoke", help(&["invoke", "--help"]));
}

#[test]
fn the_help_of_the_other_commands_is_pinned() {
    for command in ["pack", "doctor", "completions", "man"] {
        insta::assert_snapshot!(format!("help-{command}"), help(&[command, "--help"]));
    }
}

#[test]
fn cargo_shows_the_same_help() {
    let fixture = Fixture::empty();
    let through_cargo = Program::through_cargo(fixture.root()).arg("-h").run().success();
    assert_eq!(through_cargo.stdout, help(&["-h"]));
}

#[test]
fn the_version_is_that_of_the_package() {
    let run = Fixture::empty().run(&["--version"]).success();
    assert_eq!(run.stdout.trim().rsplit(' ').next(), Some(env!("CARGO_PKG_VERSION")));
}
