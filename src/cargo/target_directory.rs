//! Creating cargo's target directory before cargo does.

use std::path::Path;

use anyhow::Result;

use lambda_zip_error::{ErrorKind, ResultExt, fs};

/// Backup tools and archivers skip a directory with this file: <https://bford.info/cachedir/>.
const TAG: &str = "CACHEDIR.TAG";

const TAG_CONTENTS: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This file is a cache directory tag created by cargo.\n\
    # For information about cache directory tags see https://bford.info/cachedir/\n";

/// Creates the target directory with the tag that cargo gives it. Cargo does not add the tag to a directory that exists.
pub(crate) fn create_target_directory(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let failed = || format!("failed to create the target directory `{}`", path.display());
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).or_fail(ErrorKind::Setup, failed)?;
    // As cargo does, the directory gets its name once it has the tag.
    let made = tempfile::Builder::new().prefix(".target-").tempdir_in(parent).or_fail(ErrorKind::Setup, failed)?;
    fs::write(made.path().join(TAG), TAG_CONTENTS).or_fail(ErrorKind::Setup, failed)?;
    match std::fs::rename(made.path(), path) {
        // Another run was faster.
        Err(_) if path.is_dir() => Ok(()),
        renamed => renamed.or_fail(ErrorKind::Setup, failed),
    }
}
