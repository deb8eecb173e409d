//! The parts of the public interface that need Linux, on systems that cannot run functions.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{Endpoint, LocalLambda, Output, Progress, Run, SetupError};

/// An unpacked zip. On this system [`Self::unpack`] always fails, so there is none.
#[derive(Debug)]
#[non_exhaustive]
pub struct FunctionFiles {}

impl FunctionFiles {
    /// Fails with [`SetupError::NeedsLinux`].
    pub fn unpack(_: &Path, _: &[PathBuf]) -> Result<Self> {
        Err(SetupError::NeedsLinux.into())
    }

    /// Fails with [`SetupError::NeedsLinux`].
    pub fn empty() -> Result<Self> {
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
}

/// Functions to serve at one address.
#[derive(Debug)]
#[non_exhaustive]
pub struct Server {}

/// Replaces functions while they are served.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Updater {}

impl Updater {
    /// Does nothing.
    pub fn replace(&self, _: LocalLambda) {}
}

impl Server {
    /// A server for functions with different names.
    #[must_use]
    pub fn new(_: Vec<LocalLambda>, _: SocketAddr, _: Endpoint) -> Self {
        Self {}
    }

    /// Replaces functions while the server runs, from any thread.
    #[must_use]
    pub fn updater(&self) -> Updater {
        Updater {}
    }

    /// Fails with [`SetupError::NeedsLinux`].
    pub fn run(self, _: impl Output, _: impl FnMut(Progress<'_>)) -> Result<()> {
        Err(SetupError::NeedsLinux.into())
    }
}

/// Fails with [`SetupError::NeedsLinux`].
pub fn on_interrupt(_: impl FnOnce() + Send + 'static) -> Result<()> {
    Err(SetupError::NeedsLinux.into())
}

/// Returns `None`: there are no sandboxes on this system.
#[must_use]
pub fn try_reexec(_: &[OsString]) -> Option<u8> {
    None
}
