//! Paths of the machine are removed by cargo where it has `trim-paths`, else by this program, never by both.
//!
//! Cargo has it behind `-Z`, which `RUSTC_BOOTSTRAP` allows to every toolchain.

use serde_json::Value;
use test_support::{Fixture, Program, Toolchain, Zip, contains, script};

use crate::checkouts::checkout;

/// The program with a cargo that has the feature.
fn with_feature(fixture: &Fixture) -> Program {
    fixture.program().env("RUSTC_BOOTSTRAP", "1").args(["-Z", "trim-paths"])
}

/// Whether we remap paths by rustflags, and the value that we give cargo's own key.
fn told(program: Program) -> (bool, Option<String>) {
    let report = program.args(["--dry-run", "--message-format", "json"]).run().success().json();
    let args: Vec<_> = report["cargo"]["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let remaps = report["cargo"].to_string().contains("--remap-path-prefix");
    let key = args.iter().find_map(|arg| arg.strip_prefix("profile.release.trim-paths="));
    (remaps, key.map(|value| value.trim_matches('"').to_owned()))
}

#[test]
fn cargo_trims_where_it_can() {
    let zips = ["target", "elsewhere/build"].map(|target_dir| {
        let fixture = checkout();
        let run = with_feature(&fixture).args(["--target-dir", target_dir]).run().success();
        let zip = Zip::read(run.zip());
        assert!(contains(zip.bootstrap(), "/cargo/build-dir"), "this is not how cargo names it\n{run}");
        assert!(!contains(zip.bootstrap(), fixture.path(".").canonicalize().unwrap().to_str().unwrap()), "{run}");
        std::fs::read(run.zip()).unwrap()
    });
    assert!(zips[0] == zips[1], "the zips differ");
}

#[test]
fn trim_paths_is_found_wherever_it_can_be_enabled() {
    let fixture = Fixture::package("plain");
    let by_cargo = (false, Some("object".to_owned()));
    assert_eq!(told(with_feature(&fixture)), by_cargo);
    let allowed = || fixture.program().env("RUSTC_BOOTSTRAP", "1");
    assert_eq!(told(allowed().env("CARGO_UNSTABLE_TRIM_PATHS", "true")), by_cargo);
    fixture.write(".cargo/config.toml", "[unstable]\ntrim-paths = true\n");
    assert_eq!(told(allowed()), by_cargo);
    assert_eq!(told(fixture.program()), (true, None), "a stable cargo does not listen");

    let fixture = Fixture::package("plain");
    let manifest = std::fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    fixture.write("Cargo.toml", format!("cargo-features = [\"trim-paths\"]\n{manifest}"));
    assert_eq!(told(fixture.program().env("RUSTC_BOOTSTRAP", "1")), by_cargo);
}

#[test]
fn the_users_setting_of_trim_paths_wins() {
    let fixture = Fixture::package("plain");
    assert_eq!(told(with_feature(&fixture).args(["--no-trim-paths"])), (false, Some("none".to_owned())));
    assert_eq!(told(with_feature(&fixture).env("CARGO_PROFILE_RELEASE_TRIM_PATHS", "macro")), (false, None));
    fixture.write(".cargo/config.toml", "[profile.release]\ntrim-paths = \"all\"\n");
    assert_eq!(told(with_feature(&fixture)), (false, None));
}

/// A cargo of the future, in which the key is stable and releases are trimmed by default.
#[test]
fn a_cargo_with_stable_trim_paths_is_recognized() {
    let fixture = Fixture::package("plain");
    let toolchain = Toolchain::current();
    let computer = toolchain.with_targets_only(&["x86_64-unknown-linux-gnu"], &fixture);
    let rustc = toolchain.sysroot.join("bin/rustc");
    script(
        &computer.bin.join("rustc"),
        &format!(
            "PATH=/usr/bin:/bin\ncase $1 in\n-vV) '{0}' -vV | sed 's/^release: .*/release: 1.200.0/' ;;\n*) exec '{0}' \
             \"$@\" ;;\nesac",
            rustc.display()
        ),
    );
    assert_eq!(told(computer.program(&fixture)), (true, None), "new, and still without it");
    let cargo = toolchain.sysroot.join("bin/cargo");
    std::fs::remove_file(computer.bin.join("cargo")).unwrap();
    script(
        &computer.bin.join("cargo"),
        &format!("RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_TRIM_PATHS=true exec '{}' \"$@\"", cargo.display()),
    );
    assert_eq!(told(computer.program(&fixture)), (false, Some("object".to_owned())));
}
