//! `--install-zig` installs Python's `ziglang` into a directory of the program, or says why it cannot.

use std::os::unix::fs::symlink;
use std::path::Path;

use lambda_platform::SymbolVersion;
use lambda_zip_check::elf::Elf;
use test_support::{Computer, Fixture, Program, Toolchain, Zip, script};

const GNU: &str = "x86_64-unknown-linux-gnu";
const BY_HAND: &str = "install zig yourself: https://ziglang.org/download, or `pip install ziglang`";

fn computer(fixture: &Fixture) -> Computer {
    Toolchain::current().with_targets_only(&[], fixture)
}

/// The program on a machine on which only zig can link glibc, with its cache in the fixture.
fn program(computer: &Computer, fixture: &Fixture) -> Program {
    computer.program(fixture).env("XDG_CACHE_HOME", fixture.path("cache")).args([
        "--install-zig",
        "--linker",
        "zig",
        "--target",
        GNU,
    ])
}

fn environment(fixture: &Fixture) -> std::path::PathBuf {
    fixture.path("cache/cargo-lambda-zip/zig")
}

/// The status line before pip runs.
fn announced(fixture: &Fixture) -> String {
    format!("  Installing ziglang, by pip, into `{}`\n", environment(fixture).display())
}

#[test]
fn without_python_zig_cannot_be_installed() {
    let fixture = Fixture::package("plain");
    insta::assert_snapshot!(program(&computer(&fixture), &fixture).run().snapshot());
}

#[test]
fn a_python_without_its_venv_module_is_quoted() {
    let fixture = Fixture::package("plain");
    let computer = computer(&fixture);
    let python = computer.bin.join("python3");
    script(&python, "echo \"$0: No module named ${2}\" >&2\nexit 1");
    let run = program(&computer, &fixture).run();
    let (python, directory) = (python.display(), environment(&fixture));
    let command = format!("`{python} -m venv {}`", directory.display());
    run.ends_in_error(96, &format!("{command} failed: {python}: No module named venv"), &[BY_HAND]);
    assert!(run.stderr.starts_with(&announced(&fixture)), "{run}");
    assert!(!directory.exists());
}

/// A Python that makes environments whose own Python is this script.
fn python_with_environments(computer: &Computer, inner: &str) {
    let make = format!(
        "PATH=/usr/bin:/bin\ncase $2 in\nziglang) echo 'No module named ziglang' >&2; exit 1 ;;\nesac\n\
         mkdir -p \"$3/bin\"\nprintf '#!/bin/sh\\n%s\\n' '{inner}' > \"$3/bin/python3\"\nchmod +x \"$3/bin/python3\""
    );
    script(&computer.bin.join("python3"), &make);
}

#[test]
fn a_pip_that_fails_is_quoted_and_a_later_run_tries_again() {
    let fixture = Fixture::package("plain");
    let computer = computer(&fixture);
    python_with_environments(&computer, "echo \"ERROR: No matching distribution found for ziglang\" >&2; exit 1");
    let run = program(&computer, &fixture).run();
    let inner = environment(&fixture).join("bin/python3");
    run.ends_in_error(
        96,
        &format!(
            "`{} -m pip install --quiet --disable-pip-version-check ziglang` failed: ERROR: No matching distribution found \
             for ziglang",
            inner.display()
        ),
        &[BY_HAND],
    );

    // A later run tries again.
    script(&inner, "exit 1");
    python_with_environments(&computer, "case $2 in pip) ;; *) echo 0.16.0 ;; esac");
    let run = program(&computer, &fixture).run();
    assert!(run.stderr.starts_with(&announced(&fixture)), "{run}");
    assert!(!run.stderr.contains("pip install"), "{run}");
}

#[test]
fn a_zig_that_pip_installed_must_run() {
    let fixture = Fixture::package("plain");
    let computer = computer(&fixture);
    python_with_environments(&computer, "case $2 in pip) ;; *) echo \"No module named ziglang\" >&2; exit 1 ;; esac");
    program(&computer, &fixture).run().ends_in_error(96, "pip installed no `ziglang`", &[BY_HAND]);
    python_with_environments(&computer, "case $2 in pip) ;; *) echo \"wrong ELF class\" >&2; exit 1 ;; esac");
    let python = environment(&fixture).join("bin/python3");
    program(&computer, &fixture).run().ends_in_error(
        96,
        &format!("`{} -m ziglang version` failed: wrong ELF class", python.display()),
        &[BY_HAND],
    );
}

#[test]
#[ignore = "needs the network, Python with venv"]
fn pip_fetches_a_zig_that_links() {
    let fixture = Fixture::package("plain");
    let computer = computer(&fixture);
    // The system's Python, which has no `ziglang`, and the `cc` that Rust needs for this machine.
    symlink("/usr/bin/python3", computer.bin.join("python3")).unwrap();
    script(&computer.bin.join("cc"), "PATH=/usr/bin:/bin exec cc \"$@\"");
    let run = program(&computer, &fixture).run().success();
    assert!(run.stderr.starts_with(&announced(&fixture)), "{run}");
    let elf = Elf::read(std::io::Cursor::new(Zip::read(run.zip()).bootstrap().to_vec())).unwrap();
    let (_, version) = elf.highest_need("GLIBC").unwrap();
    assert!(version <= SymbolVersion::new(2, 34, 0), "{elf:?}");

    // The second run finds it.
    let run = program(&computer, &fixture).args(["--message-format", "json"]).run().success();
    assert!(!run.stderr.contains("Installing"), "{run}");
    let program = run.json()["archives"][0]["linker"]["program"].as_str().unwrap().to_owned();
    assert!(Path::new(program.split(' ').next().unwrap()).starts_with(environment(&fixture)), "{program}");
}
