//! Answers of cargo and rustc are cached until something changes that they depend on.

use std::fs;

use test_support::Fixture;

use crate::witness::{Witness, statuses};

const NOTHING: [&str; 1] = ["cargo build"];
const EVERYTHING: [&str; 4] = ["cargo build", "cargo metadata", "rustc --print", "rustc -vV"];

#[test]
fn cargo_and_rustc_are_asked_again_after_each_change_that_matters() {
    let fixture = Fixture::empty();
    fixture.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"functions/*\"]\nresolver = \"3\"\n[profile.release]\nlto = \"off\"\n",
    );
    let function = |name: &str| {
        fixture.add_package(&format!("functions/{name}"), name, "");
        fixture.write(&format!("functions/{name}/src/main.rs"), "fn main() {}");
    };
    function("first");
    let witness = Witness::of(&fixture);
    let settle = || {
        witness.calls(&[]).0.success();
        assert_eq!(witness.calls(&[]).1, NOTHING);
    };
    let asked = |what: &str, functions: &[&str]| {
        let (run, calls) = witness.calls(&[]);
        // With another compiler, cargo itself asks it too.
        assert!(EVERYTHING.iter().all(|call| calls.iter().any(|made| made == call)), "{what}: {calls:?}\n{run}");
        let zips = run.success().zips();
        let expected: Vec<_> =
            functions.iter().map(|name| fixture.path(format!("target/lambda/{name}/bootstrap.zip"))).collect();
        assert_eq!(zips, expected, "{what}");
        assert_eq!(witness.calls(&[]).1, NOTHING, "{what}, a second time");
    };
    settle();

    fixture.write("functions/first/src/main.rs", "fn main() { println!(\"changed\"); }");
    assert_eq!(witness.calls(&[]).1, NOTHING, "the code is cargo's affair");
    function("second");
    asked("a directory that matches the glob of the members", &["first", "second"]);
    fixture.write("functions/second/src/bin/third.rs", "fn main() {}");
    asked("a binary by the name of its file", &["first", "second", "third"]);
    fixture.write("functions/second/src/bin/fourth/main.rs", "fn main() {}");
    asked("a binary by the name of its directory", &["first", "fourth", "second", "third"]);
    fixture.write("rust-toolchain.toml", "[toolchain]\nprofile = \"minimal\"\n");
    asked("a choice of the toolchain", &["first", "fourth", "second", "third"]);
    let mut rustc = fs::read_to_string(fixture.path("tools/rustc")).unwrap();
    rustc.push_str("# another one\n");
    fixture.write("tools/rustc", &rustc);
    asked("another compiler", &["first", "fourth", "second", "third"]);
    fs::remove_dir_all(fixture.path("functions/second")).unwrap();
    asked("a package that is gone", &["first"]);
}

#[test]
fn a_new_workspace_above_the_package_is_found() {
    let fixture = Fixture::empty();
    fixture.add_package("app", "app", "[profile.release]\nlto = \"off\"\n");
    fixture.write("app/src/main.rs", "fn main() {}");
    let args = ["--manifest-path", "app/Cargo.toml"];
    let alone = fixture.run(&args).success();
    assert_eq!(alone.zip(), fixture.path("app/target/lambda/app/bootstrap.zip"));
    assert_eq!(statuses(&fixture.run(&args)), [("Fresh", "app")]);
    fixture.write("Cargo.toml", "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n");
    let taken_in = fixture.run(&args).success();
    assert_eq!(taken_in.zip(), fixture.path("target/lambda/app/bootstrap.zip"));
}

#[test]
fn only_variables_that_cargo_reads_invalidate_the_cache() {
    let fixture = Fixture::package("greeter");
    let witness = Witness::of(&fixture);
    let calls = |name: &str, value: &str| {
        let before = fs::read_to_string(witness.log()).unwrap_or_default();
        witness.program().env(name, value).run().success();
        let after = fs::read_to_string(witness.log()).unwrap();
        after[before.len()..].contains("cargo metadata")
    };
    assert!(calls("NAME", "one"), "the first run");
    assert!(!calls("NAME", "another"));
    assert!(calls("CARGO_BUILD_TARGET_DIR", fixture.path("target").to_str().unwrap()));
    assert!(!calls("CARGO_BUILD_TARGET_DIR", fixture.path("target").to_str().unwrap()));
}

#[test]
fn dry_run_and_list_write_no_cache() {
    let fixture = Fixture::package("greeter");
    fixture.run(&["--dry-run"]).success();
    fixture.run(&["--list"]).success();
    assert!(!fixture.path("target").exists());
}
