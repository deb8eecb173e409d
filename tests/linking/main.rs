//! Proves which linker is chosen, that Rust alone is enough for pure Rust, and what the user is told where C code needs
//! more.
//!
//! Tests that need zig or an emulator are ignored by default; their reason names what they need. `.ci/run` installs it and
//! runs them too.
#![cfg(unix)]

mod advice;
mod bad_input;
mod configuration;
mod configuration_keys;
mod doctor;
mod dry_run;
mod install_zig;
mod libraries;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod musl_gcc;
mod pure_rust;
mod same_name;
mod sources;
mod with_c;
