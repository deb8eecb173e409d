//! Lets checkouts in different directories share one sccache cache.
//!
//! Without this, our builds would get nothing from a cache that another checkout filled, while a plain `cargo build` gets
//! most registry crates: sccache hashes rustc's arguments, and our `--remap-path-prefix` flags name the directories of this
//! checkout. Leaving the flags out instead would put those directories into the executable. `docs/sccache.md` has the
//! measured hits.
//!
//! So the flags bypass sccache. Cargo gets a link to this program as `RUSTC`. sccache hashes the arguments that cargo
//! passed and runs the link as the compiler; this program then adds the flags and becomes the real rustc (see
//! [`run_as_rustc`]). A cache entry stays correct, because with these flags the output no longer depends on the directories.
//! Everything else that depends on a directory is hashed by sccache: the working directory, and variables that a crate
//! reads, such as `OUT_DIR`.

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

/// The variable with the real rustc.
const REAL: &str = "LAMBDA_ZIP_RUSTC";

/// The variable with the flags to add, encoded as in `CARGO_ENCODED_RUSTFLAGS`.
const FLAGS: &str = "LAMBDA_ZIP_RUSTFLAGS";

/// The variable with the replacements for the directories. sccache hashes variables that start with `CARGO_`, so a crate
/// that was compiled without these flags is never used in place of one that needs them.
const MARK: &str = "CARGO_LAMBDA_ZIP_REMAPPED_TO";

/// The variables that hide `flags` from sccache. `replacements` are the values that the flags put in place of directories.
/// `None` if the toolchain has no rustc in its sysroot.
pub(super) fn hide_flags(
    rustc: &Rustc,
    target_directory: &Path,
    flags: &[String],
    replacements: &[&str],
) -> Option<BTreeMap<String, OsString>> {
    let name = format!("rustc{}", env::consts::EXE_SUFFIX);
    let real = Some(rustc.sysroot.join("bin").join(&name)).filter(|path| path.is_file())?;
    // Cargo and sccache recognize a compiler by its path, so each version of rustc needs a path of its own.
    let stand_in = target_directory.join(".lambda-zip").join(format!("rustc-{}", rustc.version)).join(name);
    Some(BTreeMap::from([
        ("RUSTC".to_owned(), stand_in.into()),
        (REAL.to_owned(), real.into()),
        (FLAGS.to_owned(), flags.join(SEPARATOR).into()),
        (MARK.to_owned(), replacements.join(",").into()),
    ]))
}

/// Creates the link to this program that the command uses as `RUSTC`, if it uses one.
pub(crate) fn prepare(command: &CargoCommand) -> Result<()> {
    if !command.env.contains_key(REAL) {
        return Ok(());
    }
    let stand_in = Path::new(&command.env["RUSTC"]);
    let program = env::current_exe().or_fail(ErrorKind::Setup, || "failed to find the path of this program".into())?;
    let fingerprint = |path: &Path| -> Result<(u64, SystemTime)> {
        let metadata = fs::metadata(path)?;
        Ok((metadata.len(), metadata.modified()?))
    };
    if fingerprint(stand_in).ok() == fingerprint(&program).ok() {
        return Ok(());
    }
    let directory = stand_in.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    // Another run may do the same now, so the link is renamed into place.
    tempfile::Builder::new()
        .make_in(directory, |path| stand_for(&program, path))
        .and_then(|made| Ok(made.persist(stand_in)?))
        .map(drop)
        .or_fail(ErrorKind::Setup, || format!("failed to write `{}`", stand_in.display()))
}

/// Becomes rustc if this program was called under that name. `None` for every other call. Where a process cannot become
/// another program, rustc runs to its end, and its exit code is returned.
pub(crate) fn run_as_rustc(args: &[OsString]) -> Option<Result<u8>> {
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

/// True if cargo gives its rustflags to this call. Code for the host, such as build scripts, is compiled without `--target`.
/// The flag may also be in an argument file.
fn is_for_a_target(args: &[OsString]) -> bool {
    args.iter().map(|arg| arg.to_string_lossy()).any(|arg| arg.starts_with("--target") || arg.starts_with('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_for_the_host_gets_no_flags() {
        let is_for_a_target = |args: &[&str]| is_for_a_target(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert!(is_for_a_target(&["--crate-name", "a", "--target", "x86_64-unknown-linux-musl"]));
        assert!(is_for_a_target(&["--target=x86_64-unknown-linux-musl", "-vV"]));
        assert!(is_for_a_target(&["@arguments"]));
        assert!(!is_for_a_target(&["--crate-name", "build_script_build", "build.rs"]));
    }

    #[test]
    fn a_toolchain_without_rustc_in_its_sysroot_is_not_replaced() {
        let rustc = Rustc {
            host: String::new(),
            release: "1.95.0".into(),
            version: "1.95.0".into(),
            sysroot: "/nowhere".into(),
        };
        assert_eq!(hide_flags(&rustc, Path::new("target"), &[], &[]), None);
    }
}
