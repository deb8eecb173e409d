//! Where the page goes.

use std::path::{Path, PathBuf};

use anyhow::Result;

use lambda_zip_error::{ErrorKind, Failure};

/// The absolute path of the page, if `--report-html` asks for one.
///
/// `typed` is the value of the flag, relative to `directory`. `files` are the files that the run reads or writes. Their
/// paths are refused, so that the page cannot replace one of them.
pub(crate) fn report_page_path<'a>(
    typed: Option<&Path>,
    directory: &Path,
    files: impl IntoIterator<Item = &'a Path>,
) -> Result<Option<PathBuf>> {
    let Some(typed) = typed else { return Ok(None) };
    let path: PathBuf = directory.join(typed).components().collect();
    let refuse = |reason: &str| {
        let failure = Failure::new(ErrorKind::Usage, format!("`--report-html {}` {reason}", typed.display()));
        Err(failure.hint("name a file for the page, such as `--report-html report.html`").into())
    };
    if path.is_dir() || typed.to_string_lossy().ends_with(std::path::is_separator) {
        return refuse("is a directory");
    }
    let is_same_file = |other: &Path| match (path.canonicalize(), other.canonicalize()) {
        (Ok(path), Ok(other)) => path == other,
        _ => path == other,
    };
    if files.into_iter().any(is_same_file) {
        return refuse("would replace a file that the run reads or writes");
    }
    Ok(Some(path))
}
