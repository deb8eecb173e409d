//! `--debug-symbols`: each executable is parted into the stripped one, which goes into the zip, and the one that a
//! debugger reads, which lies beside the zip. The build id, which both hold, tells that they belong together.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::Result;

use lambda_zip_check::elf::{self, Elf};
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// Strips a built executable into a file beside it.
pub(crate) fn split(executable: &Path) -> Result<PathBuf> {
    let shown = executable.display();
    let read = Elf::read(BufReader::new(fs::open(executable)?));
    if read.or_fail(ErrorKind::Build, || format!("failed to read `{shown}`"))?.build_id.is_none() {
        return Err(Failure::new(ErrorKind::Build, format!("the linker gave `{shown}` no build id"))
            .hint("`--debug-symbols` needs a linker that knows `--build-id`, as all of `--linker` do")
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

/// Puts the debug information beside a published zip, under its final name only once it is complete.
pub(crate) fn publish(executable: &Path, function: &str, zip: &Path) -> Result<PathBuf> {
    let path = beside(function, zip);
    let copied = fs::replace(&path, |file| {
        std::io::copy(&mut fs::open(executable)?, file)?;
        Ok(())
    });
    copied.or_fail(ErrorKind::Archive, || format!("failed to write `{}`", path.display()))?;
    Ok(path)
}

/// `<function>.debug`, or, for a zip with a name of its own, that name, which no other zip has.
fn beside(function: &str, zip: &Path) -> PathBuf {
    let stem = zip.file_stem().unwrap_or_default();
    if stem == "bootstrap" { zip.with_file_name(format!("{function}.debug")) } else { zip.with_extension("debug") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_information_lies_beside_the_zip() {
        assert_eq!(beside("api", Path::new("out/api/bootstrap.zip")), Path::new("out/api/api.debug"));
        assert_eq!(beside("api", Path::new("out/api-arm64.zip")), Path::new("out/api-arm64.debug"));
    }
}
