//! The graph of dependencies is asked for once: it follows from files that are looked at.

use test_support::Fixture;

use crate::witness::{Witness, statuses};

/// A function that depends on a package of this machine which compiles C, or so it says.
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
fn it_is_remembered_until_a_file_behind_it_changes() {
    let fixture = with_c();
    let witness = Witness::of(&fixture);
    // Nobody is asked for zig, and a compiler that is named is no reason to warn.
    let args = ["--manifest-path", "app/Cargo.toml", "--linker", "rust-lld", "--message-format", "json"];
    let calls = || {
        let (run, calls) = witness.calls(&args);
        let run = run.success();
        (calls.iter().filter(|call| call.starts_with("cargo")).cloned().collect::<Vec<_>>(), run)
    };
    let (first, run) = calls();
    assert_eq!(first, ["cargo build", "cargo metadata", "cargo metadata", "cargo tree"]);
    assert!(run.stderr.contains("native ← app"), "it is said which crate compiles C\n{run}");
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
