//! The dependency graph is loaded once, until one of the files behind it changes.

use test_support::Fixture;

use crate::witness::{Witness, statuses};

/// A function that depends, by path, on a package that seems to compile C.
fn with_c() -> Fixture {
    let fixture = Fixture::empty();
    fixture.add_package("app/cc", "cc", "[lib]\npath = \"lib.rs\"\n");
    fixture.write("app/cc/lib.rs", "");
    native(&fixture, "build-dependencies");
    fixture.write("native/lib.rs", "");
    fixture.write("native/build.rs", "fn main() {}");
    fixture.add_package(
        "app",
        "app",
        "[dependencies]\nnative = { path = \"../native\" }\n[profile.release]\nlto = \"off\"\n",
    );
    fixture.write("app/src/main.rs", "fn main() {}");
    fixture
}

fn native(fixture: &Fixture, kind: &str) {
    fixture.add_package(
        "native",
        "native",
        &format!("[lib]\npath = \"lib.rs\"\n[{kind}]\ncc = {{ path = \"../app/cc\" }}\n"),
    );
}

#[test]
fn the_graph_is_cached_until_one_of_its_files_changes() {
    let fixture = with_c();
    let witness = Witness::of(&fixture);
    // With a named linker zig is not looked for, and there is no warning that it is missing.
    let args = ["--manifest-path", "app/Cargo.toml", "--linker", "rust-lld", "--message-format", "json"];
    let calls = || {
        let (run, calls) = witness.calls(&args);
        let run = run.success();
        (calls.iter().filter(|call| call.starts_with("cargo")).cloned().collect::<Vec<_>>(), run)
    };
    let (first, run) = calls();
    assert_eq!(first, ["cargo build", "cargo metadata", "cargo metadata", "cargo tree"]);
    assert!(run.stderr.contains("native ← app"), "the crate that compiles C is named\n{run}");
    let (second, again) = calls();
    assert_eq!(second, ["cargo build"], "{again}");
    assert_eq!(again.json()["warnings"], run.json()["warnings"]);
    assert_eq!(statuses(&again), [("Fresh", "app")]);

    native(&fixture, "dev-dependencies");
    let (changed, run) = calls();
    assert_eq!(changed, ["cargo build", "cargo metadata"], "a manifest outside of the workspace counts");
    assert_eq!(run.json()["warnings"], serde_json::json!([]), "{run}");
    let (last, _) = calls();
    assert_eq!(last, ["cargo build"]);
}
