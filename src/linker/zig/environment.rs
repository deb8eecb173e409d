//! The environment variables with which cargo compiles C and links with zig.
//!
//! The `cargo-zigbuild` crate determines them. It reads environment and config files, and sets variables of its own
//! process, so it runs in a child process: this executable with [`SUBCOMMAND`], which prints JSON (see
//! [`run_for_wrapper`](super::run_for_wrapper)). It runs zig and rustc several times, so the result is cached until
//! something changes that it follows from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use cargo_zigbuild::Build;
use serde::{Deserialize, Serialize};

use super::Zig;
use crate::cache::{Cache, Digest, Hasher, add_environment};
use crate::cargo::config::{CargoConfig, Rustc, UserEnvironment};
use lambda_platform::Target;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// The subcommand of `zig` with which this executable calls itself.
pub(super) const SUBCOMMAND: &str = "environment";

/// The kind under which the cache stores the variables.
const KIND: &str = "zig";

/// Prefixes of the variables that the crate reads, or that decide where it keeps its files.
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

/// The crate copies this variable of the user into its own. The result is then not cached.
const COPIED: &str = "BINDGEN_EXTRA_CLANG_ARGS";

/// The result of an earlier run.
#[derive(Debug, Serialize, Deserialize)]
struct CachedVariables {
    variables: BTreeMap<String, String>,
    fingerprint: Digest,
}

/// The variables that make cargo build these targets with this zig and this rustc. Tools that the user chose for C are left
/// alone. Runs programs.
pub(crate) fn prepare(
    zig: &Zig,
    targets: &[Target],
    rustc: &Rustc,
    config: &CargoConfig,
    cache: &Cache,
) -> Result<BTreeMap<String, OsString>> {
    let user = config.environment();
    let mut child_environment: BTreeMap<String, OsString> =
        user.additions().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    child_environment.extend(wrapper_directory(zig, &user));
    let variables = cached(zig, targets, rustc, &child_environment, cache)?;
    let mut variables: BTreeMap<_, _> =
        variables.into_iter().map(|(name, value)| (name, OsString::from(value))).collect();
    // The wrappers find their files by this variable when they run, and `ar`, which is a link, finds zig by the others.
    variables.extend(wrapper_directory(zig, &user));
    variables.extend(command_variables(zig));
    for target in targets {
        remove_chosen_tools(&mut variables, &target.triple(), &user);
    }
    Ok(variables)
}

/// The variable with the directory in which the crate keeps its wrappers. The crate has one for all zigs of a user, and a
/// wrapper calls the zig that wrote it last. So each zig gets a directory of its own.
fn wrapper_directory(zig: &Zig, user: &UserEnvironment) -> Option<(String, OsString)> {
    const VARIABLE: &str = "CARGO_ZIGBUILD_CACHE_DIR";
    let directory = match user.get(VARIABLE) {
        Some(directory) => PathBuf::from(directory),
        None => dirs::cache_dir()?.join("cargo-lambda-zip").join("wrappers"),
    };
    let mut hasher = Hasher::new("wrappers");
    hasher.field(format!("{zig:?}"));
    let name = hasher.finish().to_string();
    Some((VARIABLE.to_owned(), directory.join(&name[..16]).into()))
}

/// The variables that tell the crate which zig to run.
fn command_variables(zig: &Zig) -> [(String, OsString); 3] {
    [
        ("CARGO_ZIGBUILD_ZIG_COMMAND".to_owned(), zig.program.clone().into()),
        ("CARGO_ZIGBUILD_ZIG_COMMAND_ARGS".to_owned(), zig.args.join(" ").into()),
        ("CARGO_ZIGBUILD_ZIG_VERSION".to_owned(), zig.version.to_string().into()),
    ]
}

