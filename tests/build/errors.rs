//! Failures: each prints one error and what to do next, exits with the code of its kind, and leaves the previous zip.

use std::env::consts::ARCH;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{Fixture, Run, Toolchain, Zip, script};

const OLD_ZIP: &str = "the zip of an earlier run";

/// Puts a file at the path of the zip of the function `greeter`.
fn old_zip(fixture: &Fixture) -> PathBuf {
    fixture.write("target/lambda/greeter/bootstrap.zip", OLD_ZIP)
}

/// Asserts that the old zip is unchanged and that there is nothing next to it.
#[track_caller]
fn is_untouched(zip: &Path) {
    assert_eq!(fs::read_to_string(zip).unwrap(), OLD_ZIP);
    let beside: Vec<_> = fs::read_dir(zip.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["bootstrap.zip"]);
}

/// Asserts that a command line was refused by clap, with the reason and a pointer to the help.
#[track_caller]
fn is_usage_error(run: &Run, parts: &[&str]) {
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
    assert!(run.stderr.starts_with("error: "), "{run}");
    assert!(run.stderr.contains("--help"), "{run}");
    for part in parts {
        assert!(run.stderr.contains(part), "nothing of `{part}`\n{run}");
    }
}

#[test]
fn a_directory_without_a_package_is_refused() {
    let fixture = Fixture::empty();
    insta::assert_snapshot!(fixture.run(&[]).snapshot());
}

#[test]
fn a_broken_manifest_is_shown_as_cargo_shows_it() {
    let fixture = Fixture::package("greeter");
    let old = old_zip(&fixture);
    fixture.write("Cargo.toml", "[package]\nname = \"greeter\"\nversion = \n");
    let run = fixture.run(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (102, ""), "{run}");
    assert!(run.stderr.starts_with("error: "), "{run}");
    assert_eq!(run.stderr.matches("error:").count(), 1, "{run}");
    assert!(run.stderr.contains("Cargo.toml:3"), "cargo says where\n{run}");
    is_untouched(&old);
}

#[test]
fn a_missing_manifest_is_named() {
    let run = Fixture::empty().run(&["--manifest-path", "nowhere/Cargo.toml"]);
    assert_eq!((run.code, run.stdout.as_str()), (102, ""), "{run}");
    assert!(run.stderr.starts_with("error: ") && run.stderr.contains("nowhere/Cargo.toml"), "{run}");
}

#[test]
fn an_unknown_package_is_refused_with_the_nearest_name() {
    let fixture = Fixture::workspace(&["api", "worker"]);
    insta::assert_snapshot!(fixture.run(&["-p", "wroker"]).snapshot());
    insta::assert_snapshot!(fixture.run(&["--workspace", "--exclude", "mail"]).snapshot());
}

#[test]
fn an_unknown_binary_or_example_is_refused_with_the_nearest_name() {
    let fixture = Fixture::with_bins("shop", &["buy", "return-goods"]);
    fixture.write("examples/demo.rs", "fn main() {}");
    insta::assert_snapshot!(fixture.run(&["--bin", "return-godos"]).snapshot());
    insta::assert_snapshot!(fixture.run(&["--bin", "elephant"]).snapshot());
    insta::assert_snapshot!(fixture.run(&["--example", "dem"]).snapshot());
}

