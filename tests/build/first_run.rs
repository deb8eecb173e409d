//! What newcomers type first, and machines that are not set up yet. Each message says what to type next.

use std::fs;

use test_support::{Fixture, Program, Run, Toolchain, script};

/// Asserts that stderr names the problem and ends with what to do about it.
#[track_caller]
fn says(run: &Run, code: i32, problem: &str, advice: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{run}");
    assert!(run.stderr.contains(problem), "nothing of `{problem}`\n{run}");
    assert!(run.stderr.contains(advice), "nothing of `{advice}`\n{run}");
}

#[test]
fn a_word_that_is_no_command_gets_a_tip() {
    let fixture = Fixture::package("greeter");
    fixture.write("other/Cargo.toml", "");
    fixture.write("function.zip", "");
    for (word, tip) in [
        ("build", "leave out the word"),
        ("package", "leave out the word"),
        ("help", "`cargo lambda-zip --help`"),
        ("new", "`cargo new`"),
        ("deploy", "`aws lambda update-function-code"),
        ("watch", "`cargo lambda-zip --http --watch`"),
        ("chek", "a similar command exists: `check`"),
        ("invok", "a similar command exists: `invoke`"),
        ("function.zip", "`cargo lambda-zip check function.zip`"),
        ("src/main.rs", "`cargo lambda-zip pack src/main.rs`"),
        ("other", "`--manifest-path other/Cargo.toml`"),
        ("greeter", "`--package greeter` or `--bin greeter`"),
    ] {
        let problem = format!("unexpected argument '{word}' found");
        says(&fixture.run(&[word]), 2, &problem, "\n  tip: ");
        says(&fixture.run(&["--locked", word]), 2, &problem, tip);
    }
    // Behind a command, clap's own message is right.
    let run = fixture.run(&["doctor", "build"]);
    assert!(!run.stderr.contains("tip:"), "{run}");
}

#[test]
fn an_empty_directory_says_how_to_start() {
    let run = Fixture::empty().run(&[]);
    says(&run, 102, "could not find `Cargo.toml`", "hint: to create a package, run `cargo new`");
}

#[test]
fn a_newer_edition_asks_for_a_newer_rust() {
    let fixture = Fixture::package("greeter");
    let update = "hint: update Rust: `rustup update`";
    fixture.write("Cargo.toml", "[package]\nname = \"greeter\"\nversion = \"1.0.0\"\nedition = \"2030\"\n");
    says(&fixture.run(&[]), 102, "`edition`", update);
}

#[test]
fn a_package_for_a_newer_rust_asks_for_it() {
    let fixture = Fixture::empty();
    fixture.add_package(".", "greeter", "");
    let manifest = fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    fixture.write("Cargo.toml", manifest.replace("edition", "rust-version = \"1.999\"\nedition"));
    fixture.write("src/main.rs", "fn main() {}");
    says(&fixture.run(&["--libc", "musl"]), 101, "requires rustc 1.999", "hint: `greeter` needs a newer Rust than ");
}

#[test]
fn without_cargo_or_rustc_rustup_is_named() {
    let fixture = Fixture::package("greeter");
    fixture.create_dir("bin");
    let install = "hint: install Rust with rustup: https://rustup.rs";
    let program = || fixture.program().env("PATH", fixture.path("bin")).env_remove("RUSTUP_TOOLCHAIN");
    says(&program().run(), 96, "failed to start `cargo`", install);
    let computer = Toolchain::current().with_targets_only(&[], &fixture);
    fs::remove_file(computer.bin.join("rustc")).unwrap();
    says(&computer.program(&fixture).run(), 96, "`rustc -vV` failed", install);
    script(&computer.bin.join("rustc"), "echo 'cannot open shared object file' >&2; exit 127");
    says(&computer.program(&fixture).run(), 96, "cannot open shared object file", install);
}

/// rustup says itself what is missing, so no other hint is added.
#[test]
fn a_rustup_without_a_toolchain_is_quoted() {
    let fixture = Fixture::package("greeter");
    fixture.create_dir("bin");
    let message = "echo 'error: no default is configured\nhelp: run rustup default stable' >&2; exit 1";
    script(&fixture.path("bin/cargo"), message);
    script(&fixture.path("bin/rustc"), message);
    let program = || fixture.program().env("PATH", fixture.path("bin"));
    says(&program().run(), 102, "no default is configured", "help: run rustup default stable");
    let run = program().arg("doctor").run();
    says(&run, 96, "no default is configured", "help: run rustup default stable");
    assert!(!run.stderr.contains("hint: install Rust"), "{run}");
}

