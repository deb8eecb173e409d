//! `/tmp` of an isolated function, which all its sandboxes share.

use std::path::Path;

use anyhow::Result;

use crate::init::{STORAGE_COMMAND, StorageSetup};
use crate::launcher::Launcher;

/// A process that keeps a file system of limited size. Dropping it removes the file system, unless a sandbox still uses it.
pub(crate) struct Storage(Launcher);

impl Storage {
    /// Creates the file system. The inner error is why the kernel does not allow it.
    pub(crate) async fn start(directory: &Path, megabytes: u32) -> Result<std::result::Result<Self, String>> {
        let setup = StorageSetup { directory: directory.to_owned(), megabytes };
        Ok(Launcher::start(STORAGE_COMMAND, &setup).await?.map(Self))
    }

    /// The id of the process, or `None` if it was killed from outside.
    pub(crate) fn process(&self) -> Option<u32> {
        self.0.process()
    }
}
