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

/// How many files, links and directories are created for one function. No real function comes close.
const ITEMS_LIMIT: u64 = 200_000;

/// How deep directories may be nested.
const DEPTH_LIMIT: usize = 100;

/// What may still be created for one function and its layers.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    bytes: u64,
    items: u64,
}

impl Budget {
    /// Twice the bytes that Lambda unpacks for one function, so that a zip that is somewhat too large can still be tried.
    pub(super) fn new() -> Self {
        Self { bytes: UNPACKED_LIMIT * 2, items: ITEMS_LIMIT }
    }

    fn spend_bytes(&mut self, bytes: u64) -> Result<(), Failure> {
        let too_many = || Failure::new(ErrorKind::Rule, format!("more than {} bytes to unpack", UNPACKED_LIMIT * 2));
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(too_many)?;
        Ok(())
    }

    fn spend_item(&mut self) -> Result<(), Failure> {
        let too_many =
            || Failure::new(ErrorKind::Rule, format!("more than {ITEMS_LIMIT} files and directories to unpack"));
        self.items = self.items.checked_sub(1).ok_or_else(too_many)?;
        Ok(())
    }
}

/// Unpacks a zip into a directory that may have the files of other zips. A file replaces an existing one, as a layer replaces
/// the files of the layers before it. A zip that exceeds the budget is refused.
pub(super) fn unpack(zip: &Path, directory: &Path, budget: &mut Budget) -> Result<()> {
    let context = || format!("failed to unpack `{}`", zip.display());
    let mut archive = ZipArchive::new(fs::open(zip)?).or_fail(ErrorKind::Rule, context)?;
    let mut links = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).or_fail(ErrorKind::Rule, context)?;
        let name = entry.name().or_fail(ErrorKind::Rule, context)?.trim_end_matches('/').to_owned();
        let name = EntryName::new(name).or_fail(ErrorKind::Rule, context)?;
        check_depth(&name).or_fail(ErrorKind::Rule, context)?;
        budget.spend_item().or_fail(ErrorKind::Rule, context)?;
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
        link(directory, &name, &target, budget).or_fail(ErrorKind::Rule, context)?;
    }
    Ok(())
}

fn check_depth(name: &EntryName) -> Result<(), Failure> {
    if name.as_str().split('/').count() <= DEPTH_LIMIT {
        return Ok(());
    }
    Err(Failure::new(ErrorKind::Rule, format!("an entry is nested more than {DEPTH_LIMIT} directories deep")))
}

fn place(entry: &mut ZipFile<File>, name: &EntryName, directory: &Path, budget: &mut Budget) -> Result<()> {
    let path = directory.join(name.as_str());
    if entry.is_dir() {
        return create_directories(directory, Path::new(name.as_str()), budget);
    }
    clear_path(directory, name, budget)?;
    let mode = entry.unix_mode().unwrap_or(0o644) & PERMISSIONS;
    // Written first, then given its mode, which may be read-only.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let written =
        io::copy(&mut entry.take(budget.bytes + 1), &mut file).with_context(|| format!("failed to read `{name}`"))?;
    budget.spend_bytes(written)?;
    file.set_permissions(PermissionsExt::from_mode(mode))?;
    Ok(())
}

fn link(directory: &Path, name: &EntryName, target: &str, budget: &mut Budget) -> Result<()> {
    clear_path(directory, name, budget)?;
    Ok(symlink(target, directory.join(name.as_str()))?)
}

/// Creates the parent directories of an entry, and removes an existing file of its name.
fn clear_path(directory: &Path, name: &EntryName, budget: &mut Budget) -> Result<()> {
    if let Some(parent) = Path::new(name.as_str()).parent() {
        create_directories(directory, parent, budget)?;
    }
    let path = directory.join(name.as_str());
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => Err(anyhow::anyhow!("`{name}` is a directory already")),
        Ok(_) => Ok(std::fs::remove_file(&path)?),
        Err(_) => Ok(()),
    }
}

/// Creates nested directories. An existing one must be a real directory: a link of an earlier zip could lead anywhere.
fn create_directories(directory: &Path, names: &Path, budget: &mut Budget) -> Result<()> {
    let mut path = directory.to_owned();
    for part in names.components() {
        path.push(part);
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(anyhow::anyhow!("`{}` exists and is not a directory", path.display())),
            Err(_) => {
                budget.spend_item()?;
                DirBuilder::new().mode(0o755).create(&path)?;
            }
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

    fn unpacked(directory: &TempDir, zips: &[&[Item]], bytes: u64) -> Result<()> {
        let mut budget = Budget { bytes, items: 20 };
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

    #[test]
    fn files_directories_and_their_depth_are_limited() {
        let names: Vec<_> = (0..21).map(|number| number.to_string()).collect();
        let files: Vec<_> = names.iter().map(|name| Item::File(name, 0o644, b"")).collect();
        let directories = [Item::File("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/file", 0o644, b"")];
        for items in [&files[..], &directories] {
            let error = unpacked(&task(), &[items], 10).unwrap_err();
            assert_eq!(lambda_zip_error::exit_code(&error), 100);
            assert!(format!("{error:#}").contains("files and directories"), "{error:#}");
        }
        unpacked(&task(), &[&files[..20]], 10).unwrap();
        let deep = format!("{}file", "a/".repeat(DEPTH_LIMIT));
        let error = unpacked(&task(), &[&[Item::File(&deep, 0o644, b"")]], 10).unwrap_err();
        assert!(format!("{error:#}").contains("nested"), "{error:#}");
    }
}
