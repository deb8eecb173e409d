//! The build for Windows, run by Wine: it gives the bytes that Linux gives, and what is special about Windows harms
//! nobody.
//!
//! Everything here needs Wine and the build for Windows, so every test is ignored by default. `.ci/run` has both.
#![cfg(unix)]

#[path = "../package/support.rs"]
#[allow(dead_code, reason = "shared with the tests of packaging, which use the rest of it")]
mod support;

mod cargo;
mod held_open;
mod packing;
mod paths;
mod terminal;
mod wine;