/// Removes zig as a tool for C that the user chose, under any name by which build scripts look for it.
fn remove_chosen_tools(variables: &mut BTreeMap<String, OsString>, triple: &str, user: &UserEnvironment) {
    let underscored = triple.replace('-', "_");
    for tool in ["CC", "CXX", "AR", "RANLIB"] {
        let names =
            [tool.to_owned(), format!("TARGET_{tool}"), format!("{tool}_{triple}"), format!("{tool}_{underscored}")];
        if names.iter().any(|name| user.has(name)) {
            variables.remove(&format!("{tool}_{underscored}"));
            // It names zig as the compiler.
            variables.remove(&format!("CMAKE_TOOLCHAIN_FILE_{underscored}"));
        }
    }
}

/// The crate's variables, from the cache if nothing changed.
fn cached(
    zig: &Zig,
    targets: &[Target],
    rustc: &Rustc,
    environment: &BTreeMap<String, OsString>,
    cache: &Cache,
) -> Result<BTreeMap<String, String>> {
    let mut key = Hasher::new(KIND);
    key.field(format!("{:?}", (zig, targets, rustc, environment)));
    let key = key.finish();
    let is_unchanged = |cached: &CachedVariables| fingerprint(&cached.variables) == Some(cached.fingerprint);
    if let Some(cached) = cache.load(KIND, key).filter(is_unchanged) {
        return Ok(cached.variables);
    }
    let variables = determine(zig, targets, environment)?;
    let process = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let is_copied = process.chain(environment.keys().cloned()).any(|name| name.starts_with(COPIED));
    if let Some(fingerprint) = fingerprint(&variables).filter(|_| !is_copied) {
        cache.store(KIND, key, &CachedVariables { variables: variables.clone(), fingerprint });
    }
    Ok(variables)
}

/// Digest of the environment, and of the wrappers that the variables name. `None` if a wrapper is missing.
fn fingerprint(variables: &BTreeMap<String, String>) -> Option<Digest> {
    let mut hasher = Hasher::new(KIND);
    add_environment(&mut hasher, &VARIABLES);
    let this_program = std::env::current_exe().and_then(|path| path.canonicalize()).ok()?;
    for path in variables.values().map(Path::new).filter(|path| path.is_absolute()) {
        // One of them is a link to this program.
        if path.canonicalize().ok()? != this_program {
            hasher.digest(Digest::of_file(path).ok()?);
        }
    }
    Some(hasher.finish())
}

/// Runs the `cargo-zigbuild` crate in a child process.
fn determine(
    zig: &Zig,
    targets: &[Target],
    environment: &BTreeMap<String, OsString>,
) -> Result<BTreeMap<String, String>> {
    let failed = || format!("failed to prepare {zig}");
    let executable = std::env::current_exe().or_fail(ErrorKind::Setup, failed)?;
    let output = Command::new(executable)
        .args(["zig", SUBCOMMAND])
        .args(targets.iter().map(|target| zig_triple(*target)))
        .envs(environment)
        .envs(command_variables(zig))
        // The crate would apply a `target-cpu` among the rustflags to C as well.
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

/// A triple with the version of glibc, as `cargo zigbuild` spells it.
fn zig_triple(target: Target) -> String {
    match target.linked_glibc() {
        Some(glibc) => format!("{}.{glibc}", target.triple()),
        None => target.triple(),
    }
}

/// The variables for these targets. Must run in a process of its own.
pub(super) fn variables(targets: Vec<String>) -> Result<BTreeMap<String, String>> {
    let mut build = Build { enable_zig_ar: true, ..Build::default() };
    build.cargo.common.target = targets;
    let command = build.build_command()?;
    let set = command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    // The crate sets these in its own process.
    let set_in_process =
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BINDGEN_EXTRA_CLANG_ARGS_"));
    set.chain(set_in_process)
        .map(|(name, value)| {
            let text = |text: OsString| text.into_string().ok().context("a path that is not UTF-8");
            Ok((text(name)?, text(value)?))
        })
        .collect()
}