#[test]
fn an_unknown_feature_is_refused_with_the_nearest_name() {
    let fixture = Fixture::package("greeter");
    fixture.add_package(".", "greeter", "[features]\npolite = []\nloud = []\n");
    let run = fixture.run(&["--features", "loud,pollite"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
    assert!(run.stderr.starts_with("error: ") && run.stderr.contains("`pollite`"), "{run}");
    assert!(run.stderr.ends_with("hint: did you mean `polite`?\n"), "{run}");
}

#[test]
fn an_unknown_architecture_runtime_or_libc_is_refused_with_the_valid_ones() {
    let fixture = Fixture::package("greeter");
    is_usage_error(&fixture.run(&["--arch", "riscv64"]), &["riscv64", "--arch", "`arm64`", "`x86_64`"]);
    is_usage_error(&fixture.run(&["--runtime", "nodejs22.x"]), &["nodejs22.x", "provided.al2023", "provided.al2"]);
    is_usage_error(&fixture.run(&["--libc", "bionic"]), &["bionic", "musl", "gnu"]);
    is_usage_error(&fixture.run(&["--message-format", "xml"]), &["xml", "human", "json"]);
}

#[test]
fn a_triple_that_lambda_does_not_run_is_refused() {
    let run = Fixture::package("greeter").run(&["--target", "x86_64-pc-windows-msvc"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
    let start = "error: `--target x86_64-pc-windows-msvc` cannot be a Lambda function: ";
    assert!(run.stderr.starts_with(start), "{run}");
}

#[test]
fn contradictions_are_refused_with_both_sides() {
    let fixture = Fixture::package("greeter");
    for (args, parts) in [
        (&["--release", "--profile", "dev"][..], ["--release", "--profile"]),
        (&["--quiet", "--verbose"], ["--quiet", "--verbose"]),
        (&["--exclude", "greeter"], ["--exclude", "--workspace"]),
        (&["--bins", "--bin", "greeter"], ["--bins", "--bin"]),
        (&["--examples", "--example", "demo"], ["--examples", "--example"]),
        (&["--target", "x86_64-unknown-linux-musl", "--arch", "arm64"], ["--target", "--arch"]),
        (&["--target", "x86_64-unknown-linux-musl", "--libc", "gnu"], ["--target", "--libc"]),
    ] {
        is_usage_error(&fixture.run(args), &parts);
    }
}

#[test]
fn an_unknown_flag_is_refused() {
    let run = Fixture::package("greeter").run(&["--archh", "arm64"]);
    is_usage_error(&run, &["--archh", "'--arch'"]);
}

#[test]
fn a_package_without_binaries_is_refused() {
    let fixture = Fixture::empty();
    fixture.add_package(".", "toolbox", "");
    fixture.write("src/lib.rs", "");
    insta::assert_snapshot!(fixture.run(&[]).snapshot());
}

#[test]
fn a_binary_whose_feature_is_off_is_refused_with_the_feature() {
    let fixture = Fixture::package("greeter");
    let bin = "[features]\nloud = []\n\n[[bin]]\nname = \"greeter\"\npath = \"src/main.rs\"\nrequired-features = [\"loud\"]\n";
    fixture.add_package(".", "greeter", bin);
    insta::assert_snapshot!(fixture.run(&["--bin", "greeter"]).snapshot());
    insta::assert_snapshot!(fixture.run(&[]).snapshot());
    fixture.run(&["--features", "loud"]).success();
}

#[test]
fn a_build_that_fails_shows_the_compilers_errors_and_leaves_the_old_zip() {
    let fixture = Fixture::package("greeter");
    let old = old_zip(&fixture);
    fixture.write("src/main.rs", "fn main() { undefined(); }");
    let run = fixture.run(&["--arch", "arm64"]);
    assert_eq!((run.code, run.stdout.as_str()), (101, ""), "{run}");
    assert!(run.stderr.contains("cannot find function `undefined` in this scope"), "{run}");
    let ours = run.stderr.lines().filter(|line| line.starts_with("error: `") && line.contains("cargo build"));
    assert_eq!(ours.count(), 1, "the command that failed is named once\n{run}");
    assert!(!run.stderr.contains("Packaging"), "{run}");
    is_untouched(&old);
}

#[test]
fn cargo_refuses_a_lock_file_that_would_have_to_change() {
    let fixture = Fixture::package("greeter");
    let run = fixture.run(&["--locked"]);
    assert_ne!(run.code, 0, "{run}");
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("--locked"), "{run}");
    assert!(!fixture.path("Cargo.lock").exists(), "the lock file was not made");
}

#[test]
fn a_missing_target_is_added_with_rustup_and_reported() {
    let fixture = Fixture::package("greeter");
    let toolchain = Toolchain::current();
    let computer = toolchain.with_targets_only(&[], &fixture);
    let triple = "aarch64-unknown-linux-gnu";
    let log = fixture.path("rustup.log");
    script(
        &computer.bin.join("rustup"),
        &format!(
            "echo \"$*\" >> '{}'\necho 'info: a line for people'\n/bin/ln -s '{}' '{}'",
            log.display(),
            toolchain.sysroot.join("lib/rustlib").join(triple).display(),
            computer.rustlib.display()
        ),
    );
    let run = computer.program(&fixture).args(["--arch", "arm64"]).run().success();
    assert_eq!(run.zip(), fixture.path("target/lambda/greeter/bootstrap.zip"), "what rustup prints is no path");
    assert_eq!(fs::read_to_string(&log).unwrap(), format!("target add {triple}\n"));
    assert!(run.stderr.contains(&format!("rustup target add {triple}")), "{run}");

    let again = computer.program(&fixture).args(["--arch", "arm64"]).run().success();
    assert!(!again.stderr.contains("rustup"), "{again}");
}

#[test]
fn no_install_forbids_adding_a_missing_target() {
    let fixture = Fixture::package("greeter");
    let old = old_zip(&fixture);
    let computer = Toolchain::current().with_targets_only(&[], &fixture);
    script(&computer.bin.join("rustup"), "exit 1");
    insta::assert_snapshot!(computer.program(&fixture).args(["--arch", "arm64", "--no-install"]).run().snapshot());
    is_untouched(&old);
}

#[test]
fn without_rustup_a_missing_target_is_refused_with_a_hint() {
    let fixture = Fixture::package("greeter");
    let old = old_zip(&fixture);
    let computer = Toolchain::current().with_targets_only(&[], &fixture);
    let run = computer.program(&fixture).args(["--arch", "arm64"]).run();
    let error = "error: the standard library of `aarch64-unknown-linux-gnu` is not installed, and there is no rustup to \
                 add it with\nhint: install rustup";
    assert_eq!((run.code, run.stdout.as_str()), (96, ""), "{run}");
    assert!(run.stderr.starts_with(error), "{run}");
    assert_eq!(run.stderr.lines().count(), 2, "{run}");
    is_untouched(&old);
}

#[test]
fn a_rustup_that_fails_is_quoted() {
    let fixture = Fixture::package("greeter");
    let computer = Toolchain::current().with_targets_only(&[], &fixture);
    script(&computer.bin.join("rustup"), "echo 'error: the cable is unplugged' >&2\nexit 1");
    let run = computer.program(&fixture).args(["--arch", "arm64"]).run();
    assert_eq!((run.code, run.stdout.as_str()), (96, ""), "{run}");
    assert!(run.stderr.contains("error: the cable is unplugged\n"), "{run}");
    assert!(run.stderr.contains("`rustup target add aarch64-unknown-linux-gnu` failed"), "{run}");
    assert!(run.stderr.lines().last().unwrap().starts_with("hint: "), "{run}");
}

#[test]
fn a_rustup_that_adds_the_target_elsewhere_is_an_error() {
    let fixture = Fixture::package("greeter");
    let computer = Toolchain::current().with_targets_only(&[], &fixture);
    script(&computer.bin.join("rustup"), "exit 0");
    let run = computer.program(&fixture).args(["--arch", "arm64"]).run();
    assert_eq!((run.code, run.stdout.as_str()), (96, ""), "{run}");
    assert!(run.stderr.contains("rustup added `aarch64-unknown-linux-gnu`, but "), "{run}");
    assert!(run.stderr.lines().last().unwrap().starts_with("hint: "), "{run}");
}

#[test]
fn a_missing_linker_is_refused_with_the_programs_that_were_tried() {
    let fixture = Fixture::package("greeter");
    let old = old_zip(&fixture);
    let other = if ARCH == "x86_64" { "aarch64" } else { "x86_64" };
    let triple = format!("{other}-unknown-linux-gnu");
    let toolchain = Toolchain::current();
    let computer = toolchain.with_targets_only(&[], &fixture).without_rust_lld(&toolchain);
    let run =
        computer.program(&fixture).env("HOME", fixture.path("home")).args(["--arch", other, "--libc", "gnu"]).run();
    assert_eq!((run.code, run.stdout.as_str()), (96, ""), "{run}");
    let lines: Vec<_> = run.stderr.lines().collect();
    assert!(lines[0].starts_with(&format!("error: no linker found for `{triple}`; tried `rust-lld`, `zig`")), "{run}");
    assert!(lines[0].contains(&format!(", `{other}-linux-gnu-gcc`")), "{run}");
    assert_eq!(lines[1], "hint: use a toolchain from rustup, which has `rust-lld`: https://rustup.rs");
    assert!(lines[2..].iter().all(|line| line.starts_with("hint: ")), "{run}");
    is_untouched(&old);
}

#[test]
fn a_build_needs_no_c_compiler() {
    let fixture = Fixture::package("greeter");
    let libcs = ["gnu", "musl"];
    let triples = libcs.map(|libc| ["x86_64", "aarch64"].map(|arch| format!("{arch}-unknown-linux-{libc}"))).concat();
    let triples: Vec<_> = triples.iter().map(String::as_str).collect();
    let computer = Toolchain::current().with_targets_only(&triples, &fixture);
    let names: Vec<_> = fs::read_dir(&computer.bin).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing but cargo and rustc: {names:?}");
    for libc in libcs {
        computer.program(&fixture).args(["--arch", "x86_64,arm64", "--libc", libc, "--no-install"]).run().success();
    }
}

#[test]
fn an_output_directory_that_cannot_be_made_is_named() {
    let fixture = Fixture::package("greeter");
    fixture.write("notes.txt", "not a directory");
    let run = fixture.run(&["-o", "notes.txt/greeter.zip"]);
    assert_eq!((run.code, run.stdout.as_str()), (103, ""), "{run}");
    let errors: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{run}");
    let (_, after) = run.stderr.split_once("error: ").unwrap();
    assert!(after.contains(fixture.path("notes.txt").to_str().unwrap()), "{run}");
    assert_eq!(fs::read_to_string(fixture.path("notes.txt")).unwrap(), "not a directory");
}

#[test]
fn an_output_file_that_is_a_directory_is_left_alone() {
    let fixture = Fixture::package("greeter");
    fixture.write("target/lambda/greeter/bootstrap.zip/keep.txt", "mine");
    let run = fixture.run(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (103, ""), "{run}");
    assert_eq!(fixture.files("target/lambda"), ["greeter/bootstrap.zip/keep.txt"]);
}

#[test]
fn an_output_file_that_is_a_link_is_followed() {
    let fixture = Fixture::package("greeter");
    let elsewhere = fixture.write("elsewhere.zip", OLD_ZIP);
    fs::create_dir_all(fixture.path("target/lambda/greeter")).unwrap();
    let link = fixture.path("target/lambda/greeter/bootstrap.zip");
    symlink(&elsewhere, &link).unwrap();
    fixture.run(&[]).success();
    assert_eq!(fs::read_link(&link).unwrap(), elsewhere);
    assert_eq!(Zip::read(elsewhere).names(), ["bootstrap"]);
}

/// A file system mounted on a directory until the end of the test.
struct Mount(PathBuf);

impl Mount {
    #[track_caller]
    fn new(directory: PathBuf, options: &str) -> Self {
        fs::create_dir_all(&directory).unwrap();
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&directory).status();
        assert!(status.unwrap().success(), "only root can mount file systems");
        Self(directory)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
#[ignore = "needs root, to mount a small file system"]
fn a_disk_that_fills_up_leaves_the_old_zip_and_nothing_else() {
    let fixture = Fixture::package("greeter");
    let _mount = Mount::new(fixture.path("target/lambda/greeter"), "size=16k");
    let old = old_zip(&fixture);
    let run = fixture.run(&["--arch", "arm64"]);
    assert_eq!((run.code, run.stdout.as_str()), (103, ""), "{run}");
    assert!(run.stderr.contains("No space left on device"), "{run}");
    let (_, after) = run.stderr.split_once("error: ").unwrap();
    assert!(after.contains(old.parent().unwrap().to_str().unwrap()), "{run}");
    is_untouched(&old);
}

#[test]
#[ignore = "needs root, to mount a file system that cannot be written"]
fn a_read_only_output_directory_is_named() {
    let fixture = Fixture::package("greeter");
    let mount = Mount::new(fixture.path("target/lambda/greeter"), "size=16k");
    let old = old_zip(&fixture);
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&mount.0).status().unwrap();
    assert!(remounted.success());
    let run = fixture.run(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (103, ""), "{run}");
    assert!(run.stderr.contains("Read-only file system"), "{run}");
    is_untouched(&old);
}

/// Asserts that a zip was built but refused for this reason, and that the report says so.
#[track_caller]
fn breaks_a_rule(fixture: &Fixture, rustflags: &str, args: &[&str], parts: &[&str]) {
    let old = old_zip(fixture);
    let run = fixture.program().env("RUSTFLAGS", rustflags).args(args).run();
    assert_eq!((run.code, run.stdout.as_str()), (100, ""), "{run}");
    let errors: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{run}");
    for part in parts {
        assert!(errors[0].contains(part), "nothing of `{part}`\n{run}");
    }
    assert!(run.stderr.lines().any(|line| line.starts_with("hint: ")), "{run}");
    is_untouched(&old);

    let json = fixture.program().env("RUSTFLAGS", rustflags).args(args).args(["--message-format", "json"]).run();
    assert_eq!(json.code, 100, "{json}");
    let report = json.json();
    let archive = &report["archives"][0];
    assert_eq!(archive["published"], false);
    let finding = &archive["findings"][0];
    assert_eq!((&finding["severity"], &finding["entry"]), (&"error".into(), &"bootstrap".into()), "{report}");
    assert!(finding["rule"].is_string() && finding["hint"].is_string(), "{report}");
    for part in parts {
        assert!(finding["message"].as_str().unwrap().contains(part), "{report}");
    }
    is_untouched(&old);
}

#[test]
fn an_interpreter_that_lambda_lacks_breaks_a_rule() {
    let interpreter = "/lib/ld-musl-x86_64.so.1";
    let flags = format!("-C link-arg=-Wl,--dynamic-linker={interpreter}");
    breaks_a_rule(&Fixture::package("greeter"), &flags, &[], &[interpreter]);
}

#[test]
fn a_glibc_newer_than_that_of_the_runtime_breaks_a_rule() {
    // Linked with glibc 2.34 or newer, a program with threads needs the symbols that 2.34 moved.
    let fixture = Fixture::package("greeter");
    fixture.write("src/main.rs", "fn main() { std::thread::spawn(|| println!(\"hello\")).join().unwrap(); }");
    breaks_a_rule(
        &fixture,
        "",
        &["--linker", "system", "--libc", "gnu", "--arch", ARCH, "--runtime", "provided.al2"],
        &["GLIBC_2.", "2.26"],
    );
}

#[test]
fn a_package_with_a_target_of_its_own_is_refused() {
    let fixture = Fixture::package("api");
    let manifest = fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    let forced = |triple: &str| {
        let forced = manifest.replace("edition", &format!("forced-target = \"{triple}\"\nedition"));
        fixture.write("Cargo.toml", format!("cargo-features = [\"per-package-target\"]\n{forced}"));
    };
    // A nightly accepts the key without this variable.
    let run = |args: &[&str]| fixture.program().args(args).env("RUSTC_BOOTSTRAP", "1").run();
    let message = |triple: &str| {
        let manifest = fixture.path("Cargo.toml");
        format!("`forced-target` in `{}` makes cargo ignore the target, and build for `{triple}`", manifest.display())
    };
    let remove = "remove `forced-target` from the manifest";
    let musl = "x86_64-unknown-linux-musl";
    forced(musl);
    let hint = format!("or build for that target: `--target {musl}`");
    run(&["--arch", "arm64"]).ends_in_error(96, &message(musl), &[remove, &hint]);
    run(&["--arch", "x86_64,arm64", "--libc", "musl"]).ends_in_error(96, &message(musl), &[remove, &hint]);
    run(&["--target", musl]).success();
    forced("wasm32-wasip1");
    run(&["--arch", "x86_64"]).ends_in_error(96, &message("wasm32-wasip1"), &[remove]);
}
