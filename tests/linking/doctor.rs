//! `doctor` on machines that have only what a test puts there.

use test_support::{Fixture, Toolchain, script};

const MUSL: &str = "x86_64-unknown-linux-musl";

#[test]
fn doctor_lists_what_can_be_built_and_how_to_get_the_rest() {
    let fixture = Fixture::empty();
    let computer = Toolchain::current().with_targets_only(&[MUSL], &fixture);
    let doctor = || computer.program(&fixture).env("HOME", fixture.path("home"));
    let run = doctor().args(["doctor"]).run().success();
    for (target, std) in [(MUSL, "installed"), ("aarch64-unknown-linux-gnu", "missing")] {
        let row = run.stdout.lines().find(|line| line.starts_with(target)).unwrap();
        assert_eq!(row.split_whitespace().collect::<Vec<_>>(), [target, std, "built-in", "-"], "{run}");
    }
    assert!(run.stdout.contains("aarch64-unknown-linux-musl") && run.stdout.contains("https://ziglang.org"), "{run}");

    script(&computer.bin.join("zig"), "echo 0.16.0");
    let report = doctor().args(["doctor", "--message-format", "json"]).run().success().json();
    assert_eq!(report["schema_version"], 1);
    let targets = report["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 4);
    assert!(targets.iter().all(|target| target["with_c"]["kind"] == "zig"), "{report}");
    let musl = targets.iter().find(|target| target["target"] == MUSL).unwrap();
    assert_eq!((&musl["pure_rust"]["kind"], &musl["std_installed"]), (&"built-in".into(), &true.into()));
}

#[test]
fn a_machine_that_can_build_nothing_is_an_error() {
    let fixture = Fixture::empty();
    let toolchain = Toolchain::current();
    let computer = toolchain.with_targets_only(&[], &fixture).without_rust_lld(&toolchain);
    let run = computer.program(&fixture).env("HOME", fixture.path("home")).args(["doctor"]).run();
    assert_eq!(run.code, 96, "{run}");
    assert!(run.stderr.contains("error: this machine cannot build for Lambda"), "{run}");
    assert!(run.stderr.contains("hint: ") && run.stdout.contains("Rust alone"), "{run}");
}
