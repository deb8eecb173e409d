//! Wishes that cannot be honoured, and tools that do not work: each is named, and nothing is built.

use crate::support::{Fixture, Run, Toolchain, script};

const MUSL: &str = "x86_64-unknown-linux-musl";
const GNU: &str = "x86_64-unknown-linux-gnu";

const INSTALL_ZIG: &str = "install zig: `pip install ziglang`, or let `--install-zig` fetch it";

#[track_caller]
fn refused(args: &[&str], error: &str, hints: &[&str]) {
    let fixture = Fixture::package("plain");
    fixture.run(args).is_refused(2, error, hints);
    assert!(!fixture.path("target").exists(), "something was built");
}

#[test]
fn an_unknown_linker_is_refused_with_those_there_are() {
    let run = Fixture::package("plain").run(&["--linker", "gold"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
    let lines: Vec<_> = run.stderr.lines().take(2).collect();
    assert_eq!(
        lines,
        ["error: invalid value 'gold' for '--linker <LINKER>'", "  [possible values: auto, rust-lld, zig, system]",]
    );
}

#[test]
fn a_linker_against_the_configuration_is_refused_with_both() {
    refused(
        &["--linker", "rust-lld", "--config", &format!("target.{MUSL}.linker='my-ld'")],
        &format!("`--linker rust-lld` contradicts cargo's configuration, which links `{MUSL}` by `my-ld`"),
        &["leave out `--linker`, or take the linker out of the config file, \
           `CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER`, `--config` or the rustflags"],
    );
}

#[test]
fn rust_lld_links_no_glibc() {
    refused(
        &["--linker", "rust-lld", "--libc", "gnu"],
        &format!("`--linker rust-lld` cannot link `{GNU}`: Rust brings musl along, but no glibc"),
        &["leave out `--libc gnu`, or take `--linker zig`"],
    );
}

#[test]
fn a_glibc_by_name_is_refused_where_nothing_can_honour_it() {
    let with_suffix = format!("{GNU}.2.26");
    let leave_out = &["leave out `.2.26`, or let zig link: it brings every glibc along"];
    let links =
        |linker: &str| format!("`--target {with_suffix}` cannot be honoured: {linker} links the glibc that it finds");
    let system = links("a compiler of this machine, which has one glibc,");
    refused(&["--linker", "system", "--target", &with_suffix], &system, leave_out);
    let config = format!("target.{GNU}.linker='my-ld'");
    let configured = links("the configured linker `my-ld`");
    refused(&["--target", &with_suffix, "--config", &config], &configured, leave_out);
    refused(
        &["--target", &with_suffix, "--target", GNU],
        "`x86_64, gnu 2.26, provided.al2023` and `x86_64, gnu, provided.al2023` are one target to cargo",
        &["build them one after the other"],
    );
}

#[test]
fn what_is_no_target_of_lambdas_is_refused() {
    let known =
        "the supported targets are `x86_64-unknown-linux-musl`, `aarch64-unknown-linux-musl` and the same with `gnu`";
    let newer = format!("{GNU}.2.39");
    let static_one = format!("{MUSL}.2.26");
    for (triple, reason) in [
        ("x86_64-pc-windows-gnu", known),
        ("riscv64gc-unknown-linux-gnu", known),
        (&newer, "glibc 2.39 is newer than the glibc 2.34 of `provided.al2023`"),
        (&static_one, "a musl target does not use glibc `2.26`"),
    ] {
        let run = Fixture::package("plain").run(&["--target", triple]);
        let error = format!("error: `--target {triple}` cannot be a Lambda function: {reason}\n");
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (2, "", error.as_str()));
    }
}

/// The program on a machine where these programs answer so, with the folder of the programs.
fn with_programs(programs: &[(&str, &str)], args: &[&str]) -> (Run, String) {
    let fixture = Fixture::package("plain");
    let computer = Toolchain::current().with_targets_only(&[MUSL], &fixture);
    for (name, text) in programs {
        script(&computer.bin.join(name), text);
    }
    let run = computer.program(&fixture).env("HOME", fixture.path("home")).args(args).run();
    assert!(!fixture.path("target").exists(), "something was built\n{run}");
    (run, computer.bin.display().to_string())
}

const NO_ZIG: &str = "there is no `zig` on PATH and no `ziglang` in Python";

#[test]
fn without_zig_there_is_the_command_that_installs_it() {
    with_programs(&[], &["--linker", "zig"]).0.is_refused(96, NO_ZIG, &[INSTALL_ZIG]);
    let without_module = [("python3", "echo 'python3: No module named ziglang' >&2; exit 1")];
    with_programs(&without_module, &["--linker", "zig"]).0.is_refused(96, NO_ZIG, &[INSTALL_ZIG]);
    let target = format!("{GNU}.2.28");
    let error = format!("`--target {target}` needs zig, which alone brings every glibc along: {NO_ZIG}");
    with_programs(&[("cc", "exit 1")], &["--target", &target]).0.is_refused(96, &error, &[INSTALL_ZIG]);
}

#[test]
fn a_zig_that_cannot_be_used_is_an_error_when_it_was_asked_for() {
    for (answer, reason) in [
        ("echo 'cannot find the library folder' >&2; exit 1", "failed: cannot find the library folder"),
        ("echo 0.8.1", "is 0.8.1, which is too old: 0.9.0 or newer is needed"),
        ("echo hello", "answered `hello`, which is no version"),
    ] {
        let (run, bin) = with_programs(&[("zig", answer)], &["--linker", "zig"]);
        run.is_refused(96, &format!("this zig cannot be used: `{bin}/zig version` {reason}"), &[INSTALL_ZIG]);
        let (run, bin) = with_programs(&[("python3", answer)], &["--linker", "zig"]);
        let error = format!("this zig cannot be used: `{bin}/python3 -m ziglang version` {reason}");
        run.is_refused(96, &error, &[INSTALL_ZIG]);
    }
}

#[test]
fn a_zig_that_is_broken_is_passed_over_when_another_linker_does() {
    let broken = [("zig", "echo 'no' >&2; exit 1"), ("cc", "exit 1")];
    let run = with_programs(&broken, &["--libc", "gnu", "--dry-run"]).0.success();
    assert!(run.stderr.contains("warning: passed over zig: ") && run.stderr.contains("failed: no"), "{run}");
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
