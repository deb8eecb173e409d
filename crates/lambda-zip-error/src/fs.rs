//! `std::fs` with the path in every error: "No such file or directory" alone helps nobody.

use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Opens a file for reading.
pub fn open(path: impl AsRef<Path>) -> Result<File> {
    let path = path.as_ref();
    File::open(path).with_context(|| format!("failed to open `{}`", path.display()))
}

/// Reads a whole file.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))
}

/// Reads a whole text file.
pub fn read_to_string(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))
}

/// Writes a whole file, in place of one that is there.
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    fs::write(path, contents).with_context(|| format!("failed to write `{}`", path.display()))
}

/// Creates a folder and those above it.
pub fn create_dir_all(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    fs::create_dir_all(path).with_context(|| format!("failed to create the folder `{}`", path.display()))
}

/// Puts a file at a path in one go, in place of one that is there: `write` fills one beside it, which then gets the name.
/// The folder is made if need be. An error says what failed, and leaves the path to whoever knows what the file is.
pub fn replace(path: impl AsRef<Path>, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let path = path.as_ref();
    let folder = path.parent().context("it lies in no folder")?;
    create_dir_all(folder)?;
    let mut staged = with_usual_permissions(&mut tempfile::Builder::new()).tempfile_in(folder)?;
    write(staged.as_file_mut())?;
    staged.persist(path)?;
    Ok(())
}

/// What the file system says of a path, following links.
pub fn metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    let path = path.as_ref();
    fs::metadata(path).with_context(|| format!("failed to look at `{}`", path.display()))
}

/// What the file system says of a path itself, a link included.
pub fn symlink_metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    let path = path.as_ref();
    fs::symlink_metadata(path).with_context(|| format!("failed to look at `{}`", path.display()))
}

/// Where a link points.
pub fn read_link(path: impl AsRef<Path>) -> Result<PathBuf> {
    let path = path.as_ref();
    fs::read_link(path).with_context(|| format!("failed to read the link `{}`", path.display()))
}

/// Makes temporary files as readable as any file that the user makes. They become the user's by being renamed, and what is
/// right for a temporary one, that nobody else may read it, is not for those. Windows has no such difference.
pub fn with_usual_permissions<'a, 'b, 'c>(
    builder: &'c mut tempfile::Builder<'a, 'b>,
) -> &'c mut tempfile::Builder<'a, 'b> {
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}
