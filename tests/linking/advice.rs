//! The messages where C has to be compiled and no compiler for it is found.

use test_support::{Fixture, Run, Toolchain, script};

const CHAIN: &str = "`native-sys ← function`";

#[test]
fn without_a_compiler_the_build_is_tried_after_a_warning() {
    let fixture = Fixture::with_native_crate("native-sys", "cc", "fn main() {}\n");
    let computer = Toolchain::current().with_targets_only(&["x86_64-unknown-linux-musl"], &fixture);
    script(&computer.bin.join("cc"), "PATH=/usr/bin:/bin exec cc \"$@\"");
    let program = || computer.program(&fixture).env("HOME", fixture.path("home")).args(["--libc", "musl"]);
    let run = program().run().success();
    let warning = run.stderr.lines().find(|line| line.starts_with("warning: ")).unwrap_or_default();
    for word in [CHAIN, "tried `zig`", "`ziglang`", "`x86_64-linux-musl-gcc`"] {
        assert!(warning.contains(word), "{run}");
    }
    assert!(run.stderr.contains("hint: install zig: "), "{run}");

    let run = program().env("CC_x86_64_unknown_linux_musl", "my-cc").run().success();
    assert!(!run.stderr.contains("warning: "), "the user has chosen a compiler\n{run}");
}

#[test]
fn a_build_that_fails_ends_with_the_hint() {
    let fixture = Fixture::with_native_crate("native-sys", "cc", "fn main() {\n    std::process::exit(1);\n}\n");
    let computer = Toolchain::current().with_targets_only(&["x86_64-unknown-linux-musl"], &fixture);
    script(&computer.bin.join("cc"), "PATH=/usr/bin:/bin exec cc \"$@\"");
    let run = computer.program(&fixture).env("HOME", fixture.path("home")).args(["--libc", "musl"]).run();
    assert_eq!(run.code, 101, "{run}");
    assert!(run.stderr.lines().last().unwrap().starts_with("hint: install zig: "), "{run}");
}

#[test]
fn zig_is_preferred_over_a_cross_compiler() {
    let fixture = Fixture::with_native_crate("native-sys", "cc", "fn main() {}\n");
    let computer = Toolchain::current().with_targets_only(&["x86_64-unknown-linux-musl"], &fixture);
    let plan = || {
        computer.program(&fixture).env("HOME", fixture.path("home")).args(["--libc", "musl"]).args([
            "--dry-run",
            "--message-format",
            "json",
        ])
    };
    script(&computer.bin.join("x86_64-linux-musl-gcc"), "exit 1");
    let report = plan().run().success().json();
    assert_eq!(report["functions"][0]["linker"]["kind"], "cross", "{report}");
    let compiler = &report["cargo"]["env"]["CC_x86_64_unknown_linux_musl"];
    assert!(compiler.as_str().unwrap().ends_with("x86_64-linux-musl-gcc"), "{report}");
    script(&computer.bin.join("zig"), "echo 0.16.0");
    assert_eq!(plan().run().success().json()["functions"][0]["linker"]["kind"], "zig");
}

const FAILS: &str = "fn main() {\n    std::process::exit(1);\n}\n";

/// A build for this machine, on which there is a `cc` and no other program.
fn failed(fixture: &Fixture) -> Run {
    let toolchain = Toolchain::current();
    let computer = toolchain.with_targets_only(&[], fixture);
    script(&computer.bin.join("cc"), "PATH=/usr/bin:/bin exec cc \"$@\"");
    let run = computer.program(fixture).env("HOME", fixture.path("home")).args(["--target", &toolchain.host]).run();
    assert_eq!(run.code, 101, "{run}");
    run
}

#[track_caller]
fn ends_with(run: &Run, hint: &str) {
    assert_eq!(run.stderr.lines().last(), Some(format!("hint: {hint}").as_str()), "{run}");
}

#[test]
fn a_program_that_a_build_script_runs_is_named_after_a_failure() {
    let run = failed(&Fixture::with_native_crate("native-sys", "cmake", FAILS));
    let hint = "`native-sys ← function` needs `cmake`, which is not on PATH: `sudo apt-get install cmake` (Debian, \
                Ubuntu)";
    ends_with(&run, hint);
}

#[test]
fn a_missing_openssl_has_its_own_hint() {
    let run = failed(&Fixture::with_native_crate("openssl-sys", "cc", FAILS));
    ends_with(
        &run,
        "`openssl-sys` needs an OpenSSL that was built for the target: use rustls, or enable the `vendored` feature",
    );
}

#[test]
fn a_missing_compiler_for_cpp_has_a_hint() {
    let build_script = format!("{FAILS}// cc::Build::new().cpp(true)\n");
    let fixture = Fixture::with_native_crate("native-sys", "cc", &build_script);
    let host = Toolchain::current().host;
    let hint = format!(
        "`native-sys ← function` compiles C++, and no C++ compiler for `{host}` was found: install zig: \
         https://ziglang.org/download, or install uv or Python 3 and add `--install-zig`, or a C++ compiler: `sudo apt-get install g++` (Debian, Ubuntu)"
    );
    ends_with(&failed(&fixture), &hint);
    let run = failed(&Fixture::with_native_crate("native-sys", "cc", FAILS));
    assert!(!run.stderr.contains("C++"), "it compiles C\n{run}");
}
