//! Proves that a run repeats only the work whose inputs have changed, and never reuses what is out of date.
//!
//! Nothing here measures time. The tests count the calls of cargo and rustc, and look at which files were written.
#![cfg(unix)]

mod cache;
mod dependency_graph;
mod inputs;
mod many;
mod plan;
mod random_changes;
mod repackaging;
mod witness;
mod zig;