#[test]
fn without_a_home_directory_the_variable_is_named() {
    let fixture = Fixture::package("greeter");
    fixture.create_dir("bin");
    script(&fixture.path("bin/cargo"), "echo 'error: no default is configured' >&2; exit 1");
    let run = fixture
        .program()
        .env("PATH", fixture.path("bin"))
        .env("HOME", fixture.path("missing"))
        .env_remove("CARGO_HOME")
        .run();
    says(&run, 102, "no default is configured", "/missing`, which is not a directory: set it, or set ");
}

#[test]
fn a_machine_without_a_linker_for_build_scripts_names_its_package() {
    let fixture = Fixture::with_native_crate("native", "helper", "fn main() {}\n");
    let computer = Toolchain::current().with_targets_only(&["x86_64-unknown-linux-musl"], &fixture);
    let run = computer.program(&fixture).args(["--arch", "x86_64", "--libc", "musl"]).run();
    says(
        &run,
        101,
        "linker `cc` not found",
        "hint: build scripts and macros are linked with `cc`, which is not on PATH: ",
    );
}

/// The program, with as few open files allowed as on systems with a low hard limit.
fn with_descriptors(limit: u32, fixture: &Fixture, args: &str) -> Program {
    let program = test_support::program_under_test().display().to_string();
    // The soft limit first: it cannot be above the hard one.
    let command = format!("ulimit -Sn {limit} && ulimit -Hn {limit} && exec '{program}' {args}");
    Program::other("bash", fixture.root()).args(["-c", &command])
}

#[test]
fn two_hundred_and_fifty_six_open_files_are_enough() {
    let fixture = Fixture::package("greeter");
    for number in 0..1000 {
        fixture.write(&format!("files/{number}"), "");
    }
    let run = with_descriptors(256, &fixture, "--libc musl --include files").run().success();
    let zip = run.zip();
    let checked = with_descriptors(256, &fixture, &format!("check {}", zip.display())).run();
    checked.success();
}

#[test]
fn too_few_open_files_are_named() {
    let fixture = Fixture::package("greeter");
    says(
        &with_descriptors(6, &fixture, "doctor").run(),
        96,
        "Too many open files",
        "hint: allow more open files: `ulimit -n 1024`",
    );
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "needs root, unshare"]
fn without_proc_a_file_is_packed_and_a_build_says_what_is_missing() {
    let fixture = Fixture::package("greeter");
    fs::write(fixture.path("main"), test_support::elf::executable(62)).unwrap();
    let without_proc = |args: &str| {
        let program = test_support::program_under_test().display();
        let command = format!("umount --lazy /proc && exec '{program}' {args}");
        Program::other("unshare", fixture.root()).args(["--mount", "sh", "-c", &command]).run()
    };
    without_proc("pack main").success();
    without_proc("check main.zip").success();
    let mount = "`mount -t proc proc /proc`";
    for (args, code) in [("--libc musl", 102), ("doctor", 96)] {
        // rustup's cargo, or rustc itself: neither finds its own files.
        says(&without_proc(args), code, "error: ", mount);
    }
    says(&without_proc("invoke main.zip"), 96, "failed to start the first process of the sandbox", mount);
}

#[test]
#[cfg(target_os = "linux")]
fn a_missing_directory_for_temporary_files_matters_only_where_one_is_needed() {
    let fixture = Fixture::package("greeter");
    let program = |args: &[&str]| fixture.program().env("TMPDIR", fixture.path("missing")).args(args).run();
    let zip = program(&["--libc", "gnu", "--linker", "built-in"]).success().zip();
    let zip = zip.to_str().unwrap();
    program(&["check", zip]).success();
    let hint = "hint: set `TMPDIR` to a writable directory";
    says(&program(&["invoke", zip]), 96, "failed to create a directory for the function", hint);
    let executable = std::path::Path::new("target/x86_64-unknown-linux-gnu/release/greeter");
    fixture.write("main", test_support::elf::executable(62));
    assert!(fixture.path(executable).exists());
    says(&program(&["pack", "-o", "-", "main"]), 103, "failed to create a temporary file in `", hint);
}
