//! Unpacks zips as Lambda does.
//!
//! A caller may have checked the zip, but this module does not rely on that: nothing is written outside of the directory,
//! whatever the zip contains.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use anyhow::{Context, Result};
use zip::ZipArchive;
use zip::read::ZipFile;

use deployment_zip::EntryName;
use lambda_platform::limits::UNPACKED_LIMIT;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// The permission bits that are applied. Like Lambda, it drops set-user-ID.
const PERMISSIONS: u32 = 0o777;

/// Unpacks a zip into a directory that may have the files of other zips. A file replaces an existing one, as a layer replaces
/// the files of the layers before it.
///
/// `budget` is how many bytes may still be written. A zip that needs more is refused.
pub(crate) fn unpack(zip: &Path, directory: &Path, budget: &mut u64) -> Result<()> {
    let context = || format!("failed to unpack `{}`", zip.display());
    let mut archive = ZipArchive::new(fs::open(zip)?).or_fail(ErrorKind::Rule, context)?;
    let mut links = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).or_fail(ErrorKind::Rule, context)?;
        let name = entry.name().or_fail(ErrorKind::Rule, context)?.trim_end_matches('/').to_owned();
        let name = EntryName::new(name).or_fail(ErrorKind::Rule, context)?;
        if entry.is_symlink() {
            let mut target = String::new();
            entry.by_ref().take(4096).read_to_string(&mut target).or_fail(ErrorKind::Rule, context)?;
            links.push((name, target));
        } else {
            place(&mut entry, &name, directory, budget).or_fail(ErrorKind::Rule, context)?;
        }
    }
    // Created last, so that no entry of this zip is written through a link.
    for (name, target) in links {
        link(directory, &name, &target).or_fail(ErrorKind::Rule, context)?;
    }
    Ok(())
}

/// Twice what Lambda unpacks for one function, so that a zip that is somewhat too large can still be tried.
pub(crate) fn budget() -> u64 {
    UNPACKED_LIMIT * 2
}

fn place(entry: &mut ZipFile<File>, name: &EntryName, directory: &Path, budget: &mut u64) -> Result<()> {
    let path = directory.join(name.as_str());
    if entry.is_dir() {
        return create_directories(directory, Path::new(name.as_str()));
    }
    clear_path(directory, name)?;
    let mode = entry.unix_mode().unwrap_or(0o644) & PERMISSIONS;
    // Written first, then given its mode, which may be read-only.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let written =
        io::copy(&mut entry.take(*budget + 1), &mut file).with_context(|| format!("failed to read `{name}`"))?;
    *budget = budget
        .checked_sub(written)
        .ok_or_else(|| Failure::new(ErrorKind::Rule, format!("unpacking takes more than {} bytes", self::budget())))?;
    file.set_permissions(PermissionsExt::from_mode(mode))?;
    Ok(())
}

fn link(directory: &Path, name: &EntryName, target: &str) -> Result<()> {
    clear_path(directory, name)?;
    Ok(symlink(target, directory.join(name.as_str()))?)
}

/// Creates the parent directories of an entry, and removes an existing file of its name.
fn clear_path(directory: &Path, name: &EntryName) -> Result<()> {
    if let Some(parent) = Path::new(name.as_str()).parent() {
        create_directories(directory, parent)?;
    }
    let path = directory.join(name.as_str());
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => Err(anyhow::anyhow!("`{name}` is a directory already")),
        Ok(_) => Ok(std::fs::remove_file(&path)?),
        Err(_) => Ok(()),
    }
}

/// Creates nested directories. An existing one must be a real directory: a link of an earlier zip could lead anywhere.
fn create_directories(directory: &Path, names: &Path) -> Result<()> {
    let mut path = directory.to_owned();
    for part in names.components() {
        path.push(part);
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(anyhow::anyhow!("`{}` exists and is not a directory", path.display())),
            Err(_) => DirBuilder::new().mode(0o755).create(&path)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tempfile::TempDir;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    enum Item<'a> {
        File(&'a str, u32, &'a [u8]),
        Link(&'a str, &'a str),
    }

    fn unpacked(directory: &TempDir, zips: &[&[Item]], budget: u64) -> Result<()> {
        let mut budget = budget;
        for (index, items) in zips.iter().enumerate() {
            let path = directory.path().join(format!("{index}.zip"));
            let mut writer = ZipWriter::new(File::create(&path).unwrap());
            for item in *items {
                match item {
                    Item::File(name, mode, contents) => {
                        writer.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
                        writer.write_all(contents).unwrap();
                    }
                    Item::Link(name, target) => {
                        writer.add_symlink(*name, *target, SimpleFileOptions::default()).unwrap();
                    }
                }
            }
            writer.finish().unwrap();
            unpack(&path, &directory.path().join("task"), &mut budget)?;
        }
        Ok(())
    }

    fn task() -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("task")).unwrap();
        directory
    }

    #[test]
    fn modes_and_links_are_kept() {
        let directory = task();
        let items = [Item::File("bin/run", 0o4755, b"x"), Item::File("data", 0o440, b"y"), Item::Link("go", "bin/run")];
        unpacked(&directory, &[&items], 10).unwrap();
        let mode = |name: &str| directory.path().join("task").join(name).metadata().unwrap().permissions().mode();
        assert_eq!((mode("bin/run"), mode("data"), mode("go")), (0o100_755, 0o100_440, 0o100_755));
    }

    #[test]
    fn a_later_layer_replaces_files_of_an_earlier_one() {
        let directory = task();
        let (first, second) = ([Item::File("lib/a", 0o444, b"old")], [Item::File("lib/a", 0o644, b"new")]);
        unpacked(&directory, &[&first, &second], 10).unwrap();
        assert_eq!(std::fs::read(directory.path().join("task/lib/a")).unwrap(), b"new");
    }

    #[test]
    fn nothing_is_written_through_a_link_or_outside_of_the_directory() {
        let escape = [Item::File("../evil", 0o644, b"x")];
        let (link, through) = ([Item::Link("lib", "/tmp")], [Item::File("lib/evil-of-a-test", 0o644, b"x")]);
        for zips in [&[&escape[..]][..], &[&link, &through]] {
            let directory = task();
            let error = unpacked(&directory, zips, 10).unwrap_err();
            assert_eq!(lambda_zip_error::exit_code(&error), 100, "{error:#}");
            assert!(!directory.path().join("evil").exists() && !Path::new("/tmp/evil-of-a-test").exists());
        }
    }

    #[test]
    fn the_budget_limits_what_is_written() {
        let directory = task();
        let error = unpacked(&directory, &[&[Item::File("a", 0o644, &[0; 100])]], 99).unwrap_err();
        assert!(format!("{error:#}").contains("more than"), "{error:#}");
        assert_eq!(std::fs::metadata(directory.path().join("task/a")).unwrap().len(), 100);
    }
}
