//! Zig as C compiler and linker for every target of Lambda, through the `cargo-zigbuild` crate.

mod callback;
mod environment;
mod install;
mod installer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::semver::Version;
use serde::{Deserialize, Serialize};

use crate::platform::PYTHON;

pub(crate) use callback::run_for_wrapper;
pub(crate) use environment::prepare;
pub(crate) use install::{can_install, install};

/// The oldest zig that the `cargo-zigbuild` crate works with.
const OLDEST: Version = Version::new(0, 9, 0);

/// A zig that works: the program itself, or Python with `ziglang`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Zig {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) version: Version,
}

impl fmt::Display for Zig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "zig {} ({})", self.version, self.command_line())
    }
}

impl Zig {
    pub(crate) fn command_line(&self) -> String {
        let mut line = self.program.display().to_string();
        for arg in &self.args {
            line.push(' ');
            line.push_str(arg);
        }
        line
    }
}

/// The result of looking for zig.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ZigSurvey {
    /// It was not needed.
    #[default]
    NotAsked,
    Missing,
    /// There is one, but it cannot be used, for this reason.
    Unusable(String),
    Found(Zig),
}

/// How Python runs the zig of its package.
const MODULE: &[&str] = &["-m", "ziglang"];

/// Looks for zig: where the variables of `cargo zigbuild` say, in the virtual environment that this program is in, as `zig`
/// on PATH, as the `ziglang` of the Python on PATH, and where `--install-zig` installs it.
pub(crate) fn find() -> ZigSurvey {
    let named = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    let zig = named("CARGO_ZIGBUILD_ZIG_PATH");
    let python = named("CARGO_ZIGBUILD_PYTHON_PATH");
    let is_named = zig.is_some() || python.is_some();
    let mut candidates: Vec<(PathBuf, &[&str])> = Vec::new();
    candidates.extend(python_beside_us().filter(|_| !is_named).map(|python| (python, MODULE)));
    candidates.push((zig.unwrap_or_else(|| "zig".into()), &[]));
    candidates.push((python.unwrap_or_else(|| PYTHON.into()), MODULE));
    candidates.extend(install::installed());
    ask_first(candidates)
}

/// The Python of the environment that this program was installed into, by pip, pipx or uv. pipx and `uv tool` keep that
/// environment off PATH.
fn python_beside_us() -> Option<PathBuf> {
    let program = std::env::current_exe().and_then(std::fs::canonicalize).ok()?;
    let python = program.with_file_name(PYTHON).with_extension(std::env::consts::EXE_EXTENSION);
    python.is_file().then_some(python)
}

/// The first of these programs that runs zig.
fn ask_first(candidates: Vec<(PathBuf, &[&str])>) -> ZigSurvey {
    let mut outcome = ZigSurvey::Missing;
    for (name, args) in candidates {
        let Ok(program) = which::which(&name) else { continue };
        match ask(&program, args) {
            found @ ZigSurvey::Found(_) => return found,
            unusable @ ZigSurvey::Unusable(_) if outcome == ZigSurvey::Missing => outcome = unusable,
            _ => {}
        }
    }
    outcome
}

fn ask(program: &Path, args: &[&str]) -> ZigSurvey {
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let output = Command::new(program).args(&args).arg("version").output();
    let zig = |version| Zig { program: program.to_owned(), args: args.clone(), version };
    let command = format!("`{} version`", zig(OLDEST).command_line());
    match output {
        Err(error) => ZigSurvey::Unusable(format!("failed to run {command}: {error}")),
        Ok(output) => {
            let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            match parse_version(output.status.success(), &stdout, &stderr) {
                Ok(Some(version)) => ZigSurvey::Found(zig(version)),
                Ok(None) => ZigSurvey::Missing,
                Err(reason) => ZigSurvey::Unusable(format!("{command} {reason}")),
            }
        }
    }
}

/// The version in the output of `zig version`. `None` if Python has no `ziglang` module. The error says what is wrong.
fn parse_version(success: bool, stdout: &str, stderr: &str) -> Result<Option<Version>, String> {
    if !success {
        if stderr.contains("No module named") {
            return Ok(None);
        }
        let reason = stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no error message").trim();
        return Err(format!("failed: {reason}"));
    }
    match Version::parse(stdout.trim()) {
        Ok(version) if version < OLDEST => Err(format!("is too old: found {version}, expected {OLDEST} or newer")),
        Ok(version) => Ok(Some(version)),
        Err(_) => {
            Err(format!("printed `{}`, which is not a version", stdout.lines().next().unwrap_or_default().trim()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_zig_version_tells_if_it_can_be_used() {
        assert_eq!(parse_version(true, "0.16.0\n", ""), Ok(Some(Version::new(0, 16, 0))));
        assert!(parse_version(true, "0.17.0-dev.1+abc\n", "").unwrap().is_some());
        assert_eq!(parse_version(false, "", "/usr/bin/python3: No module named ziglang"), Ok(None));
        assert_eq!(parse_version(false, "", "zig: cannot open\n\n").unwrap_err(), "failed: zig: cannot open");
        assert!(parse_version(true, "0.8.1\n", "").unwrap_err().contains("too old"));
        assert!(parse_version(true, "hello\n", "").unwrap_err().contains("`hello`"));
    }
}
