//! Proves, under Wine, that the build for Windows gives the bytes that Linux gives, and copes with what only Windows has.
//!
//! Everything here needs Wine and the build for Windows, so every test is ignored by default. `.ci/run` has both.
#![cfg(unix)]

mod cargo;
mod held_open;
mod packing;
mod paths;
mod terminal;
