//! Who links, with what, and what comes out of it: the real binary on packages made for the purpose.
//!
//! Tests that need zig or an emulator are ignored by default; their reason says what they need. `.ci/run` installs all of
//! it and runs them too.

#[path = "../it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the other tests, which use the rest of it")]
mod support;

mod advice;
mod bad_input;
mod build_std;
mod checkouts;
mod configuration;
mod debug_symbols;
mod doctor;
mod dry_run;
mod install_zig;
mod pure_rust;
mod rustflags;
mod sccache;
mod target_cpu;
mod trim_paths;
mod with_c;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes what came out of a zip as a program that can be started.
fn write_program(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
