//! Runs after which nothing, or one thing, is different: what is done again, and what is left alone.
//!
//! Nothing here measures time. Work is counted: the calls of cargo and rustc, and the files that are written.

#[path = "../it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the other tests, which use the rest of it")]
mod support;

mod graph;
mod grounds;
mod many;
mod memory;
mod plan;
mod stale;
mod witness;
mod zig;
