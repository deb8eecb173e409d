//! The user's rustflags reach rustc together with ours, whichever of cargo's four sources they come from.

use test_support::{Fixture, Program, Zip, contains};

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// A package whose program shows whether it was compiled with the user's `cfg` and with our processor.
fn telltale() -> Fixture {
    let fixture = Fixture::package("telltale");
    let source = r#"#![allow(unexpected_cfgs)]
fn main() {
    #[cfg(theirs)]
    println!("saw theirs!");
    #[cfg(target_feature = "avx2")]
    println!("saw ours!");
    println!("{}", std::panic::Location::caller().file());
}
"#;
    fixture.write("src/main.rs", source);
    fixture
}

#[track_caller]
fn both_are_seen(fixture: &Fixture, program: Program) {
    let run = program.args(["--target-cpu", "lambda"]).run().success();
    let zip = Zip::read(run.zip());
    assert!(contains(zip.bootstrap(), "saw theirs!"), "theirs are lost\n{run}");
    assert!(contains(zip.bootstrap(), "saw ours!"), "ours are lost\n{run}");
    assert!(!contains(zip.bootstrap(), fixture.path(".").canonicalize().unwrap().to_str().unwrap()), "{run}");
}

#[test]
fn users_flags_in_the_encoded_variable_are_kept() {
    let fixture = telltale();
    both_are_seen(&fixture, fixture.program().env("CARGO_ENCODED_RUSTFLAGS", "--cfg\x1ftheirs"));
}

#[test]
fn users_flags_in_the_variable_are_kept() {
    let fixture = telltale();
    both_are_seen(&fixture, fixture.program().env("RUSTFLAGS", "--cfg theirs"));
}

#[test]
fn users_flags_in_the_table_of_the_target_are_kept() {
    let fixture = telltale();
    fixture.write(".cargo/config.toml", format!("[target.{TRIPLE}]\nrustflags = [\"--cfg\", \"theirs\"]\n"));
    both_are_seen(&fixture, fixture.program());
}

#[test]
fn users_flags_in_the_table_of_the_build_are_kept() {
    let fixture = telltale();
    fixture.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"theirs\"]\n");
    both_are_seen(&fixture, fixture.program());
}

#[test]
fn rustflags_in_the_environment_cannot_be_joined_with_those_for_one_target() {
    let fixture = telltale();
    let program = fixture.program().env("RUSTFLAGS", "--cfg theirs");
    let run = program.args(["--target-cpu", "lambda", "--arch", "x86_64,arm64"]).run();
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("rustflags in the environment"), "{run}");
}
