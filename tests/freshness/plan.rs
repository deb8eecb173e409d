//! After a change to the plan's inputs, a second run has the outcome of a first one.

use test_support::{Fixture, Zip, contains};

use crate::witness::{Untouched, Witness, statuses};

/// A package after its first run.
fn built() -> Fixture {
    let fixture = Fixture::package("greeter");
    fixture.run(&[]).success();
    fixture
}

#[test]
fn a_new_binary_is_packaged_and_the_old_one_stays_fresh() {
    let fixture = built();
    let old = Untouched::at(fixture.path("target/lambda/greeter/bootstrap.zip"));
    fixture.write("src/bin/other.rs", "fn main() { println!(\"this is other\"); }");
    let witness = Witness::of(&fixture);
    let run = witness.program().run().success();
    assert_eq!(statuses(&run), [("Fresh", "greeter"), ("Packaging", "other"), ("Packaged", "other")], "{run}");
    assert_eq!(run.zips().len(), 2);
    assert!(contains(Zip::read(&run.zips()[1]).bootstrap(), "this is other"));
    assert_eq!(Untouched::at(&run.zips()[0]), old);
    let (_, calls) = witness.calls(&[]);
    assert_eq!(calls, ["cargo build"], "the new plan is remembered");
}

#[test]
fn a_removed_binary_is_not_reported() {
    let fixture = Fixture::with_bins("pair", &["one", "two"]);
    fixture.run(&[]).success();
    std::fs::remove_file(fixture.path("src/bin/two.rs")).unwrap();
    let run = fixture.run(&[]).success();
    assert_eq!(statuses(&run), [("Fresh", "one")], "{run}");
    assert_eq!(run.zips(), [fixture.path("target/lambda/one/bootstrap.zip")]);
}

#[test]
fn a_changed_manifest_takes_effect() {
    let fixture = built();
    let manifest =
        |rest: &str| fixture.add_package(".", "greeter", &format!("[profile.release]\nlto = \"off\"\n{rest}"));
    manifest("[package.metadata.lambda-zip]\ncompression = \"store\"\n");
    let stored = fixture.run(&[]).success();
    assert_eq!(statuses(&stored)[0], ("Packaging", "greeter"), "{stored}");
    let sizes = |zip| {
        let entry = &Zip::read(zip).entries[0];
        (entry.size, entry.compressed_size)
    };
    let (size, stored_size) = sizes(stored.zip());
    assert_eq!(stored_size, size);

    manifest("strip = \"none\"\n[package.metadata.lambda-zip]\ncompression = \"store\"\n");
    let with_symbols = fixture.run(&[]).success();
    assert!(sizes(with_symbols.zip()).0 > size, "the profile's own `strip` counts\n{with_symbols}");

    manifest("[package.metadata.lambda-zip]\ncompresion = \"store\"\n");
    let run = fixture.run(&[]);
    assert_eq!(run.code, 96, "{run}");
    assert_eq!((run.stdout.as_str(), run.stderr.matches("error").count()), ("", 1), "{run}");
    fixture.write("Cargo.toml", "[package\n");
    let run = fixture.run(&[]);
    assert_eq!((run.code, run.stderr.matches("error:").count()), (102, 1), "said once, by one cargo\n{run}");
}

#[test]
fn a_changed_configuration_takes_effect() {
    let fixture = built();
    let before = Zip::read(fixture.path("target/lambda/greeter/bootstrap.zip")).entries[0].size;
    fixture.write(".cargo/config.toml", "[profile.release]\nstrip = \"none\"\n");
    let run = fixture.run(&[]).success();
    assert!(Zip::read(run.zip()).entries[0].size > before, "{run}");
    fixture.write(".cargo/config.toml", "[build]\ntarget-dir = \"elsewhere\"\n");
    for status in ["Packaging", "Fresh"] {
        let run = fixture.run(&[]).success();
        assert_eq!(statuses(&run)[0], (status, "greeter"), "{run}");
        assert_eq!(run.zip(), fixture.path("elsewhere/lambda/greeter/bootstrap.zip"));
    }
}

#[test]
fn a_wrong_include_fails_before_the_build() {
    let fixture = built();
    let zip = Untouched::at(fixture.path("target/lambda/greeter/bootstrap.zip"));
    let run = fixture.run(&["--include", "missing"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
    assert_eq!(Untouched::at(fixture.path("target/lambda/greeter/bootstrap.zip")), zip);
}

#[test]
fn a_build_that_fails_after_a_good_one_shows_cargos_error_once() {
    let fixture = built();
    let zip = Untouched::at(fixture.path("target/lambda/greeter/bootstrap.zip"));
    fixture.write("src/main.rs", "fn main() { compile_error!(\"broken on purpose\"); }");
    let run = fixture.run(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (101, ""), "{run}");
    assert_eq!(run.stderr.matches("error: broken on purpose").count(), 1, "{run}");
    assert_eq!(Untouched::at(fixture.path("target/lambda/greeter/bootstrap.zip")), zip);
}
