//! Real shells complete the program's arguments, as a command of its own and as a subcommand of cargo.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use test_support::{Fixture, repository};

/// A directory with the completion scripts for all shells.
struct Shells {
    fixture: Fixture,
}

impl Shells {
    fn new() -> Self {
        let fixture = Fixture::with_executable();
        for (shell, file) in [
            ("bash", "bash"),
            ("zsh", "zsh/_cargo-lambda-zip"),
            ("fish", "fish"),
            ("powershell", "ps1"),
            ("elvish", "elv"),
        ] {
            let script = fixture.run(&["completions", shell]).success().stdout;
            fixture.write(file, script);
        }
        Self { fixture }
    }

    /// Runs a command with the program on its `PATH` and returns what it prints.
    fn ask(&self, command: &mut Command) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_cargo-lambda-zip"));
        let search_path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(program.parent().unwrap().to_owned()).chain(std::env::split_paths(&search_path));
        command.env("PATH", std::env::join_paths(paths).unwrap()).env("HOME", self.fixture.path("home"));
        let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{command:?}\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    fn bash(&self, words: &[&str]) -> Vec<String> {
        let script = driver("complete.bash");
        let mut command = Command::new("bash");
        command.arg("--norc").arg(script).arg(self.fixture.path("bash")).arg(sysroot("etc/bash_completion.d/cargo"));
        self.ask(command.args(words)).lines().map(|line| line.trim().to_owned()).collect()
    }

    fn zsh(&self, line: &str) -> Vec<String> {
        let mut command = Command::new("timeout");
        command.args(["60", "zsh", "-f"]).arg(driver("complete.zsh"));
        command.arg(self.fixture.path("zsh")).arg(sysroot("share/zsh/site-functions")).arg(line);
        let shown = self.ask(&mut command);
        let matches = shown.lines().filter_map(|line| Some(line.split_once("match:")?.1.trim().to_owned()));
        matches.filter(|word| !word.is_empty()).collect()
    }

    fn fish(&self, line: &str) -> Vec<String> {
        let mut command = Command::new("fish");
        command
            .arg("--no-config")
            .arg("-c")
            .arg("source $argv[1]; complete -C $argv[2]")
            .arg(self.fixture.path("fish"));
        let shown = self.ask(command.arg(line));
        shown.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    }
}

fn driver(name: &str) -> PathBuf {
    repository().join("tests/terminal/shells").join(name)
}

/// A file of the toolchain, which contains cargo's own completions.
fn sysroot(path: &str) -> PathBuf {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let path = Path::new(String::from_utf8(output.stdout).unwrap().trim()).join(path);
    assert!(path.exists(), "the toolchain has no `{}`", path.display());
    path
}

fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|other| other == word)
}

#[test]
#[ignore = "needs bash and bash-completion"]
fn bash_completes_flags_values_and_commands() {
    let shells = Shells::new();
    for start in [&["cargo-lambda-zip"][..], &["cargo", "lambda-zip"]] {
        let complete = |words: &[&str]| shells.bash(&[start, words].concat());
        assert_eq!(complete(&["--ar"]), ["--arch"], "{start:?}");
        assert_eq!(complete(&["--arch", ""]), ["x86_64", "arm64"]);
        assert_eq!(complete(&["doc"]), ["doctor"]);
        assert_eq!(complete(&["pack", "--keep"]), ["--keep-name"]);
        assert!(has(&complete(&["check", "--explain", "no-"]), "no-bootstrap"));
        assert!(has(&complete(&["completions", ""]), "zsh"));
    }
}

#[test]
#[ignore = "needs zsh"]
fn zsh_completes_flags_values_and_commands() {
    let shells = Shells::new();
    for start in ["cargo-lambda-zip", "cargo lambda-zip"] {
        let complete = |rest: &str| shells.zsh(&format!("{start} {rest}"));
        assert!(has(&complete("--ar"), "--arch"), "{:?}", complete("--ar"));
        assert!(has(&complete("--arch "), "arm64"), "{:?}", complete("--arch "));
        assert!(has(&complete("do"), "doctor"), "{:?}", complete("do"));
        assert!(has(&complete("pack --keep"), "--keep-name"), "{:?}", complete("pack --keep"));
        assert!(has(&complete("check --explain no-"), "no-bootstrap"));
    }
}

#[test]
#[ignore = "needs fish"]
fn fish_completes_flags_values_and_commands() {
    let shells = Shells::new();
    for start in ["cargo-lambda-zip", "cargo lambda-zip", "cargo +stable lambda-zip"] {
        let complete = |rest: &str| shells.fish(&format!("{start} {rest}"));
        assert_eq!(complete("--ar"), ["--arch"], "{start}");
        assert!(has(&complete("--arch "), "arm64"), "{start} {:?}", complete("--arch "));
        assert!(has(&complete("do"), "doctor"), "{start} {:?}", complete("do"));
        assert_eq!(complete("pack --keep"), ["--keep-name"], "{start}");
        assert!(has(&complete("check --explain no-"), "no-bootstrap"), "{start}");
    }
}

/// Debian does not have these shells, so the scripts are not run: their quotes and brackets must be balanced.
#[test]
fn scripts_for_powershell_and_elvish_have_balanced_brackets() {
    let shells = Shells::new();
    for file in ["ps1", "elv"] {
        let script = std::fs::read_to_string(shells.fixture.path(file)).unwrap();
        let mut open = Vec::new();
        let mut is_quoted = false;
        for character in script.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::chars) {
            match character {
                '\'' => is_quoted = !is_quoted,
                _ if is_quoted => {}
                '{' | '(' | '[' => open.push(character),
                '}' => assert_eq!(open.pop(), Some('{'), "{file}"),
                ')' => assert_eq!(open.pop(), Some('('), "{file}"),
                ']' => assert_eq!(open.pop(), Some('['), "{file}"),
                _ => {}
            }
        }
        assert!(open.is_empty() && !is_quoted, "{file}");
        for word in ["--arch", "pack", "--keep-name", "check", "doctor"] {
            assert!(script.contains(word), "{file} does not know {word}");
        }
    }
}

#[test]
fn an_unknown_shell_is_refused_with_the_known_ones() {
    let run = Fixture::with_executable().run(&["completions", "tcsh"]).fails(2, "tcsh");
    assert!(run.stderr.contains("bash") && run.stderr.contains("powershell"), "{}", run.stderr);
}
