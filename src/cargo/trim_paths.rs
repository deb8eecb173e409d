//! Cargo's unstable `trim-paths` (RFC 3127), which keeps paths of this machine out of executables.
//!
//! A cargo that supports it trims release builds by default, and our own flags would conflict with that. A cargo that does
//! not support it, or that was not told to allow it, refuses the key.

use toml::{Table, Value};

use super::config::{CargoConfig, Rustc};
use super::{CargoCommand, program};
use crate::cli::CargoFlags;

/// `trim-paths` is known to be unstable up to this Rust (the middle number of its version). A newer cargo is asked.
const KNOWN_UNSTABLE: u64 = 97;

/// True if this cargo accepts `trim-paths` for this workspace and these arguments. May run cargo.
pub(super) fn is_supported(flags: &CargoFlags, manifest: &Table, config: &CargoConfig, rustc: &Rustc) -> bool {
    let lists_it = |value: &Value| value.as_array().is_some_and(|features| features.contains(&"trim-paths".into()));
    if manifest.get("cargo-features").is_some_and(lists_it) {
        // Cargo has already read this manifest and accepted it.
        return true;
    }
    let is_new = rustc.release_minor().is_none_or(|minor| minor > KNOWN_UNSTABLE);
    let allowed = flags.unstable.iter().any(|flag| flag.starts_with("trim-paths"))
        || std::env::var_os("CARGO_UNSTABLE_TRIM_PATHS").is_some()
        || config.tables().any(|table| table.get("unstable").is_some_and(|table| table.get("trim-paths").is_some()));
    (is_new || allowed) && is_accepted(flags)
}

/// Lets cargo read a manifest with the key. Only cargo knows if it obeys `-Z` flags and `[unstable]` tables.
fn is_accepted(flags: &CargoFlags) -> bool {
    let manifest = "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n\
                    [profile.release]\ntrim-paths = \"object\"\n";
    let Ok(directory) = tempfile::tempdir() else { return false };
    let path = directory.path().join("Cargo.toml");
    let written = std::fs::write(directory.path().join("lib.rs"), "")
        .and_then(|()| std::fs::write(&path, format!("{manifest}\n[lib]\npath = \"lib.rs\"\n")));
    if written.is_err() {
        return false;
    }
    let mut args = ["metadata", "--format-version=1", "--no-deps", "--manifest-path"].map(Into::into).to_vec();
    args.push(path.into());
    args.extend(flags.common_args().into_iter().map(Into::into));
    CargoCommand { program: program(), args, env: std::collections::BTreeMap::new() }.output().is_some()
}
