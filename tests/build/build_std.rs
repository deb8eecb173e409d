//! Cargo's unstable `build-std`: the standard library is compiled with the program. `RUSTC_BOOTSTRAP` allows it to every
//! toolchain.

use std::process::Command;

use serde_json::Value;
use test_support::{Fixture, Program, Toolchain, Zip, contains, script};

/// The targets that a plan would install.
fn installs(program: Program) -> Vec<String> {
    let report = program.args(["--dry-run", "--message-format", "json"]).run().success().json();
    report["install_targets"].as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn build_std_needs_no_installed_target() {
    let fixture = Fixture::package("own-std");
    let computer = Toolchain::current().with_targets_only(&[], &fixture);
    script(&computer.bin.join("aarch64-linux-gnu-gcc"), "exit 1");
    let plan_for =
        |libc| computer.program(&fixture).env_remove("RUSTC_BOOTSTRAP").args(["--arch", "arm64", "--libc", libc]);
    let stable = || plan_for("gnu");
    let unstable = || stable().env("RUSTC_BOOTSTRAP", "1");
    let target = ["aarch64-unknown-linux-gnu"];

    assert_eq!(installs(unstable()), target);
    assert!(installs(unstable().args(["-Z", "build-std=std"])).is_empty());
    assert!(installs(unstable().args(["-Zbuild-std"])).is_empty());
    assert!(installs(unstable().env("CARGO_UNSTABLE_BUILD_STD", "std")).is_empty());
    assert!(installs(unstable().args(["--config", "unstable.build-std=['std']"])).is_empty());
    fixture.write(".cargo/config.toml", "[unstable]\nbuild-std = [\"std\", \"panic_abort\"]\n");
    assert!(installs(unstable()).is_empty());
    assert_eq!(installs(stable()), target, "a stable cargo passes over it");

    // The files that `rust-lld` links for musl come with the installed standard library.
    let musl = plan_for("musl").env("RUSTC_BOOTSTRAP", "1");
    assert_eq!(installs(musl), ["aarch64-unknown-linux-musl"]);
}

#[test]
#[ignore = "needs the network, rust-src"]
fn a_std_that_was_built_has_no_path_of_this_machine() {
    let fixture = Fixture::package("own-std");
    let source = r#"fn main() {
    let caught = std::panic::catch_unwind(|| [1, 2][std::env::args().count() + 1]);
    println!("{}", caught.is_err());
}
"#;
    fixture.write("src/main.rs", source);
    let run = fixture
        .program()
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .args(["-Z", "build-std=std,panic_abort"])
        .run()
        .success();
    assert!(run.stderr.contains("Compiling std v"), "it was not built\n{run}");
    let zip = Zip::read(run.zip());
    let bootstrap = fixture.path("bootstrap");
    test_support::write_executable(&bootstrap, zip.bootstrap());
    let ran = Command::new(&bootstrap).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "true\n", "{ran:?}");
    assert!(contains(zip.bootstrap(), "/rustc/") && contains(zip.bootstrap(), "/library/std/src/"), "{run}");
    let sysroot = Toolchain::current().sysroot;
    let home = std::env::var("HOME").unwrap();
    for directory in [sysroot.to_str().unwrap(), &home, fixture.path(".").to_str().unwrap()] {
        assert!(!contains(zip.bootstrap(), directory), "`{directory}` is in the executable");
    }
}
