//! Cargo's unstable `build-std`, which compiles the standard library from source. The precompiled one is then not needed.

use super::config::{CargoConfig, Rustc};
use crate::cli::CargoFlags;

/// True if `-Z`, the environment or a config file turns it on, and this cargo accepts unstable options.
pub(super) fn is_enabled(flags: &CargoFlags, config: &CargoConfig, rustc: &Rustc) -> bool {
    // A stable cargo refuses the flag by itself.
    let by_flag = flags.unstable.iter().any(|flag| flag == "build-std" || flag.starts_with("build-std="));
    let configured = || {
        std::env::var_os("CARGO_UNSTABLE_BUILD_STD").is_some_and(|value| !value.is_empty())
            || config.tables().any(|table| table.get("unstable").is_some_and(|table| table.get("build-std").is_some()))
    };
    by_flag || (rustc.allows_unstable() && configured())
}
