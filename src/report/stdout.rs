//! The only writer to stdout.

use std::io::{self, Write, stdout};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;

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
#[cfg(target_os = "linux")]
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<()> {
    print(bytes)
}

/// Prints lines.
pub(super) fn print_lines(lines: impl IntoIterator<Item = String>) -> Result<()> {
    print(lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect::<String>().as_bytes())
}

fn print(bytes: &[u8]) -> Result<()> {
    let mut stdout = stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        // A reader that closes the pipe early, such as `head`, has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("failed to write to stdout"),
        _ => Ok(()),
    }
}
