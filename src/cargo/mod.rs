//! Running cargo and rustc, and reading cargo's configuration. The command that is shown is the command that runs.
//!
//! This module knows nothing of linkers: [`linker`](crate::linker) builds on it.

mod broken_rust;
mod build_std;
mod build_target;
pub(crate) mod config;
mod groups;
mod messages;
mod metadata;
mod overrides;
mod profile;
mod rustc;
mod rustflags;
pub(crate) mod sccache;
pub(crate) mod stand_in;
mod target_cpu;
mod target_directory;
mod terminal;
mod trim_paths;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::interrupt::{self, Child};
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

pub(crate) use build_target::BuildTarget;
pub(crate) use groups::{Binary, groups};
pub(crate) use messages::Executable;
pub(crate) use metadata::{graph_command, parse as parse_metadata, read as read_metadata, tree_command};
pub(crate) use overrides::{BUILD_ID, BuildOverrides, LinkFlags, OverrideInputs, c_is_native};
pub(crate) use target_directory::create_target_directory;
pub(crate) use terminal::{ProgressWhen, TerminalSettings};

/// The largest manifest that is read.
pub(crate) const MANIFEST_LIMIT: u64 = 8 << 20;

/// The cargo that started this program, else the one on PATH.
pub(crate) fn program() -> OsString {
    std::env::var_os("CARGO").filter(|path| !path.is_empty()).unwrap_or_else(|| "cargo".into())
}

/// One invocation of cargo. Its `Display` can be pasted into a POSIX shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CargoCommand {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    /// Added to the environment of this process.
    pub(crate) env: BTreeMap<String, OsString>,
}

impl CargoCommand {
    /// Runs it and returns its stdout. `None` if it fails, for questions that may stay unanswered.
    pub(crate) fn output(&self) -> Option<Vec<u8>> {
        let mut command = Command::new(&self.program);
        let output = interrupt::output(command.args(&self.args).envs(&self.env).stdin(Stdio::null()));
        output.ok().filter(|output| output.status.success()).map(|output| output.stdout)
    }

    /// Starts `cargo build`. Its progress and diagnostics go to the user's terminal.
    fn spawn(&self) -> Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .arg("--message-format=json-render-diagnostics")
            .envs(&self.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        Child::spawn(&mut command)
            .or_fail(ErrorKind::Build, || format!("failed to start `{}`", self.program.to_string_lossy()))
    }
}

/// Running `cargo build`s. A thread reads their messages, so that cargo is never blocked.
pub(crate) struct RunningBuild {
    builds: JoinHandle<Result<(Vec<Executable>, Duration)>>,
}

impl RunningBuild {
    /// Starts these builds, one after the other. If there are several, they may build executables of one path, so each
    /// executable is kept below `directory`.
    pub(crate) fn start(commands: Vec<CargoCommand>, directory: PathBuf) -> Result<Self> {
        let started = Instant::now();
        // The first one starts here, so that a missing cargo is reported at once.
        let mut child = commands.first().map(CargoCommand::spawn).transpose()?;
        let builds = thread::spawn(move || {
            let mut executables = Vec::new();
            for (index, command) in commands.iter().enumerate() {
                let child = child.take().map_or_else(|| command.spawn(), Ok)?;
                let keep = (commands.len() > 1).then(|| directory.join(index.to_string()));
                executables.extend(finish(child, index, keep.as_deref())?);
            }
            Ok((executables, started.elapsed()))
        });
        Ok(Self { builds })
    }

    /// Waits for the builds, and returns every executable that cargo reported, new or fresh, with the time that they took.
    pub(crate) fn finish(self) -> Result<(Vec<Executable>, Duration)> {
        self.builds.join().expect("reading messages does not panic")
    }
}

/// Waits for one build, and returns the executables that it reported.
fn finish(mut child: Child, build: usize, keep: Option<&Path>) -> Result<Vec<Executable>> {
    let stdout = child.take_stdout().expect("stdout is piped");
    let executables = messages::executables(BufReader::new(stdout), build, keep);
    let status = child.wait().or_fail(ErrorKind::Build, || "failed to wait for `cargo build`".into())?;
    if status.success() {
        return executables.or_fail(ErrorKind::Build, || "failed to read the messages of `cargo build`".into());
    }
    let failure = Failure::new(ErrorKind::Build, format!("`cargo build` failed ({status})"))
        .hint("add `--verbose` to see the command");
    Err(match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => failure.with_exit_status(code),
        None => failure,
    }
    .into())
}

impl fmt::Display for CargoCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(&quoted(&self.program))?;
        for arg in &self.args {
            write!(f, " {}", quoted(arg))?;
        }
        Ok(())
    }
}

impl Serialize for CargoCommand {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let text = |value: &OsString| value.to_string_lossy().into_owned();
        let mut state = serializer.serialize_struct("CargoCommand", 3)?;
        state.serialize_field("program", &text(&self.program))?;
        state.serialize_field("args", &self.args.iter().map(text).collect::<Vec<_>>())?;
        let env: BTreeMap<_, _> = self.env.iter().map(|(name, value)| (name, text(value))).collect();
        state.serialize_field("env", &env)?;
        state.end()
    }
}

/// A word quoted for a shell: with POSIX quotes, or with those of Bash and Zsh if it has control characters, such as the
/// separator in `CARGO_ENCODED_RUSTFLAGS`.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.chars().any(char::is_control) {
        let escaped = |c: char| match c {
            '\'' | '\\' => format!("\\{c}"),
            c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        };
        return format!("$'{}'", word.chars().map(escaped).collect::<String>());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+,./:@%^\\".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_a_shell_accepts_it() {
        let command = CargoCommand {
            program: "cargo".into(),
            args: ["build", "--config", "build.jobs = 1", "--features", "it's"].map(OsString::from).into(),
            env: BTreeMap::from([
                ("CARGO_ENCODED_RUSTFLAGS".to_owned(), "-Ca\x1f-Cb='c'".into()),
                ("CARGO_TARGET_X_LINKER".to_owned(), "rust-lld".into()),
            ]),
        };
        assert_eq!(
            command.to_string(),
            r"CARGO_ENCODED_RUSTFLAGS=$'-Ca\u001f-Cb=\'c\'' CARGO_TARGET_X_LINKER=rust-lld cargo build --config 'build.jobs = 1' --features 'it'\''s'"
        );
    }
}
