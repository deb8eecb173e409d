//! `--output-format binary`: the contents of a checked zip as files in a directory.

use std::collections::BTreeSet;
use std::io::{Read, copy};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;
use zip::ZipArchive;

use crate::platform::symlink_file;
use deployment_zip::{Archive, Collected, Entry, StagedArchive};
use lambda_zip_error::{ErrorKind, Failure, ResultExt, fs};

/// Writes the files of a zip, and removes those of an earlier run that are not in it. Each file is replaced as a whole, the
/// executable of a function last.
pub(super) fn publish(staged: &StagedArchive, directory: &Path, previous: &[PathBuf]) -> Result<Archive> {
    let failed = || format!("failed to write the files to `{}`", directory.display());
    write(staged, directory, previous).or_fail(ErrorKind::Archive, failed)?;
    Ok(staged.archive().clone())
}

fn write(staged: &StagedArchive, directory: &Path, previous: &[PathBuf]) -> Result<()> {
    fs::create_dir_all(directory)?;
    let paths: BTreeSet<_> = paths(staged.archive(), directory).collect();
    // An old link must not lead a new file elsewhere, so they go first.
    for path in previous.iter().filter(|path| !paths.contains(*path)) {
        remove(path, directory)?;
    }
    let mut zip = ZipArchive::new(staged.reader()).context("failed to read the zip back")?;
    for index in (0..zip.len()).rev() {
        let mut entry = zip.by_index(index)?;
        let name = entry.name()?.into_owned();
        let path = directory.join(&name);
        let mode = entry.unix_mode().unwrap_or_default();
        if entry.is_dir() {
            create_directories(directory, Path::new(&name))?;
            continue;
        }
        let parent = Path::new(&name).parent().unwrap_or(Path::new(""));
        create_directories(directory, parent)?;
        let place = directory.join(parent);
        if entry.is_symlink() {
            let mut target = String::new();
            entry.read_to_string(&mut target)?;
            let link = tempfile::Builder::new().make_in(&place, |path| symlink_file(&target, path));
            link.and_then(|link| Ok(link.persist(&path)?))
                .with_context(|| format!("failed to write the link `{name}`"))?;
        } else {
            let mut file = NamedTempFile::new_in(&place)?;
            copy(&mut entry, &mut file).with_context(|| format!("failed to write `{name}`"))?;
            set_mode(&file, mode)?;
            file.persist(&path).with_context(|| format!("failed to write `{name}`"))?;
        }
    }
    Ok(())
}

/// The paths of the files and links of a zip.
pub(super) fn paths(archive: &Archive, directory: &Path) -> impl Iterator<Item = PathBuf> {
    let names = archive.entries.iter().map(|entry| &entry.name);
    names.filter(|name| !name.ends_with('/')).map(|name| directory.join(name))
}

/// Creates nested directories. An existing one must be a real directory: a link could lead anywhere.
fn create_directories(directory: &Path, names: &Path) -> Result<()> {
    let mut path = directory.to_owned();
    for part in names.components().filter(|part| matches!(part, Component::Normal(_))) {
        path.push(part);
        match path.symlink_metadata() {
            Ok(metadata) => ensure!(metadata.is_dir(), "`{}` exists and is not a directory", path.display()),
            Err(_) => fs::create_dir_all(&path)?,
        }
    }
    Ok(())
}

/// Removes a file of an earlier run, and the directories that it leaves empty.
fn remove(path: &Path, directory: &Path) -> Result<()> {
    if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) {
        std::fs::remove_file(path).with_context(|| format!("failed to remove `{}`", path.display()))?;
    }
    let above = path.ancestors().skip(1).take_while(|above| above.starts_with(directory) && *above != directory);
    // A directory that is not empty stays, and so do those above it.
    let _ = above.map(std::fs::remove_dir).try_for_each(|removed| removed);
    Ok(())
}

#[cfg(unix)]
fn set_mode(file: &NamedTempFile, mode: u32) -> Result<()> {
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode & 0o777);
    Ok(file.as_file().set_permissions(permissions)?)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the signature is that of the function for Unix")]
fn set_mode(_: &NamedTempFile, _: u32) -> Result<()> {
    Ok(())
}

/// Refuses to replace a file that goes into the zip.
pub(super) fn refuse_own_files(collected: &Collected, directory: &Path) -> Result<()> {
    let is_replaced = |entry: &&Entry| {
        let written = directory.join(entry.name.as_str());
        let source = entry.file().map(Path::canonicalize);
        matches!((source, written.canonicalize()), (Some(Ok(source)), Ok(written)) if source == written)
    };
    let Some(entry) = collected.entries.entries().iter().find(is_replaced) else { return Ok(()) };
    let path = directory.join(entry.name.as_str());
    let message = format!("the output would replace `{}`, which goes into it", path.display());
    Err(Failure::new(ErrorKind::Usage, message).hint("write to another directory with `--output`").into())
}
