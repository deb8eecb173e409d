//! Temporary files that are removed even if a signal ends the process.
//!
//! Destructors do not run if a signal ends a process. So each [`ScratchFile`] is in a list, and the handler of signals
//! calls [`remove_all`].

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::{Builder, NamedTempFile};

/// The files that exist now.
static EXISTING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn existing() -> MutexGuard<'static, Vec<PathBuf>> {
    EXISTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary file. Dropping it deletes the file, and so does [`remove_all`].
#[derive(Debug)]
pub struct ScratchFile {
    /// Empty only while the value is dropped.
    file: Option<NamedTempFile>,
}

impl ScratchFile {
    /// Creates a file in this directory.
    pub fn create_in(directory: impl AsRef<Path>, builder: &mut Builder<'_, '_>) -> io::Result<Self> {
        let mut existing = existing();
        let file = builder.tempfile_in(directory)?;
        existing.push(file.path().to_owned());
        Ok(Self { file: Some(file) })
    }

    fn file(&self) -> &NamedTempFile {
        self.file.as_ref().expect("the file is there until the value is dropped")
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file().path()
    }

    /// The open file.
    #[must_use]
    pub fn as_file(&self) -> &File {
        self.file().as_file()
    }

    /// Renames the file, replacing one that exists. If that fails, the file is deleted.
    pub fn persist(mut self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut existing = existing();
        let Some(file) = self.file.take() else { return Ok(()) };
        forget(&mut existing, file.path());
        file.persist(path)?;
        Ok(())
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        let mut existing = existing();
        if let Some(file) = self.file.take() {
            forget(&mut existing, file.path());
        }
    }
}

fn forget(existing: &mut Vec<PathBuf>, path: &Path) {
    existing.retain(|other| other != path);
}

/// Deletes every scratch file. Call it right before the process ends: from then on, a thread that creates, renames or drops a
/// scratch file waits forever.
pub fn remove_all() {
    let existing = existing();
    for path in existing.iter() {
        // Nothing can be done about a file that cannot be deleted.
        let _ = std::fs::remove_file(path);
    }
    std::mem::forget(existing);
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    // `remove_all` stops every other user of scratch files, so it is tested through the program.
    #[test]
    fn a_file_is_listed_until_it_is_renamed_or_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let create = || ScratchFile::create_in(directory.path(), &mut Builder::new()).unwrap();
        let is_listed = |path: &Path| existing().iter().any(|listed| listed == path);

        let (renamed, dropped) = (create(), create());
        let paths = [renamed.path().to_owned(), dropped.path().to_owned()];
        assert!(paths.iter().all(|path| path.is_file() && is_listed(path)));
        renamed.persist(directory.path().join("final")).unwrap();
        drop(dropped);
        assert!(!paths.iter().any(|path| path.exists() || is_listed(path)));
        assert!(fs::exists(directory.path().join("final")).unwrap());
    }

    #[test]
    fn a_file_that_cannot_be_renamed_is_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let scratch = ScratchFile::create_in(directory.path(), &mut Builder::new()).unwrap();
        scratch.persist(directory.path().join("missing/final")).unwrap_err();
        assert_eq!(directory.path().read_dir().unwrap().count(), 0);
    }
}
