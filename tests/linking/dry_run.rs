//! Looking writes nothing, not even the lockfile that would tell which crates compile C.

use test_support::Fixture;

const DOUBT: &str = "warning: `Cargo.lock` is missing or out of date: which crates compile C, and so who links, is not known \
                     yet\nhint: `cargo update --workspace` writes it, as a build does\n";

/// A package with a dependency beside it, so that there is a graph and no need for a registry.
fn with_dependency() -> Fixture {
    let fixture = Fixture::package("function");
    fixture.add_package("helper", "helper", "[lib]\npath = \"lib.rs\"\n");
    fixture.write("helper/lib.rs", "");
    fixture.add_package(".", "function", "[dependencies]\nhelper = { path = \"helper\" }\n[workspace]\n");
    fixture
}

#[test]
fn without_a_lockfile_what_it_would_tell_is_unknown() {
    let fixture = with_dependency();
    let before = fixture.files(".");
    for look in ["--dry-run", "--list"] {
        let run = fixture.run(&[look]).success();
        assert!(run.stderr.contains(DOUBT), "{run}");
        assert_eq!(fixture.files("."), before, "{look} wrote something");
    }
}

#[test]
fn a_lockfile_that_is_out_of_date_stays_as_it_is() {
    let fixture = with_dependency();
    // It knows of a compiler of C, so that it is no answer by itself.
    let stale = "version = 4\n\n[[package]]\nname = \"cc\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"function\"\nversion = \"0.0.1\"\n";
    fixture.write("Cargo.lock", stale);
    let run = fixture.run(&["--dry-run"]).success();
    assert!(run.stderr.contains(DOUBT), "{run}");
    assert_eq!(std::fs::read_to_string(fixture.path("Cargo.lock")).unwrap(), stale);
}

#[test]
fn nothing_is_unknown_of_a_package_on_its_own() {
    let fixture = Fixture::package("plain");
    let run = fixture.run(&["--dry-run"]).success();
    assert!(!run.stderr.contains("warning"), "{run}");
    assert!(!fixture.path("Cargo.lock").exists());
}

#[test]
fn a_build_writes_the_lockfile_and_knows() {
    let fixture = with_dependency();
    let run = fixture.run(&["--config", "profile.release.lto='off'"]).success();
    assert!(!run.stderr.contains("warning") && fixture.path("Cargo.lock").exists(), "{run}");
    let run = fixture.run(&["--dry-run"]).success();
    assert!(!run.stderr.contains("warning"), "{run}");
}
