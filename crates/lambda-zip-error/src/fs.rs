//! The functions of [`std::fs`] with the path in every error: "No such file or directory" alone helps nobody.

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

/// Writes a whole file, replacing one that exists.
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    fs::write(path, contents).with_context(|| format!("failed to write `{}`", path.display()))
}

/// Creates a directory and its missing parents.
pub fn create_dir_all(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    fs::create_dir_all(path).with_context(|| format!("failed to create the directory `{}`", path.display()))
}

/// Replaces a file atomically: `write` fills a temporary file in the same directory, which is then renamed. A missing
/// directory is created. The caller adds the path to the error, because it knows what the file is.
pub fn replace(path: impl AsRef<Path>, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let path = path.as_ref();
    let directory = path.parent().context("it has no parent directory")?;
    create_dir_all(directory)?;
    let mut staged = with_usual_permissions(&mut tempfile::Builder::new()).tempfile_in(directory)?;
    write(staged.as_file_mut())?;
    staged.persist(path)?;
    Ok(())
}

/// The metadata of a path, following symbolic links.
pub fn metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    let path = path.as_ref();
    fs::metadata(path).with_context(|| format!("failed to look at `{}`", path.display()))
}

/// The metadata of a path, which may be a symbolic link itself.
pub fn symlink_metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    let path = path.as_ref();
    fs::symlink_metadata(path).with_context(|| format!("failed to look at `{}`", path.display()))
}

/// The target of a symbolic link.
pub fn read_link(path: impl AsRef<Path>) -> Result<PathBuf> {
    let path = path.as_ref();
    fs::read_link(path).with_context(|| format!("failed to read the link `{}`", path.display()))
}

/// Gives temporary files the permissions of ordinary ones, as the umask has it. By default only their owner can read
/// them, and they keep that when they are renamed to their final path. On Windows nothing has to change.
pub fn with_usual_permissions<'a, 'b, 'c>(
    builder: &'c mut tempfile::Builder<'a, 'b>,
) -> &'c mut tempfile::Builder<'a, 'b> {
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}
