//! `--install-zig`: installs Python's `ziglang` into a virtual environment that belongs to this program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use super::{Zig, ZigSurvey, ask};
use crate::platform::{PYTHON, PYTHON_OF_ENVIRONMENT};
use crate::shell::Shell;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// The Python of the virtual environment, which may not exist yet.
pub(crate) fn installed_python() -> Option<PathBuf> {
    Some(environment()?.join(PYTHON_OF_ENVIRONMENT))
}

fn environment() -> Option<PathBuf> {
    Some(dirs::cache_dir()?.join("cargo-lambda-zip").join("zig"))
}

/// The hint for a machine on which pip cannot install it.
const BY_HAND: &str = "install zig yourself: https://ziglang.org/download, or `pip install ziglang`";

/// Installs zig. Called only if the user asked for it and none was found.
pub(crate) fn install(shell: &Shell) -> Result<Zig> {
    let no_place = || Failure::new(ErrorKind::Setup, "cannot install zig: this user has no cache directory");
    let (directory, python) = environment().zip(installed_python()).ok_or_else(no_place)?;
    let host_python = which::which(PYTHON).map_err(|_| {
        Failure::new(ErrorKind::Setup, "`--install-zig` needs Python 3, which is not on PATH")
            .hint("install Python 3 with its `venv` module, or zig itself: https://ziglang.org/download")
    })?;
    shell.status("Installing", format_args!("ziglang with pip into `{}`", directory.display()));
    run(&host_python, &["-m", "venv", &directory.to_string_lossy()])?;
    run(&python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "ziglang"])?;
    match ask(&python, &["-m", "ziglang"]) {
        ZigSurvey::Found(zig) => Ok(zig),
        ZigSurvey::Unusable(reason) => Err(Failure::new(ErrorKind::Setup, reason).hint(BY_HAND).into()),
        ZigSurvey::Missing | ZigSurvey::NotAsked => {
            Err(Failure::new(ErrorKind::Setup, "pip succeeded, but `ziglang` is not installed").hint(BY_HAND).into())
        }
    }
}

fn run(program: &Path, args: &[&str]) -> Result<()> {
    let command = format!("`{} {}`", program.display(), args.join(" "));
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .or_fail(ErrorKind::Setup, || format!("failed to run {command}"))?;
    if output.status.success() {
        return Ok(());
    }
    let output = if output.stderr.is_empty() { output.stdout } else { output.stderr };
    Err(Failure::new(ErrorKind::Setup, format!("{command} failed: {}", String::from_utf8_lossy(&output).trim()))
        .hint(BY_HAND)
        .into())
}
