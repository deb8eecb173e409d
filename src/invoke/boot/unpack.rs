//! Zips unpacked as Lambda does it, after the rules were held against them.
//!
//! The rules keep entries in their folder. This module does not rely on that: a user may have silenced a rule, and the
//! zip may have changed since.

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

/// The permissions that count when a file is unpacked: no set-user-ID, which Lambda ignores, too.
const PERMISSIONS: u32 = 0o777;

/// Unpacks a zip into a folder that may hold what other zips brought. Files that are there already are replaced, as a
/// layer replaces those of the layers before it.
///
/// `budget` is how many bytes may still be written; a zip that needs more is refused.
pub(super) fn unpack(zip: &Path, folder: &Path, budget: &mut u64) -> Result<()> {
    let context = || format!("`{}` cannot be unpacked", zip.display());
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
            place(&mut entry, &name, folder, budget).or_fail(ErrorKind::Rule, context)?;
        }
    }
    // Last of all, so that nothing of this zip is written through them.
    for (name, target) in links {
        link(folder, &name, &target).or_fail(ErrorKind::Rule, context)?;
    }
    Ok(())
}

/// As much as Lambda unpacks for one function, and as much again for a user who looks at a zip that is too large.
pub(super) fn budget() -> u64 {
    UNPACKED_LIMIT * 2
}

fn place(entry: &mut ZipFile<File>, name: &EntryName, folder: &Path, budget: &mut u64) -> Result<()> {
    let path = folder.join(name.as_str());
    if entry.is_dir() {
        return real_folders(folder, Path::new(name.as_str()));
    }
    make_room(folder, name)?;
    let mode = entry.unix_mode().unwrap_or(0o644) & PERMISSIONS;
    // Whoever unpacks it must be able to take it away again.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let written =
        io::copy(&mut entry.take(*budget + 1), &mut file).with_context(|| format!("`{name}` cannot be read"))?;
    *budget = budget
        .checked_sub(written)
        .ok_or_else(|| Failure::new(ErrorKind::Rule, format!("unpacking takes more than {} bytes", self::budget())))?;
    file.set_permissions(PermissionsExt::from_mode(mode))?;
    Ok(())
}

fn link(folder: &Path, name: &EntryName, target: &str) -> Result<()> {
    make_room(folder, name)?;
    Ok(symlink(target, folder.join(name.as_str()))?)
}

/// Makes the folders that an entry is in, and takes away what has its name.
fn make_room(folder: &Path, name: &EntryName) -> Result<()> {
    if let Some(parent) = Path::new(name.as_str()).parent() {
        real_folders(folder, parent)?;
    }
    let path = folder.join(name.as_str());
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => Err(anyhow::anyhow!("`{name}` is a folder already")),
        Ok(_) => Ok(std::fs::remove_file(&path)?),
        Err(_) => Ok(()),
    }
}

/// Makes folders below one another. What is there already must be a folder, and not a link to one: a link of an earlier
/// zip could lead anywhere.
fn real_folders(folder: &Path, names: &Path) -> Result<()> {
    let mut path = folder.to_owned();
    for part in names.components() {
        path.push(part);
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(anyhow::anyhow!("`{}` is in the way of a folder", path.display())),
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

    fn unpacked(folder: &TempDir, zips: &[&[Item]], budget: u64) -> Result<()> {
        let mut budget = budget;
        for (index, items) in zips.iter().enumerate() {
            let path = folder.path().join(format!("{index}.zip"));
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
            unpack(&path, &folder.path().join("task"), &mut budget)?;
        }
        Ok(())
    }

    fn task() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("task")).unwrap();
        folder
    }

    #[test]
    fn modes_and_links_are_kept() {
        let folder = task();
        let items = [Item::File("bin/run", 0o4755, b"x"), Item::File("data", 0o440, b"y"), Item::Link("go", "bin/run")];
        unpacked(&folder, &[&items], 10).unwrap();
        let mode = |name: &str| folder.path().join("task").join(name).metadata().unwrap().permissions().mode();
        assert_eq!((mode("bin/run"), mode("data"), mode("go")), (0o100_755, 0o100_440, 0o100_755));
    }

    #[test]
    fn a_later_layer_replaces_what_an_earlier_one_brought() {
        let folder = task();
        let (first, second) = ([Item::File("lib/a", 0o444, b"old")], [Item::File("lib/a", 0o644, b"new")]);
        unpacked(&folder, &[&first, &second], 10).unwrap();
        assert_eq!(std::fs::read(folder.path().join("task/lib/a")).unwrap(), b"new");
    }

    #[test]
    fn nothing_is_written_through_a_link_or_out_of_the_folder() {
        let escape = [Item::File("../evil", 0o644, b"x")];
        let (link, through) = ([Item::Link("lib", "/tmp")], [Item::File("lib/evil-of-a-test", 0o644, b"x")]);
        for zips in [&[&escape[..]][..], &[&link, &through]] {
            let folder = task();
            let error = unpacked(&folder, zips, 10).unwrap_err();
            assert_eq!(lambda_zip_error::exit_code(&error), 100, "{error:#}");
            assert!(!folder.path().join("evil").exists() && !Path::new("/tmp/evil-of-a-test").exists());
        }
    }

    #[test]
    fn the_budget_bounds_what_is_written() {
        let folder = task();
        let error = unpacked(&folder, &[&[Item::File("a", 0o644, &[0; 100])]], 99).unwrap_err();
        assert!(format!("{error:#}").contains("more than"), "{error:#}");
        assert_eq!(std::fs::metadata(folder.path().join("task/a")).unwrap().len(), 100);
    }
}
