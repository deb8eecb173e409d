//! This program under another name, for tools that start a program by its name.

use std::env;
use std::path::Path;
use std::time::SystemTime;

use anyhow::Result;

use crate::platform::stand_for;
use lambda_zip_error::{ErrorKind, ResultExt, fs};

/// Makes this program available at `path`: as a link, or as a copy where links need privileges. An existing one is replaced
/// if it is another build of the program.
pub(crate) fn create(path: &Path) -> Result<()> {
    let program = env::current_exe().or_fail(ErrorKind::Setup, || "failed to find the path of this program".into())?;
    let fingerprint = |path: &Path| -> Result<(u64, SystemTime)> {
        let metadata = fs::metadata(path)?;
        Ok((metadata.len(), metadata.modified()?))
    };
    if fingerprint(path).ok() == fingerprint(&program).ok() {
        return Ok(());
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    // Another run may do the same now, so the link is renamed into place.
    tempfile::Builder::new()
        .make_in(directory, |path| stand_for(&program, path))
        .and_then(|made| Ok(made.persist(path)?))
        .map(drop)
        .or_fail(ErrorKind::Setup, || format!("failed to write `{}`", path.display()))
}
