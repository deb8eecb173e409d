//! `examples/workspace`: three functions in two packages, one of which needs a feature.

use std::path::Path;

use test_support::{Fixture, Machine, Run, Zip, example, package_quickly, shared_target_dir};

/// Packages the workspace into a directory.
#[track_caller]
fn package(output: &Path, args: &[&str]) -> Run {
    package_quickly(&example("workspace"), &output.join(""), args)
}

#[test]
fn each_function_gets_a_zip_and_one_without_its_feature_is_named() {
    let fixture = Fixture::empty();
    let run = package(&fixture.path("out"), &[]);
    assert_eq!(fixture.files("out"), ["place-order/bootstrap.zip", "stock/bootstrap.zip"]);
    assert_eq!(
        run.zips(),
        [fixture.path("out/place-order/bootstrap.zip"), fixture.path("out/stock/bootstrap.zip")],
        "{run}"
    );
    let notes: Vec<_> = run.stderr.lines().filter(|line| line.contains("refund-order")).collect();
    assert_eq!(notes.len(), 1, "{run}");
    assert!(notes[0].starts_with("warning: ") && notes[0].contains("`--features refunds`"), "{run}");
}

#[test]
fn a_feature_brings_the_function_that_requires_it() {
    let fixture = Fixture::empty();
    package(&fixture.path("out"), &["--features", "orders/refunds"]);
    assert_eq!(
        fixture.files("out"),
        ["place-order/bootstrap.zip", "refund-order/bootstrap.zip", "stock/bootstrap.zip"]
    );
}

#[test]
fn stale_executables_of_other_packages_are_not_packaged() {
    let fixture = Fixture::empty();
    package(&fixture.path("all"), &[]);
    let stale = shared_target_dir().join("x86_64-unknown-linux-gnu/debug/place-order");
    assert!(stale.is_file(), "another package's executable lies in the target directory");
    let run = package(&fixture.path("one"), &["-p", "stock"]);
    assert_eq!(fixture.files("one"), ["stock/bootstrap.zip"]);
    assert_eq!(run.zip(), fixture.path("one/stock/bootstrap.zip"));
}

#[test]
fn each_function_is_built_for_each_architecture() {
    let fixture = Fixture::empty();
    package(&fixture.path("out"), &["--all-features", "--arch", "x86_64", "--arch", "arm64"]);
    let functions = ["place-order", "refund-order", "stock"];
    let expected: Vec<_> = ["arm64", "x86_64"]
        .iter()
        .flat_map(|arch| functions.map(|function| format!("{arch}/{function}/bootstrap.zip")))
        .collect();
    assert_eq!(fixture.files("out"), expected);
    for path in expected {
        let machine = if path.starts_with("arm64") { Machine::Arm64 } else { Machine::X86_64 };
        assert_eq!(Zip::read(fixture.path("out").join(&path)).machine(), machine, "{path}");
    }
}
