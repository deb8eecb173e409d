//! The sources of cargo's configuration, and a comparison of the program with plain cargo.

use std::fs;
use std::path::PathBuf;

use test_support::{Fixture, Program, Run, script};

pub(crate) const TRIPLE: &str = "x86_64-unknown-linux-musl";
pub(crate) const LINKER_VARIABLE: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER";
pub(crate) const RUSTFLAGS_VARIABLE: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS";

/// The places of config files, the weakest first. The package is in the last one.
pub(crate) const HOME: &str = "home/config.toml";
pub(crate) const OUTER: &str = "outer/.cargo/config.toml";
pub(crate) const MIDDLE: &str = "outer/middle/.cargo/config.toml";
pub(crate) const INNER: &str = "outer/middle/inner/.cargo/config.toml";
pub(crate) const PACKAGE: &str = "outer/middle/inner";

/// A workspace with a recorder.
pub(crate) struct Comparison {
    pub(crate) fixture: Fixture,
    pub(crate) recorder: PathBuf,
    pub(crate) log: PathBuf,
}

/// One configuration.
#[derive(Debug, Default, Clone)]
pub(crate) struct Case {
    pub(crate) files: Vec<(String, String)>,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
}

impl Case {
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    pub(crate) fn config(mut self, argument: &str) -> Self {
        self.args.extend(["--config".to_owned(), argument.to_owned()]);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes the files, and gives a program the arguments and variables. Files of earlier cases are removed.
    pub(crate) fn apply(&self, program: Program, fixture: &Fixture) -> Program {
        for path in ["home", "outer/.cargo", "outer/middle/.cargo", "outer/middle/inner/.cargo"] {
            let _ = fs::remove_dir_all(fixture.path(path));
        }
        for (path, text) in &self.files {
            fixture.write(path, text);
        }
        let program = self.env.iter().fold(program, |program, (name, value)| program.env(name, value));
        program.args(&self.args).env("CARGO_HOME", fixture.path("home"))
    }
}

impl Comparison {
    pub(crate) fn new() -> Self {
        let fixture = Fixture::empty();
        fixture.add_package(PACKAGE, "function", "[workspace]\n");
        fixture.write(&format!("{PACKAGE}/src/main.rs"), "fn main() {}\n");
        let (recorder, log) = (fixture.path("recorder"), fixture.path("log"));
        // A wrapper gets rustc as its first argument.
        let text = format!(
            "case \"$*\" in *'--crate-name function '*) printf '%s\\n' \"$@\" >> '{}'; exit 1;; esac\n\
             case $1 in *rustc | */recorder) exec \"$@\";; esac\nexec rustc \"$@\"",
            log.display()
        );
        script(&recorder, &text);
        Self { fixture, recorder, log }
    }

    /// The program under test in the package.
    pub(crate) fn program(&self) -> Program {
        Program::new(self.fixture.path(PACKAGE))
    }

    /// `cargo build` for the same target as [`Self::ours`].
    pub(crate) fn cargo(&self) -> Program {
        Program::other("cargo", self.fixture.path(PACKAGE)).args(["build", "--release", "--target", TRIPLE])
    }

    /// The program under test for the same target as [`Self::cargo`].
    pub(crate) fn ours(&self) -> Program {
        self.program().args(["--target", TRIPLE])
    }

    /// Runs a program with this configuration, and returns rustc's arguments for the package.
    pub(crate) fn recorded(&self, program: Program, case: &Case) -> Vec<String> {
        self.run(program, case).1
    }

    /// The same, with the run itself.
    pub(crate) fn run(&self, program: Program, case: &Case) -> (Run, Vec<String>) {
        fs::write(&self.log, "").unwrap();
        let run = case.apply(program, &self.fixture).run();
        let log = fs::read_to_string(&self.log).unwrap();
        assert!(run.code != 0 && !log.is_empty(), "rustc was not called for {case:?}\n{run}");
        (run, log.lines().map(str::to_owned).collect())
    }

    /// Compares the flags that rustc gets from plain cargo and from the program.
    #[track_caller]
    pub(crate) fn compare(&self, case: &Case) -> Vec<String> {
        let case = &case.clone().env("RUSTC_WRAPPER", self.recorder.to_str().unwrap());
        self.compare_recorded(case)
    }

    #[track_caller]
    pub(crate) fn compare_recorded(&self, case: &Case) -> Vec<String> {
        let expected = flags(&self.recorded(self.cargo(), case));
        let found = flags(&self.recorded(self.ours(), case));
        assert_eq!(found, expected, "{case:?}");
        expected
    }
}

/// The user's flags among rustc's arguments: each `--cfg`, and the linker.
pub(crate) fn flags(args: &[String]) -> Vec<String> {
    let mut flags = Vec::new();
    for (index, arg) in args.iter().enumerate() {
        let value = args.get(index + 1).cloned().unwrap_or_default();
        let is_linker = value.starts_with("linker=") && value != "linker=rust-lld";
        if arg == "--cfg" || is_linker {
            flags.push(value);
        }
    }
    flags
}

/// A source of configuration: how it sets a key to a value.
pub(crate) type Source = (&'static str, fn(Case, &str, &str) -> Case);

/// `KEY = VALUE` in each kind of file and argument. A key has no table header, so it can be used in all of them.
pub(crate) const SOURCES: [Source; 8] = [
    ("home", |case, key, value| case.file(HOME, &format!("{key} = {value}\n"))),
    ("outer", |case, key, value| case.file(OUTER, &format!("{key} = {value}\n"))),
    ("middle", |case, key, value| case.file(MIDDLE, &format!("{key} = {value}\n"))),
    ("inner", |case, key, value| case.file(INNER, &format!("{key} = {value}\n"))),
    ("include", |case, key, value| {
        let included = format!("{PACKAGE}/.cargo/included.toml");
        case.file(INNER, "include = ['included.toml']\n").file(&included, &format!("{key} = {value}\n"))
    }),
    ("optional include in a directory", |case, key, value| {
        let included = format!("{PACKAGE}/.cargo/deep/included.toml");
        let text =
            "include = [{ path = 'deep/included.toml', optional = true }, { path = 'no.toml', optional = true }]\n";
        case.file(INNER, text).file(&included, &format!("{key} = {value}\n"))
    }),
    ("argument", |case, key, value| case.config(&format!("{key}={value}"))),
    ("file argument", |case, key, value| {
        case.file(&format!("{PACKAGE}/.cargo/argument.toml"), &format!("{key} = {value}\n"))
            .config(".cargo/argument.toml")
    }),
];
