//! Pure Rust needs no compiler, linker or zig for the target, only this machine's `cc`, which Rust needs for build
//! scripts.

use test_support::{Fixture, Toolchain, script};

const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

#[test]
fn both_musl_targets_link_without_a_compiler_for_them() {
    let fixture = Fixture::package("pure");
    fixture.write("build.rs", "fn main() {}\n");
    let toolchain = Toolchain::current();
    let computer = toolchain.with_targets_only(&TARGETS, &fixture);
    let called = fixture.path("called");
    // Files of a target are in a directory named after it, and long command lines come in a file.
    script(
        &computer.bin.join("cc"),
        &format!(
            "PATH=/usr/bin:/bin\necho >> '{}'\nfor argument; do\n  case $argument in\n  @*) words=$(cat \"${{argument#@}}\") ;;\n  \
             *) words=$argument ;;\n  esac\n  case $words in\n  *unknown-linux-musl*) echo \"cc was handed $argument\" \
             >&2; exit 1 ;;\n  esac\ndone\nexec cc \"$@\"",
            called.display()
        ),
    );
    let run = computer.program(&fixture).args(["--arch", "x86_64,arm64"]).run().success();
    assert_eq!(run.zips().len(), 2, "{run}");
    assert!(called.exists(), "the build script was linked by another `cc`\n{run}");
}

#[test]
fn the_plan_of_pure_rust_names_rust_lld() {
    let fixture = Fixture::package("pure");
    let report = fixture.run(&["--dry-run", "--message-format", "json"]).success().json();
    assert_eq!(report["functions"][0]["linker"]["kind"], "rust-lld");
}
