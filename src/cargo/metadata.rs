//! What cargo knows about the package or workspace.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::Stdio;

use anyhow::Result;
use cargo_metadata::{Metadata, MetadataCommand};

use super::broken_rust;
use super::{CargoCommand, program};
use crate::cli::CargoFlags;
use crate::interrupt;
use lambda_platform::Target;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// The output of `cargo metadata --no-deps`. Dependencies are not resolved: on a large graph that takes longer than
/// packaging, and few builds need them.
pub(crate) fn read(flags: &CargoFlags) -> Result<String> {
    let mut command = MetadataCommand::new();
    command.cargo_path(program()).no_deps().other_options(flags.common_args());
    if let Some(path) = &flags.manifest_path {
        command.manifest_path(path);
    }
    let output = interrupt::output(command.cargo_command().stdin(Stdio::null())).map_err(|error| {
        let message = format!("failed to start `{}`", program().to_string_lossy());
        let hint = broken_rust::not_started(&error);
        anyhow::Error::from(error).context(Failure::new(ErrorKind::Setup, message).hint(hint))
    })?;
    if !output.status.success() {
        return Err(failure(&String::from_utf8_lossy(&output.stderr)).into());
    }
    let answer = String::from_utf8_lossy(&output.stdout);
    // A wrapper may print something before the document.
    let document = answer.lines().find(|line| line.starts_with('{'));
    document.map(str::to_owned).ok_or_else(|| Failure::new(ErrorKind::Metadata, NO_ANSWER).into())
}

const NO_ANSWER: &str = "failed to read the output of `cargo metadata`";

/// Parses the output of [`read`].
pub(crate) fn parse(answer: &str) -> Result<Metadata> {
    let metadata = MetadataCommand::parse(answer).or_fail(ErrorKind::Metadata, || NO_ANSWER.into())?;
    if metadata.workspace_default_members.is_missing() {
        return Err(Failure::new(ErrorKind::Setup, "this cargo is too old: expected 1.71 or newer")
            .hint("update Rust: `rustup update`")
            .into());
    }
    Ok(metadata)
}

/// The command for the dependency graph of these targets, with the arguments that select features. With `read_only`, it never
/// writes the lockfile, and fails if that would be needed.
pub(crate) fn graph_command(
    flags: &CargoFlags,
    features: &[OsString],
    targets: &[Target],
    read_only: bool,
) -> CargoCommand {
    let mut args: Vec<OsString> = vec!["metadata".into(), "--format-version=1".into()];
    args.extend(targets.iter().map(|target| format!("--filter-platform={}", target.triple()).into()));
    about_dependencies(args, flags, features, read_only)
}

/// The command that lists the packages that are compiled for these targets, by name and version.
pub(crate) fn tree_command(
    flags: &CargoFlags,
    features: &[OsString],
    targets: &[Target],
    read_only: bool,
) -> CargoCommand {
    let fixed = ["tree", "--workspace", "--edges=normal,no-proc-macro", "--prefix=none", "--format={p}"];
    let mut args: Vec<OsString> = fixed.map(OsString::from).into();
    args.extend(targets.iter().map(|target| format!("--target={}", target.triple()).into()));
    about_dependencies(args, flags, features, read_only)
}

fn about_dependencies(
    mut args: Vec<OsString>,
    flags: &CargoFlags,
    features: &[OsString],
    read_only: bool,
) -> CargoCommand {
    args.extend(features.iter().cloned());
    if let Some(path) = &flags.manifest_path {
        args.extend(["--manifest-path".into(), path.into()]);
    }
    args.extend(flags.common_args().into_iter().map(OsString::from));
    if read_only && !flags.locked {
        args.push("--locked".into());
    }
    CargoCommand { program: program(), args, env: BTreeMap::new() }
}

/// Cargo's own message, with hints for the most common ones.
fn failure(stderr: &str) -> Failure {
    let message = stderr.trim().strip_prefix("error: ").unwrap_or(stderr.trim());
    let failure = Failure::new(ErrorKind::Metadata, message);
    if message.contains("could not find `Cargo.toml`") {
        return failure
            .hint("run this inside a package, or name one with `--manifest-path <PATH>`")
            .hint("to create a package, run `cargo new`; to package an executable, `cargo lambda-zip pack`");
    }
    let hint = broken_rust::surroundings().or_else(|| broken_rust::too_old(stderr));
    hint.into_iter().fold(failure, Failure::hint)
}
