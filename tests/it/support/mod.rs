//! What the tests share.

mod emulator;
mod fixture;
mod program;
pub(crate) mod tools;
mod zip;

pub(crate) use emulator::{Emulator, Server, free_port};
pub(crate) use fixture::Fixture;
pub(crate) use program::{Program, Run};
pub(crate) use tools::{Toolchain, required, script};
pub(crate) use zip::{Machine, Zip, contains};

use std::path::{Path, PathBuf};

/// The folder of one of the packages in `examples/`.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// The one target directory for everything with dependencies, so that these are compiled once for each target. Tests
/// that use it take turns, as cargo locks it, and each writes its zips to a folder of its own.
pub(crate) fn shared_target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures-target")
}
