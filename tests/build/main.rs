//! Proves that a package becomes the zips that its user asked for: the selection, the architectures and the profile are
//! cargo's, the user's settings win, the executable tells nothing of the machine, and a failure leaves the previous zip.
//!
//! Tests that need more than Rust, its targets for Lambda and a C compiler for this machine are ignored by default; their
//! reason names what they need. `.ci/run` installs all of it and runs them too.
#![cfg(unix)]

mod build_std;
mod cargo_lambda;
mod checkouts;
mod debug_symbols;
mod errors;
mod features;
mod first_run;
mod output_format;
mod outputs;
mod rustflags;
mod sccache;
mod settings;
mod target_cpu;
mod trim_paths;
mod workspace;
mod zips;
