//! The process that keeps `/tmp` of a function: a file system in memory, of the size that the function is configured with. It
//! outlives the sandboxes, since on Lambda `/tmp` is kept when a function is started again after a failure.

use std::io::{self, stdin};
use std::path::PathBuf;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use serde::{Deserialize, Serialize};

use super::protocol::Notice;
use super::{namespaces, privileges, send};

/// How many files there may be for each MB: as many as there are pages.
const FILES_PER_MB: u32 = 256;

/// An argument of the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StorageSetup {
    /// The directory to mount the file system on.
    pub(crate) directory: PathBuf,
    pub(crate) megabytes: u32,
}

/// Mounts the file system in a namespace of its own, and keeps it until the caller closes stdin.
pub(super) fn keep(text: &str) -> Result<u8> {
    let StorageSetup { directory, megabytes } = serde_json::from_str(text).context("failed to parse the setup")?;
    privileges::close_inherited_files()?;
    namespaces::enter_for_storage()?;
    // On Lambda every user may write to `/tmp`.
    let options = format!("mode=1777,size={megabytes}m,nr_inodes={}", megabytes.saturating_mul(FILES_PER_MB));
    mount(Some("tmpfs"), &directory, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some(options.as_str()))
        .with_context(|| format!("failed to mount a file system in memory on `{}`", directory.display()))?;
    send(&Notice::Ready);
    io::copy(&mut stdin().lock(), &mut io::sink()).context("failed to read stdin")?;
    Ok(0)
}
