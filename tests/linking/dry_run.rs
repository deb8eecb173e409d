//! `--dry-run` and `--list` write nothing, not even the lockfile that shows which crates compile C.

use test_support::Fixture;

const WARNING: &str = "warning: cannot tell yet which crates compile C, and so which linker is used: `Cargo.lock` is missing \
                       or out of date\nhint: run `cargo update --workspace`, or a build: both write it\n";

/// A package with a dependency by path, so that there is a graph and no registry is needed.
fn with_dependency() -> Fixture {
    let fixture = Fixture::package("function");
    fixture.add_package("helper", "helper", "[lib]\npath = \"lib.rs\"\n");
    fixture.write("helper/lib.rs", "");
    fixture.add_package(".", "function", "[dependencies]\nhelper = { path = \"helper\" }\n[workspace]\n");
    fixture
}

#[test]
fn without_a_lockfile_the_linker_is_unknown() {
    let fixture = with_dependency();
    let before = fixture.files(".");
    for look in ["--dry-run", "--list"] {
        let run = fixture.run(&[look]).success();
        assert!(run.stderr.contains(WARNING), "{run}");
        assert_eq!(fixture.files("."), before, "{look} wrote something");
    }
}

#[test]
fn an_outdated_lockfile_is_not_changed() {
    let fixture = with_dependency();
    // It contains `cc`, so the dependency graph is needed too.
    let stale = "version = 4\n\n[[package]]\nname = \"cc\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"function\"\nversion = \"0.0.1\"\n";
    fixture.write("Cargo.lock", stale);
    let run = fixture.run(&["--dry-run"]).success();
    assert!(run.stderr.contains(WARNING), "{run}");
    assert_eq!(std::fs::read_to_string(fixture.path("Cargo.lock")).unwrap(), stale);
}

#[test]
fn a_package_without_dependencies_needs_no_lockfile() {
    let fixture = Fixture::package("plain");
    let run = fixture.run(&["--dry-run"]).success();
    assert!(!run.stderr.contains("warning"), "{run}");
    assert!(!fixture.path("Cargo.lock").exists());
}

#[test]
fn after_a_build_the_lockfile_is_there_and_nothing_is_unknown() {
    let fixture = with_dependency();
    let run = fixture.run(&["--config", "profile.release.lto='off'"]).success();
    assert!(!run.stderr.contains("warning") && fixture.path("Cargo.lock").exists(), "{run}");
    let run = fixture.run(&["--dry-run"]).success();
    assert!(!run.stderr.contains("warning"), "{run}");
}
