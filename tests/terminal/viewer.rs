//! Runs the program with its output in a pipe or on a terminal of a given width.

use std::process::{Command, Stdio};

use test_support::{Fixture, program_under_test};

/// The program about to be run in a directory, with no variable that changes how its output looks but these.
pub(crate) struct Viewed<'a> {
    fixture: &'a Fixture,
    settings: Vec<(&'a str, &'a str)>,
}

/// What was printed.
pub(crate) struct Seen {
    pub(crate) code: i32,
    /// Both streams, without the carriage returns that a terminal adds.
    pub(crate) text: String,
}

impl Seen {
    pub(crate) fn is_colored(&self) -> bool {
        self.text.contains("\x1b[") && self.text.contains('m')
    }
}

impl<'a> Viewed<'a> {
    pub(crate) fn new(fixture: &'a Fixture, settings: &[(&'a str, &'a str)]) -> Self {
        Self { fixture, settings: settings.to_vec() }
    }

    fn command(&self, mut command: Command) -> Command {
        command.envs(std::env::vars_os().filter(|(name, _)| {
            // These find programs and the home directory.
            ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "TMPDIR"].iter().any(|kept| name == kept)
        }));
        command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
        command.envs(self.settings.iter().copied());
        command.current_dir(self.fixture.path("")).stdin(Stdio::null());
        command
    }

    fn finish(mut command: Command) -> Seen {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        Seen { code: output.status.code().unwrap(), text: text.replace("\r\n", "\n") }
    }

    /// Runs it with both streams in pipes.
    pub(crate) fn in_pipe(&self, args: &[&str]) -> Seen {
        let mut command = Command::new(program_under_test());
        command.env_clear().args(args);
        Self::finish(self.command(command))
    }

    /// Runs it with both streams on a terminal of this width.
    pub(crate) fn on_terminal(&self, columns: u16, args: &[&str]) -> Seen {
        let mut command = Command::new("script");
        command.env_clear().args(["--quiet", "--return", "--command"]);
        let line = format!("stty cols {columns} rows 40; exec \"$PROGRAM\" {}", args.join(" "));
        command.arg(line).arg("/dev/null").env("PROGRAM", program_under_test()).env("SHELL", "/bin/sh");
        Self::finish(self.command(command))
    }
}
