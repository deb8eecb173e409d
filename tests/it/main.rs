//! The program as its users meet it: the real binary, on packages made for the purpose, judged by its exit code, its
//! output and the bytes of its zips.
//!
//! Tests that need more than Rust, its musl targets and a C compiler for this machine are ignored by default; their
//! reason says what they need. `.ci/run` installs all of it and runs them too.

mod support;

mod aws;
mod boot;
mod build;
mod errors;
mod examples;
mod help;
mod pack;
mod settings;
mod workspace;
