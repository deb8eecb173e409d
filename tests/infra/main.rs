//! Where the zips go from here: what other tools declare and read, and the pipelines that they run in.
//!
//! Tests that need those tools are ignored by default; their reason says which. `.ci/run` installs all of them and runs
//! these tests too.

#[path = "../it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the other tests, which use the rest of it")]
mod support;

mod action;
mod cargo_lambda;
mod deploy;
mod lint;
mod pipelines;
mod release;
mod workflow;
