//! What cargo's environment has to hold so that zig compiles and links.
//!
//! The `cargo-zigbuild` crate works it out. It reads variables and config files as it goes, and sets variables of its own
//! process, so it gets a process of its own: this very executable, which [`answer`](super::answer)s with JSON.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use cargo_zigbuild::Build;

use super::Zig;
use crate::error::{ErrorKind, Failure, ResultExt};
use crate::target::Target;

/// The word behind `zig` by which this executable calls itself.
pub(super) const WORD: &str = "environment";

/// The variables that make cargo build these targets with this zig.
pub(crate) fn prepare(zig: &Zig, targets: &[Target]) -> Result<BTreeMap<String, OsString>> {
    let failed = || format!("failed to prepare {zig}");
    let executable = std::env::current_exe().or_fail(ErrorKind::Setup, failed)?;
    let output = Command::new(executable)
        .args(["zig", WORD])
        .args(targets.iter().map(|target| zig_triple(*target)))
        .env("CARGO_ZIGBUILD_ZIG_COMMAND", &zig.program)
        .env("CARGO_ZIGBUILD_ZIG_COMMAND_ARGS", zig.args.join(" "))
        .env("CARGO_ZIGBUILD_ZIG_VERSION", zig.version.to_string())
        // The crate hands a `target-cpu` among the rustflags on to C. What was meant for Rust stays with Rust.
        .env("CARGO_ENCODED_RUSTFLAGS", "")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .or_fail(ErrorKind::Setup, failed)?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(ErrorKind::Setup, format!("{}: {}", failed(), reason.trim())).into());
    }
    let variables: BTreeMap<String, String> =
        serde_json::from_slice(&output.stdout).or_fail(ErrorKind::Setup, failed)?;
    Ok(variables.into_iter().map(|(name, value)| (name, value.into())).collect())
}

/// A triple with the glibc to link against, in the form of `cargo zigbuild`.
fn zig_triple(target: Target) -> String {
    match target.glibc() {
        Some(glibc) => format!("{}.{glibc}", target.triple()),
        None => target.triple(),
    }
}

/// In the process of its own: the variables for these targets.
pub(super) fn variables(targets: Vec<String>) -> Result<BTreeMap<String, String>> {
    let mut build = Build { enable_zig_ar: true, ..Build::default() };
    build.cargo.common.target = targets;
    let command = build.build_command()?;
    let set = command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    // These the crate sets in its own process.
    let of_process =
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BINDGEN_EXTRA_CLANG_ARGS_"));
    set.chain(of_process)
        .map(|(name, value)| {
            let text = |text: OsString| text.into_string().ok().context("a path that is not UTF-8");
            Ok((text(name)?, text(value)?))
        })
        .collect()
}
