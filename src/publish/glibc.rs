//! The glibc of a built executable, against the version that the user asked for.

use std::io::BufReader;
use std::path::Path;

use anyhow::Result;

use lambda_platform::{SymbolVersion, Target};
use lambda_zip_check::elf::Elf;
use lambda_zip_error::{ErrorKind, Failure, ResultExt, fs};

/// Refuses an executable that needs a newer glibc than the one that the target names. The glibc of the runtime is checked
/// later, with the rest of the zip.
pub(crate) fn check_glibc(target: Target, executable: &Path) -> Result<()> {
    let Some(glibc) = target.glibc else { return Ok(()) };
    let elf = Elf::read(BufReader::new(fs::open(executable)?))
        .or_fail(ErrorKind::Build, || format!("failed to read `{}`", executable.display()))?;
    let Some((need, version)) = elf.highest_need("GLIBC") else { return Ok(()) };
    if version <= SymbolVersion::new(glibc.major, glibc.minor, 0) {
        return Ok(());
    }
    let message = format!("`{}` needs `{}`, which is newer than glibc {glibc}", executable.display(), need.version);
    Err(Failure::new(ErrorKind::Build, message)
        .hint("a library that was compiled elsewhere needs it: compile that library in this build, or ask for a newer glibc")
        .into())
}
