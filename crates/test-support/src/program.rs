//! Runs the program under test in an environment that does not depend on the user who runs the tests.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

/// The name of the program, which is also that of cargo's variable for its path.
const NAME: &str = "cargo-lambda-zip";

/// The executable that cargo has built for the integration tests of the package.
pub fn program_under_test() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| {
        // A cargo older than 1.94 sets the variable only for the compiler. Then the program is one directory above the test.
        let path = env::var_os(format!("CARGO_BIN_EXE_{NAME}")).map_or_else(beside_the_tests, PathBuf::from);
        assert!(path.is_file(), "`{}` does not exist: only tests of the package can run it", path.display());
        path
    });
    &PATH
}

fn beside_the_tests() -> PathBuf {
    let test = env::current_exe().expect("the test has a path");
    let directory = test.parent().and_then(Path::parent).expect("tests are in `target/PROFILE/deps`");
    directory.join(format!("{NAME}{}", env::consts::EXE_SUFFIX))
}

/// How a program is about to be started.
#[must_use]
pub struct Program {
    command: Command,
    /// The directory of the test, for [`Run::snapshot`].
    root: PathBuf,
}

/// How a program ended.
#[derive(Debug)]
pub struct Run {
    /// Its exit code.
    pub code: i32,
    /// What it printed to stdout.
    pub stdout: String,
    /// What it printed to stderr.
    pub stderr: String,
    root: PathBuf,
}

impl Program {
    /// The program under test, started directly in this directory.
    pub fn new(directory: impl AsRef<Path>) -> Self {
        Self::scrubbed(Command::new(program_under_test()), directory.as_ref())
    }

    /// The program under test as a subcommand of the cargo on `PATH`.
    pub fn through_cargo(directory: impl AsRef<Path>) -> Self {
        Self::other("cargo", directory).arg("lambda-zip")
    }

    /// Another program, with the one under test on its `PATH`.
    pub fn other(program: impl AsRef<OsStr>, directory: impl AsRef<Path>) -> Self {
        Self::scrubbed(Command::new(program), directory.as_ref()).first_on_path(&[])
    }

    /// Removes what would change the outcome from the environment, and keeps what finds the tools and the registry.
    fn scrubbed(mut command: Command, directory: &Path) -> Self {
        for (name, _) in env::vars_os() {
            if changes_the_outcome(&name) {
                command.env_remove(name);
            }
        }
        // English messages whatever the user's language is, and a fixed width for wrapped text.
        command.env("LC_ALL", "C").env("COLUMNS", "100").current_dir(directory);
        Self { command, root: directory.to_owned() }
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets variables.
    pub fn envs(mut self, variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>) -> Self {
        self.command.envs(variables);
        self
    }

    /// Removes a variable.
    pub fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Sets `PATH`: these directories, then the program under test, then the user's.
    pub fn first_on_path(self, directories: &[PathBuf]) -> Self {
        let ours = program_under_test().parent().map(Path::to_path_buf);
        let users = env::var_os("PATH").unwrap_or_default();
        let all = directories.iter().cloned().chain(ours).chain(env::split_paths(&users));
        self.env("PATH", env::join_paths(all).unwrap())
    }

    /// Starts it in another directory.
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Sets the directory of the test, which snapshots show as `[ROOT]`.
    pub(crate) fn root(mut self, root: &Path) -> Self {
        root.clone_into(&mut self.root);
        self
    }

    /// The command itself, for a program that stays up or that reads stdin.
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(mut self) -> Run {
        let output = self.command.stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|error| panic!("{:?} does not start: {error}", self.command));
        let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
        let run = Run {
            code: output.status.code().expect("the program ends by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            root: self.root,
        };
        assert!(!run.stderr.contains("panicked at"), "the program panicked\n{run}");
        run
    }
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

impl Run {
    /// Asserts that it succeeded.
    #[track_caller]
    pub fn success(self) -> Self {
        self.exits(0)
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Asserts the exit code, and that stderr contains this text.
    #[track_caller]
    pub fn fails(self, code: i32, text: &str) -> Self {
        self.exits(code).says(text)
    }

    /// Asserts that stderr contains this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "stderr does not contain {text:?}\n{self}");
        self
    }

    /// Asserts that stdout is this text.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert_eq!(self.stdout, text, "{self}");
        self
    }

    /// The paths on stdout, one a line.
    pub fn zips(&self) -> Vec<PathBuf> {
        self.stdout.lines().map(PathBuf::from).collect()
    }

    /// The only path on stdout.
    #[track_caller]
    pub fn zip(&self) -> PathBuf {
        let zips = self.zips();
        assert_eq!(zips.len(), 1, "{self}");
        zips.into_iter().next().unwrap()
    }

    /// The JSON document on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// Asserts that the run failed with this exit code, that stdout is empty, and that stderr ends in one error and its
    /// hints.
    #[track_caller]
    pub fn ends_in_error(&self, code: i32, error: &str, hints: &[&str]) {
        assert_eq!(self.code, code, "{self}");
        assert_eq!(self.stdout, "", "nothing was made, so there is no path to print\n{self}");
        let errors: Vec<_> = self.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors, [format!("error: {error}")], "{self}");
        let found: Vec<_> = self.stderr.lines().filter_map(|line| line.strip_prefix("hint: ")).collect();
        assert_eq!(found, hints, "{self}");
        assert!(self.stderr.lines().last().unwrap().starts_with("hint: "), "the hints come last\n{self}");
    }

    /// Exit code and output as a snapshot pins them, with `[ROOT]` for the directory of the test.
    pub fn snapshot(&self) -> String {
        let root = self.root.to_str().expect("the directory of a test has a plain name");
        self.to_string().replace(root, "[ROOT]")
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--- exit code {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}
