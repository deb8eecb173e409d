//! The parts of the public interface that need Linux, on systems that cannot run functions.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{LocalLambda, Output, Progress, Run, SetupError};

/// An unpacked zip. On this system [`Self::unpack`] always fails, so there is none.
#[derive(Debug)]
#[non_exhaustive]
pub struct FunctionFiles {}

impl FunctionFiles {
    /// Fails with [`SetupError::NeedsLinux`].
    pub fn unpack(_: &Path, _: &[PathBuf]) -> Result<Self> {
        Err(SetupError::NeedsLinux.into())
    }

    /// True if the function's own zip has an `extensions` directory.
    #[must_use]
    pub fn has_ignored_extensions(&self) -> bool {
        false
    }
}

impl LocalLambda {
    /// Fails with [`SetupError::NeedsLinux`].
    pub fn run_events(&self, _: &[impl AsRef<[u8]>], _: impl Output, _: impl FnMut(Progress<'_>)) -> Result<Run> {
        Err(SetupError::NeedsLinux.into())
    }

    /// Fails with [`SetupError::NeedsLinux`].
    pub fn serve(&self, _: SocketAddr, _: impl Output, _: impl FnMut(Progress<'_>)) -> Result<()> {
        Err(SetupError::NeedsLinux.into())
    }
}

/// Returns `None`: there are no sandboxes on this system.
#[must_use]
pub fn try_reexec(_: &[OsString]) -> Option<u8> {
    None
}
