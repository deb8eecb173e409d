//! Options that cannot be honoured and tools that do not work are named in an error, and nothing is built.

use test_support::{Fixture, Run, Toolchain, script};

const MUSL: &str = "x86_64-unknown-linux-musl";
const GNU: &str = "x86_64-unknown-linux-gnu";

/// Runs the program on a package, which must build nothing.
#[track_caller]
fn without_a_build(args: &[&str]) -> String {
    let fixture = Fixture::package("plain");
    let run = fixture.run(args);
    assert!(!fixture.path("target").exists(), "something was built\n{run}");
    run.snapshot()
}

#[test]
fn an_unknown_linker_is_refused_with_the_valid_ones() {
    let run = Fixture::package("plain").run(&["--linker", "gold"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
    let lines: Vec<_> = run.stderr.lines().take(2).collect();
    assert_eq!(
        lines,
        ["error: invalid value 'gold' for '--linker <LINKER>'", "  [possible values: auto, built-in, zig, system]",]
    );
}

#[test]
fn a_linker_against_the_configuration_is_refused_with_both() {
    let config = format!("target.{GNU}.linker='my-ld'");
    insta::assert_snapshot!(without_a_build(&["--linker", "built-in", "--config", &config]));
}

#[test]
fn a_glibc_that_the_built_in_linker_does_not_know_is_refused() {
    insta::assert_snapshot!(without_a_build(&["--target", &format!("{GNU}.2.12")]));
}

#[test]
fn the_built_in_linker_needs_the_rust_lld_of_the_toolchain() {
    let fixture = Fixture::package("plain");
    let toolchain = Toolchain::current();
    let computer = toolchain.with_targets_only(&[MUSL], &fixture).without_rust_lld(&toolchain);
    let run = computer.program(&fixture).args(["--linker", "rust-lld"]).run();
    insta::assert_snapshot!(run.snapshot());
}

#[test]
fn a_glibc_by_name_is_refused_where_nothing_can_honour_it() {
    let with_suffix = format!("{GNU}.2.26");
    insta::assert_snapshot!(without_a_build(&["--linker", "system", "--target", &with_suffix]));
    let config = format!("target.{GNU}.linker='my-ld'");
    insta::assert_snapshot!(without_a_build(&["--target", &with_suffix, "--config", &config]));
    insta::assert_snapshot!(without_a_build(&["--target", &with_suffix, "--target", GNU]));
}

#[test]
fn a_target_that_lambda_does_not_run_is_refused() {
    for triple in [
        "x86_64-pc-windows-gnu",
        "riscv64gc-unknown-linux-gnu",
        "x86_64-unknown-linux-gnu.2.39",
        "x86_64-unknown-linux-musl.2.26",
    ] {
        insta::assert_snapshot!(format!("target_{triple}"), without_a_build(&["--target", triple]));
    }
}

/// The program on a machine that has these programs besides Rust. It must build nothing.
#[track_caller]
fn with_programs(programs: &[(&str, &str)], args: &[&str]) -> Run {
    let fixture = Fixture::package("plain");
    let computer = Toolchain::current().with_targets_only(&[MUSL], &fixture);
    for (name, text) in programs {
        script(&computer.bin.join(name), text);
    }
    let run = computer.program(&fixture).env("HOME", fixture.path("home")).args(args).run();
    assert!(!fixture.path("target").exists(), "something was built\n{run}");
    run
}

#[test]
fn without_zig_the_error_names_the_command_that_installs_it() {
    let zig = ["--linker", "zig"];
    insta::assert_snapshot!(with_programs(&[], &zig).snapshot());
    let without_module = [("python3", "echo 'python3: No module named ziglang' >&2; exit 1")];
    insta::assert_snapshot!(with_programs(&without_module, &zig).snapshot());
}

#[test]
fn a_zig_that_cannot_be_used_is_an_error_when_it_was_asked_for() {
    for (problem, answer) in [
        ("fails", "echo 'cannot find the library folder' >&2; exit 1"),
        ("is_too_old", "echo 0.8.1"),
        ("has_no_version", "echo hello"),
    ] {
        for program in ["zig", "python3"] {
            let run = with_programs(&[(program, answer)], &["--linker", "zig"]);
            insta::assert_snapshot!(format!("{program}_{problem}"), run.snapshot());
        }
    }
}

#[test]
fn a_broken_zig_is_skipped_when_another_linker_works() {
    let fixture = Fixture::with_native_crate("native-sys", "cc", "fn main() {}\n");
    let computer = Toolchain::current().with_targets_only(&[MUSL], &fixture);
    script(&computer.bin.join("zig"), "echo 'no' >&2; exit 1");
    script(&computer.bin.join("cc"), "exit 1");
    let run = computer.program(&fixture).env("HOME", fixture.path("home")).args(["--libc", "gnu", "--dry-run"]).run();
    let run = run.success();
    assert!(run.stderr.contains("warning: ignored zig: ") && run.stderr.contains("failed: no"), "{run}");
}

#[test]
fn a_config_file_that_cannot_be_read_is_named() {
    let fixture = Fixture::package("plain");
    let file = fixture.write(".cargo/config.toml", "[build\n");
    let run = fixture.run(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (96, ""), "{run}");
    let start = format!(
        "error: failed to read cargo's configuration\n\nCaused by:\n  failed to parse `{}` as cargo configuration\n  TOML \
         parse error at line 1, column 7\n",
        file.display()
    );
    assert!(run.stderr.starts_with(&start), "{run}");
    assert!(!fixture.path("target").exists(), "something was built");
}
