//! `--install-zig`: installs zig into a directory that belongs to this program.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Result;

use super::installer::{self, Installer, Step};
use super::{Zig, ZigSurvey, ask_first};
use crate::interrupt;
use crate::shell::Shell;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// The programs that run the zig that was installed, with their arguments. Not all exist.
pub(super) fn installed() -> Vec<(PathBuf, &'static [&'static str])> {
    directory().map(|directory| installer::candidates(&directory)).unwrap_or_default()
}

fn directory() -> Option<PathBuf> {
    Some(dirs::cache_dir()?.join("cargo-lambda-zip").join("zig"))
}

/// The hint for a machine on which the installer fails.
const BY_HAND: &str = "install zig yourself: https://ziglang.org/download, or `pip install ziglang`";

/// True if this machine has a program that can install zig.
pub(crate) fn can_install() -> bool {
    Installer::find().is_some()
}

/// Installs zig. Called only if the user asked for it and none was found.
pub(crate) fn install(shell: &Shell) -> Result<Zig> {
    let no_place = || Failure::new(ErrorKind::Setup, "cannot install zig: this user has no cache directory");
    let directory = directory().ok_or_else(no_place)?;
    let (installer, program) = Installer::find().ok_or_else(|| {
        let message = format!("`--install-zig` found nothing to install zig with; tried {}", Installer::all_names());
        Failure::new(ErrorKind::Setup, message)
            .hint("install uv or Python 3, or zig itself: https://ziglang.org/download")
    })?;
    let (package, shown) = (installer.package(), installer.shown());
    shell.status("Installing", format_args!("{package} with {shown} into `{}`", directory.display()));
    for step in installer.steps(&program, &directory) {
        run(&step)?;
    }
    match ask_first(installed()) {
        ZigSurvey::Found(zig) => Ok(zig),
        ZigSurvey::Unusable(reason) => Err(Failure::new(ErrorKind::Setup, reason).hint(BY_HAND).into()),
        ZigSurvey::Missing | ZigSurvey::NotAsked => {
            let message = format!("{shown} succeeded, but `{package}` is not installed");
            Err(Failure::new(ErrorKind::Setup, message).hint(BY_HAND).into())
        }
    }
}

fn run(step: &Step) -> Result<()> {
    let Step { program, args, env } = step;
    let command = format!("`{} {}`", program.display(), args.join(" "));
    let mut process = Command::new(program);
    process.args(args).envs(env.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
    let output = interrupt::output(&mut process).or_fail(ErrorKind::Setup, || format!("failed to run {command}"))?;
    if output.status.success() {
        return Ok(());
    }
    let output = if output.stderr.is_empty() { output.stdout } else { output.stderr };
    Err(Failure::new(ErrorKind::Setup, format!("{command} failed: {}", String::from_utf8_lossy(&output).trim()))
        .hint(BY_HAND)
        .into())
}
