//! Running the program under test in an environment that does not depend on who runs the tests.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// How the program is about to be started.
pub(crate) struct Program {
    command: Command,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// The program itself, started directly.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { command: scrubbed(Command::new(binary()), folder) }
    }

    /// The program as a subcommand of the cargo on PATH.
    pub(crate) fn through_cargo(folder: &Path) -> Self {
        Self::beside_ours("cargo", folder, &[]).args(["lambda-zip"])
    }

    /// Another program, with ours on the PATH behind these folders and before all others.
    pub(crate) fn beside_ours(program: impl AsRef<OsStr>, folder: &Path, first: &[PathBuf]) -> Self {
        let ours = binary().parent().map(Path::to_path_buf);
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = first.iter().cloned().chain(ours).chain(env::split_paths(&path));
        let path = env::join_paths(folders).unwrap();
        Self { command: scrubbed(Command::new(program), folder) }.env("PATH", path)
    }

    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// The command itself, for a program that stays up.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Run {
        let output = self.command.stdin(Stdio::null()).output().expect("the program under test starts");
        let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
        let run = Run {
            code: output.status.code().expect("the program ends by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!run.stderr.contains("panicked at"), "the program panicked\n{run}");
        run
    }
}

impl Run {
    /// The same run, once it is clear that it succeeded.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert_eq!(self.code, 0, "{self}");
        self
    }

    /// The lines on stdout, which are the paths of the zips.
    pub(crate) fn zips(&self) -> Vec<PathBuf> {
        self.stdout.lines().map(PathBuf::from).collect()
    }

    /// The only zip.
    #[track_caller]
    pub(crate) fn zip(&self) -> PathBuf {
        let zips = self.zips();
        assert_eq!(zips.len(), 1, "{self}");
        zips.into_iter().next().unwrap()
    }

    /// The one document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// Holds that the run was refused with this exit code, that it says nothing on stdout, and that what it says on
    /// stderr ends in one error with its hints and nothing else.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, error: &str, hints: &[&str]) {
        assert_eq!(self.code, code, "{self}");
        assert_eq!(self.stdout, "", "nothing was made, so there is no path to print\n{self}");
        let errors: Vec<_> = self.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors, [format!("error: {error}")], "{self}");
        let found: Vec<_> = self.stderr.lines().filter_map(|line| line.strip_prefix("hint: ")).collect();
        assert_eq!(found, hints, "{self}");
        assert!(self.stderr.lines().last().unwrap().starts_with("hint: "), "the hints come last\n{self}");
    }

    /// As [`Self::fails`], for a run that was refused before anything happened: stderr is the error and the hints.
    #[track_caller]
    pub(crate) fn is_refused(&self, code: i32, error: &str, hints: &[&str]) {
        self.fails(code, error, hints);
        assert_eq!(self.stderr.lines().count(), 1 + hints.len(), "stderr holds something else\n{self}");
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--- exit code {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cargo-lambda-zip"))
}

/// Leaves of the environment what finds the tools and the registry, and takes away what would change the outcome.
fn scrubbed(mut command: Command, folder: &Path) -> Command {
    for (name, _) in env::vars_os() {
        if changes_the_outcome(&name) {
            command.env_remove(name);
        }
    }
    // English messages whatever the user speaks, and a fixed width for wrapped text.
    command.env("LC_ALL", "C").env("COLUMNS", "100").current_dir(folder);
    command
}

fn changes_the_outcome(name: &OsString) -> bool {
    const KEPT: [&str; 5] = ["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_"];
    const REMOVED: [&str; 10] = [
        "CI",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "FORCE_COLOR",
        "LD_LIBRARY_PATH",
        "NO_COLOR",
        "RUST_BACKTRACE",
        "RUSTDOCFLAGS",
        "RUSTFLAGS",
        "SOURCE_DATE_EPOCH",
    ];
    let name = name.to_string_lossy();
    let is_cargos = name.starts_with("CARGO") && !KEPT.iter().any(|kept| name.starts_with(kept));
    is_cargos || name.starts_with("RUSTC") || REMOVED.contains(&&*name)
}
