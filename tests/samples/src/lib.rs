//! The built-in sample events as functions in Rust meet them: each is read into the type that `aws_lambda_events` has for
//! it, and nothing of it may get lost on the way.

#![cfg(test)]

mod contents;
mod shapes;

use std::fs;
use std::path::{Path, PathBuf};

/// The text of a sample.
fn sample(name: &str) -> String {
    let path = folder().join(format!("{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/lambda-local/src/samples")
}
