//! The only writer to stdout.

use std::io::{self, Write, stdout};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;

use deployment_zip::StagedArchive;
use lambda_zip_error::{ErrorKind, ResultExt};

/// Prints one JSON document.
pub(crate) fn print_json(document: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(document).context("failed to write JSON")?;
    text.push('\n');
    print(text.as_bytes())
}

/// Prints paths, one per line.
pub(crate) fn print_paths(paths: &[PathBuf]) -> Result<()> {
    print_lines(paths.iter().map(|path| path.display().to_string()))
}

/// Prints text unchanged.
pub(crate) fn print_text(text: &str) -> Result<()> {
    print(text.as_bytes())
}

/// Prints bytes unchanged.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<()> {
    print(bytes)
}

/// Copies a zip to stdout.
pub(crate) fn print_zip(zip: &StagedArchive) -> Result<()> {
    write_all(|| zip.write_to(&mut stdout().lock()))
}

/// Prints lines.
pub(super) fn print_lines(lines: impl IntoIterator<Item = String>) -> Result<()> {
    print(lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect::<String>().as_bytes())
}

fn print(bytes: &[u8]) -> Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    write_all(|| stdout().lock().write_all(bytes))
}

/// Runs `write`, which writes to stdout, and makes sure that everything arrives.
///
/// A reader that closes its pipe early, such as `head`, has read enough: that is not a failure.
///
/// One failure goes unnoticed: if stdout was closed before the program started, Rust's runtime has opened `/dev/null` in
/// its place.
pub(super) fn write_all(write: impl FnOnce() -> io::Result<()>) -> Result<()> {
    match require_writable().and_then(|()| write()).and_then(|()| stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).or_fail(ErrorKind::Archive, || "failed to write to stdout".into())
        }
        _ => Ok(()),
    }
}

/// Fails if stdout is only open for reading. The standard library takes every write to such a stdout as successful.
#[cfg(unix)]
fn require_writable() -> io::Result<()> {
    use std::os::fd::AsFd;

    std::fs::File::from(stdout().as_fd().try_clone_to_owned()?).write(&[]).map(drop)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the signature is that of the function for Unix")]
fn require_writable() -> io::Result<()> {
    Ok(())
}
