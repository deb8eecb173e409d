//! Whether cargo itself takes the folders of this machine out of executables, by `trim-paths` (RFC 3127).
//!
//! It is unstable in every cargo so far: a cargo that was not told to allow it refuses the key. One that has it trims
//! release builds unasked, and our own remapping would fight with it.

use toml::{Table, Value};

use super::config::{CargoConfig, Rustc};
use super::{CargoCommand, program};
use crate::cli::CargoFlags;

/// The newest Rust of which we know that `trim-paths` is unstable, by the middle number of its version. A newer cargo
/// is asked.
const KNOWN_UNSTABLE: u64 = 97;

/// Whether this cargo takes `trim-paths` for this workspace and these arguments.
pub(super) fn is_known(flags: &CargoFlags, manifest: &Table, config: &CargoConfig, rustc: &Rustc) -> bool {
    let names_it = |value: &Value| value.as_array().is_some_and(|features| features.contains(&"trim-paths".into()));
    if manifest.get("cargo-features").is_some_and(names_it) {
        // Cargo has read this manifest already, and did not refuse it.
        return true;
    }
    let is_new = rustc.release_minor().is_none_or(|minor| minor > KNOWN_UNSTABLE);
    let allowed = flags.unstable.iter().any(|flag| flag.starts_with("trim-paths"))
        || std::env::var_os("CARGO_UNSTABLE_TRIM_PATHS").is_some()
        || config.tables().any(|table| table.get("unstable").is_some_and(|table| table.get("trim-paths").is_some()));
    (is_new || allowed) && is_accepted(flags)
}

/// Lets this cargo read a manifest that has the key. `-Z` flags and `[unstable]` tables count on some cargos only, and it
/// knows best.
fn is_accepted(flags: &CargoFlags) -> bool {
    let manifest = "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n\
                    [profile.release]\ntrim-paths = \"object\"\n";
    let Ok(folder) = tempfile::tempdir() else { return false };
    let path = folder.path().join("Cargo.toml");
    let written = std::fs::write(folder.path().join("lib.rs"), "")
        .and_then(|()| std::fs::write(&path, format!("{manifest}\n[lib]\npath = \"lib.rs\"\n")));
    if written.is_err() {
        return false;
    }
    let mut args = ["metadata", "--format-version=1", "--no-deps", "--manifest-path"].map(Into::into).to_vec();
    args.push(path.into());
    args.extend(flags.common_args().into_iter().map(Into::into));
    CargoCommand { program: program(), args, env: std::collections::BTreeMap::new() }.output().is_some()
}
