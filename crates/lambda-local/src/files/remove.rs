//! Removes directory trees of any depth, with short paths and few open files.

use std::fs::{self, DirEntry, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Removes everything in a directory. Links are not followed.
///
/// The contents of a directory move up to the top before the directory is removed, so that no path is longer than three
/// levels. Nothing else may use the tree meanwhile.
pub(super) fn remove_contents(top: &Path) -> io::Result<()> {
    make_accessible(top)?;
    let mut moved: u64 = 0;
    loop {
        let entries: Vec<DirEntry> = fs::read_dir(top)?.collect::<io::Result<_>>()?;
        if entries.is_empty() {
            return Ok(());
        }
        for entry in entries {
            if !entry.file_type()?.is_dir() {
                fs::remove_file(entry.path())?;
                continue;
            }
            make_accessible(&entry.path())?;
            for inner in fs::read_dir(entry.path())? {
                let inner = inner?;
                if inner.file_type()?.is_dir() {
                    // Moving a directory changes its `..`, which takes write access to it.
                    make_accessible(&inner.path())?;
                    moved = rename_to_free_name(&inner.path(), top, moved)?;
                } else {
                    fs::remove_file(inner.path())?;
                }
            }
            fs::remove_dir(entry.path())?;
        }
    }
}

/// Moves a directory to the top, under a number. Returns the next number.
fn rename_to_free_name(directory: &Path, top: &Path, mut number: u64) -> io::Result<u64> {
    loop {
        let target = top.join(format!("moved-{number}"));
        number += 1;
        if target.symlink_metadata().is_err() {
            return fs::rename(directory, target).map(|()| number);
        }
    }
}

fn make_accessible(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_tree_without_permissions_is_removed_and_links_are_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (top, outside) = (directory.path().join("top"), directory.path().join("outside"));
        fs::create_dir_all(top.join("a/b/c/d")).unwrap();
        fs::create_dir_all(top.join("moved-0/e")).unwrap();
        fs::write(top.join("a/b/c/d/file"), "x").unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("kept"), "x").unwrap();
        symlink(&outside, top.join("a/link")).unwrap();
        symlink(&outside, top.join("link")).unwrap();
        for path in ["a/b/c", "a/b", "a"] {
            fs::set_permissions(top.join(path), Permissions::from_mode(0o000)).unwrap();
        }
        remove_contents(&top).unwrap();
        assert_eq!(fs::read_dir(&top).unwrap().count(), 0);
        assert!(outside.join("kept").exists());
    }
}
