//! Wishes that cannot be honoured, and tools that do not work: each is named, and nothing is built.

use crate::support::{Fixture, Run, Toolchain, script};

const MUSL: &str = "x86_64-unknown-linux-musl";
const GNU: &str = "x86_64-unknown-linux-gnu";

#[track_caller]
fn refused(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, code, "{run}");
    assert_eq!(run.stdout, "", "{run}");
    for word in words {
        assert!(run.stderr.contains(word), "`{word}` is not in\n{run}");
    }
    assert!(!run.stderr.contains("Compiling"), "something was built\n{run}");
}

#[test]
fn an_unknown_linker_is_refused_with_those_there_are() {
    let run = Fixture::package("plain").run(&["--linker", "gold"]);
    refused(&run, 2, &["gold", "auto", "rust-lld", "zig", "system"]);
}

#[test]
fn a_linker_against_the_configuration_is_refused_with_both() {
    let fixture = Fixture::package("plain");
    let run = fixture.run(&["--linker", "rust-lld", "--config", &format!("target.{MUSL}.linker='my-ld'")]);
    refused(&run, 2, &["`--linker rust-lld`", "`my-ld`"]);
}

#[test]
fn rust_lld_links_no_glibc() {
    refused(&Fixture::package("plain").run(&["--linker", "rust-lld", "--libc", "gnu"]), 2, &["no glibc"]);
}

#[test]
fn a_glibc_by_name_is_refused_where_nothing_can_honour_it() {
    let fixture = Fixture::package("plain");
    let with_suffix = format!("{GNU}.2.26");
    refused(&fixture.run(&["--linker", "system", "--target", &with_suffix]), 2, &["2.26"]);
    refused(&fixture.run(&["--target", &format!("{GNU}.2.39")]), 2, &["2.39", "2.34", "provided.al2023"]);
    refused(&fixture.run(&["--target", &format!("{MUSL}.2.26")]), 2, &["musl"]);
    let configured = format!("target.{GNU}.linker='my-ld'");
    refused(&fixture.run(&["--target", &with_suffix, "--config", &configured]), 2, &["2.26", "`my-ld`"]);
    let twice = ["--target", &with_suffix, "--target", GNU];
    refused(&fixture.run(&twice), 2, &["one target to cargo"]);
}

/// The program on a machine where these programs answer so.
fn with_programs(programs: &[(&str, &str)], args: &[&str]) -> Run {
    let fixture = Fixture::package("plain");
    let computer = Toolchain::current().with_targets_only(&[MUSL], &fixture);
    for (name, text) in programs {
        script(&computer.bin.join(name), text);
    }
    computer.program(&fixture).env("HOME", fixture.path("home")).args(args).run()
}

#[test]
fn without_zig_there_is_the_command_that_installs_it() {
    refused(&with_programs(&[], &["--linker", "zig"]), 96, &["`zig`", "`ziglang`", "--install-zig"]);
}

#[test]
fn a_zig_that_is_broken_is_an_error_when_it_was_asked_for() {
    let broken = [("zig", "echo 'cannot find the library folder' >&2; exit 1")];
    refused(&with_programs(&broken, &["--linker", "zig"]), 96, &["zig version", "cannot find the library folder"]);
}

#[test]
fn a_zig_that_is_broken_is_passed_over_when_another_linker_does() {
    let broken = [("zig", "echo 'no' >&2; exit 1"), ("cc", "exit 1")];
    let run = with_programs(&broken, &["--libc", "gnu", "--dry-run"]).success();
    assert!(run.stderr.contains("warning: passed over zig: ") && run.stderr.contains("failed: no"), "{run}");
}

#[test]
fn a_zig_that_is_too_old_is_named_with_its_version() {
    refused(&with_programs(&[("zig", "echo 0.8.1")], &["--linker", "zig"]), 96, &["0.8.1", "too old", "0.9.0"]);
    let python = [("python3", "echo 0.8.0")];
    refused(&with_programs(&python, &["--linker", "zig"]), 96, &["-m ziglang", "0.8.0", "too old"]);
}

#[test]
fn a_python_without_ziglang_is_no_zig() {
    let python = [("python3", "echo 'python3: No module named ziglang' >&2; exit 1")];
    refused(
        &with_programs(&python, &["--linker", "zig"]),
        96,
        &["there is no `zig` on PATH and no `ziglang` in Python"],
    );
}

#[test]
fn a_config_file_that_cannot_be_read_is_named() {
    let fixture = Fixture::package("plain");
    fixture.write(".cargo/config.toml", "[build\n");
    refused(&fixture.run(&[]), 96, &["config.toml"]);
}
