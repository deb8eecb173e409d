//! What cargo's environment has to hold so that zig compiles and links.
//!
//! The `cargo-zigbuild` crate works it out. It reads variables and config files as it goes, and sets variables of its own
//! process, so it gets a process of its own: this very executable, which [`answer`](super::answer)s with JSON. It runs zig
//! and rustc for that, several times, so what came out is remembered until something changes that it follows from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use cargo_zigbuild::Build;
use serde::{Deserialize, Serialize};

use super::Zig;
use crate::cache::{Cache, Digest, Hasher, add_environment};
use crate::cargo::config::Rustc;
use lambda_platform::Target;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// The word behind `zig` by which this executable calls itself.
pub(super) const WORD: &str = "environment";

const KIND: &str = "zig";

/// How the names of the variables start that the crate looks at, or that say where it keeps its files.
const VARIABLES: [&str; 18] = [
    "AR",
    "BINDGEN",
    "CARGO",
    "CC",
    "CFLAGS",
    "CMAKE",
    "CXX",
    "HOME",
    "LOCALAPPDATA",
    "MSYSTEM",
    "PATH",
    "RANLIB",
    "RUST",
    "SHELL",
    "TARGET",
    "TMP",
    "USERPROFILE",
    "XDG",
];

/// A variable of the user's that the crate puts ahead of its own words. What has it in it is not kept.
const OF_USER: &str = "BINDGEN_EXTRA_CLANG_ARGS";

/// What an earlier run worked out.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    variables: BTreeMap<String, String>,
    grounds: Digest,
}

/// The variables that make cargo build these targets with this zig and this compiler.
pub(crate) fn prepare(
    zig: &Zig,
    targets: &[Target],
    rustc: &Rustc,
    memory: &Cache,
) -> Result<BTreeMap<String, OsString>> {
    let mut key = Hasher::new(KIND);
    key.field(format!("{:?}", (zig, targets, rustc)));
    let key = key.finish();
    let known = memory.load(KIND, key).filter(|known: &Remembered| grounds(&known.variables) == Some(known.grounds));
    let variables = if let Some(known) = known {
        known.variables
    } else {
        let variables = work_out(zig, targets)?;
        let is_mixed = std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with(OF_USER));
        if let Some(grounds) = grounds(&variables).filter(|_| !is_mixed) {
            memory.store(KIND, key, &Remembered { variables: variables.clone(), grounds });
        }
        variables
    };
    Ok(variables.into_iter().map(|(name, value)| (name, value.into())).collect())
}

/// A digest of the environment, and of the files that the variables name: the crate's wrappers. Nothing where one is gone.
fn grounds(variables: &BTreeMap<String, String>) -> Option<Digest> {
    let mut hasher = Hasher::new(KIND);
    add_environment(&mut hasher, &VARIABLES);
    let this_program = std::env::current_exe().and_then(|path| path.canonicalize()).ok()?;
    for path in variables.values().map(Path::new).filter(|path| path.is_absolute()) {
        // One is this program under another name.
        if path.canonicalize().ok()? != this_program {
            hasher.digest(Digest::of_file(path).ok()?);
        }
    }
    Some(hasher.finish())
}

fn work_out(zig: &Zig, targets: &[Target]) -> Result<BTreeMap<String, String>> {
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
    serde_json::from_slice(&output.stdout).or_fail(ErrorKind::Setup, failed)
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
