//! `--debug-symbols`: the stripped executable goes into the zip, and the full one, for the debugger, next to the zip. Both
//! have the same build id.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::Result;

use lambda_zip_check::elf::{self, Elf};
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// Writes a stripped copy next to a built executable.
pub(crate) fn split(executable: &Path) -> Result<PathBuf> {
    let shown = executable.display();
    let read = Elf::read(BufReader::new(fs::open(executable)?));
    if read.or_fail(ErrorKind::Build, || format!("failed to read `{shown}`"))?.build_id.is_none() {
        return Err(Failure::new(ErrorKind::Build, format!("`{shown}` has no build id"))
            .hint("`--debug-symbols` needs a linker that supports `--build-id`, as every choice of `--linker` does")
            .into());
    }
    let mut name = executable.file_name().unwrap_or_default().to_owned();
    name.push(".stripped");
    let stripped = executable.with_file_name(name);
    let file = File::create(&stripped);
    file.and_then(|file| elf::strip(BufReader::new(File::open(executable)?), BufWriter::new(file)))
        .or_fail(ErrorKind::Build, || format!("failed to strip `{shown}`"))?;
    Ok(stripped)
}

/// Writes the debug information of a published zip. The file gets its name once it is complete.
pub(crate) fn publish(executable: &Path, path: &Path) -> Result<()> {
    let copied = fs::replace(path, |mut file| {
        std::io::copy(&mut fs::open(executable)?, &mut file)?;
        Ok(())
    });
    copied.or_fail(ErrorKind::Archive, || format!("failed to write `{}`", path.display()))
}
