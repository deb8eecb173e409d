//! What cargo knows of the package or workspace at hand.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::Stdio;

use anyhow::Result;
use cargo_metadata::{Metadata, MetadataCommand};

use super::config::RUST_IS_MISSING;
use super::{CargoCommand, program};
use crate::cli::CargoFlags;
use lambda_platform::Target;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// Asks cargo for the workspace's own packages, and returns its answer as it is. Dependencies are not resolved: nothing
/// here needs them, and on a large graph that would take longer than packaging.
pub(crate) fn read(flags: &CargoFlags) -> Result<String> {
    let mut command = MetadataCommand::new();
    command.cargo_path(program()).no_deps().other_options(flags.common_args());
    if let Some(path) = &flags.manifest_path {
        command.manifest_path(path);
    }
    let output = command.cargo_command().stdin(Stdio::null()).output().map_err(|error| {
        let message = format!("failed to start `{}`", program().to_string_lossy());
        anyhow::Error::from(error).context(Failure::new(ErrorKind::Setup, message).hint(RUST_IS_MISSING))
    })?;
    if !output.status.success() {
        return Err(described(&String::from_utf8_lossy(&output.stderr)).into());
    }
    let answer = String::from_utf8_lossy(&output.stdout);
    // A wrapper may print something of its own before it.
    let document = answer.lines().find(|line| line.starts_with('{'));
    document.map(str::to_owned).ok_or_else(|| Failure::new(ErrorKind::Metadata, NO_ANSWER).into())
}

const NO_ANSWER: &str = "failed to ask cargo about the package";

/// Reads what [`read`] returned.
pub(crate) fn parse(answer: &str) -> Result<Metadata> {
    let metadata = MetadataCommand::parse(answer).or_fail(ErrorKind::Metadata, || NO_ANSWER.into())?;
    if metadata.workspace_default_members.is_missing() {
        return Err(Failure::new(ErrorKind::Setup, "this cargo is too old: 1.71 or newer is needed")
            .hint("run `rustup update`")
            .into());
    }
    Ok(metadata)
}

/// The command that describes the graph of dependencies, as far as it is built for these targets. A `read_only` one leaves
/// the lockfile alone, and fails where that is not enough.
pub(crate) fn graph_command(flags: &CargoFlags, targets: &[Target], read_only: bool) -> CargoCommand {
    let mut args: Vec<OsString> = vec!["metadata".into(), "--format-version=1".into()];
    args.extend(targets.iter().map(|target| format!("--filter-platform={}", target.triple()).into()));
    about_dependencies(args, flags, read_only)
}

/// The command that lists the packages that a build for these targets compiles for them, by name and version.
pub(crate) fn tree_command(flags: &CargoFlags, targets: &[Target], read_only: bool) -> CargoCommand {
    let fixed = ["tree", "--workspace", "--edges=normal,no-proc-macro", "--prefix=none", "--format={p}"];
    let mut args: Vec<OsString> = fixed.map(OsString::from).into();
    args.extend(targets.iter().map(|target| format!("--target={}", target.triple()).into()));
    about_dependencies(args, flags, read_only)
}

fn about_dependencies(mut args: Vec<OsString>, flags: &CargoFlags, read_only: bool) -> CargoCommand {
    args.extend(flags.feature_args());
    if let Some(path) = &flags.manifest_path {
        args.extend(["--manifest-path".into(), path.into()]);
    }
    args.extend(flags.common_args().into_iter().map(OsString::from));
    if read_only && !flags.locked {
        args.push("--locked".into());
    }
    CargoCommand { program: program(), args, env: BTreeMap::new() }
}

/// Cargo's own words, with what to do about the commonest of them.
fn described(stderr: &str) -> Failure {
    let message = stderr.trim().strip_prefix("error: ").unwrap_or(stderr.trim());
    let failure = Failure::new(ErrorKind::Metadata, message);
    if message.contains("could not find `Cargo.toml`") {
        failure.hint("run this inside a package, or name one with `--manifest-path <PATH>`")
    } else {
        failure
    }
}
