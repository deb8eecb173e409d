//! Keeps the folders of a checkout out of the keys of sccache, so that its cache is of use to other checkouts.
//!
//! sccache makes the arguments of rustc a part of the key of what it keeps, and with `--remap-path-prefix` of this
//! checkout's folders among them, no crate would ever be found by another checkout. So these flags take another way: cargo
//! is given this program under the name of `rustc`, sccache calls it as the compiler, and it adds the flags and becomes
//! the real one. That is no lie to the cache: what is compiled does not depend on the folders, since the flags take them
//! out of it. Whatever else depends on a folder is in the key by itself: the working directory, which is the workspace for
//! its own crates, and the variables of the environment that a crate reads, such as `OUT_DIR`.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result};

use super::CargoCommand;
use super::config::Rustc;
use super::rustflags::SEPARATOR;
use crate::platform::{become_program, stand_for};
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, ResultExt};

/// The compiler to become.
const REAL: &str = "LAMBDA_ZIP_RUSTC";

/// The flags to add, in the form of `CARGO_ENCODED_RUSTFLAGS`.
const FLAGS: &str = "LAMBDA_ZIP_RUSTFLAGS";

/// What the folders become. Variables that start with `CARGO_` are a part of the key: what was compiled with other flags,
/// or without them, is not mixed up with this.
const MARK: &str = "CARGO_LAMBDA_ZIP_REMAPPED_TO";

/// The variables that let `flags` reach the compiler past sccache. `becomes` tells what the flags turn folders into.
/// Nothing where the toolchain has no compiler of its own to become.
pub(super) fn detour(
    rustc: &Rustc,
    target_directory: &Path,
    flags: &[String],
    becomes: &[&str],
) -> Option<BTreeMap<String, OsString>> {
    let name = format!("rustc{}", env::consts::EXE_SUFFIX);
    let real = Some(rustc.sysroot.join("bin").join(&name)).filter(|path| path.is_file())?;
    // Cargo and sccache remember what a compiler is by its path, so each has its own.
    let stand_in = target_directory.join(".lambda-zip").join(format!("rustc-{}", rustc.version)).join(name);
    Some(BTreeMap::from([
        ("RUSTC".to_owned(), stand_in.into()),
        (REAL.to_owned(), real.into()),
        (FLAGS.to_owned(), flags.join(SEPARATOR).into()),
        (MARK.to_owned(), becomes.join(",").into()),
    ]))
}

/// Puts this program where the command has its `RUSTC`, if it takes the detour.
pub(crate) fn prepare(command: &CargoCommand) -> Result<()> {
    if !command.env.contains_key(REAL) {
        return Ok(());
    }
    let stand_in = Path::new(&command.env["RUSTC"]);
    let program = env::current_exe().or_fail(ErrorKind::Setup, || "this program does not find itself".into())?;
    let as_is = |path: &Path| -> Result<(u64, SystemTime)> {
        let metadata = fs::metadata(path)?;
        Ok((metadata.len(), metadata.modified()?))
    };
    if as_is(stand_in).ok() == as_is(&program).ok() {
        return Ok(());
    }
    let folder = stand_in.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Another run may be at the same thing: each renames a whole one into place.
    tempfile::Builder::new()
        .make_in(folder, |path| stand_for(&program, path))
        .and_then(|made| Ok(made.persist(stand_in)?))
        .map(drop)
        .or_fail(ErrorKind::Setup, || format!("failed to write `{}`", stand_in.display()))
}

/// BuildInputs a call under the name of `rustc`, and returns nothing for any other. The answer is an exit code.
pub(crate) fn answer(args: &[OsString]) -> Option<Result<u8>> {
    let (program, rest) = args.split_first()?;
    if Path::new(program).file_stem()? != "rustc" {
        return None;
    }
    let real = env::var_os(REAL)?;
    let flags = env::var(FLAGS).unwrap_or_default();
    let mut command = Command::new(&real);
    command.args(rest);
    if is_for_a_target(rest) {
        command.args(flags.split(SEPARATOR).filter(|flag| !flag.is_empty()));
    }
    Some(become_program(command).with_context(|| format!("failed to start `{}`", real.to_string_lossy())))
}

/// Whether cargo would give its rustflags to this call, too: what runs on the machine itself, as build scripts do, is
/// compiled without `--target`. A file of arguments may hold it.
fn is_for_a_target(args: &[OsString]) -> bool {
    args.iter().map(|arg| arg.to_string_lossy()).any(|arg| arg.starts_with("--target") || arg.starts_with('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_compiled_for_a_target_gets_the_flags() {
        let is_for_a_target = |args: &[&str]| is_for_a_target(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert!(is_for_a_target(&["--crate-name", "a", "--target", "x86_64-unknown-linux-musl"]));
        assert!(is_for_a_target(&["--target=x86_64-unknown-linux-musl", "-vV"]));
        assert!(is_for_a_target(&["@arguments"]));
        assert!(!is_for_a_target(&["--crate-name", "build_script_build", "build.rs"]));
    }

    #[test]
    fn a_toolchain_without_a_compiler_is_left_alone() {
        let rustc = Rustc {
            host: String::new(),
            release: "1.95.0".into(),
            version: "1.95.0".into(),
            sysroot: "/nowhere".into(),
        };
        assert_eq!(detour(&rustc, Path::new("target"), &[], &[]), None);
    }
}
