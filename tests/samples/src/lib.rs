//! Proves that the built-in sample events have the shape that functions expect: each is read into its type of
//! `aws_lambda_events`, and no field is lost.

#![cfg(test)]

mod contents;
mod shapes;

use std::fs;
use std::path::{Path, PathBuf};

/// The text of a sample.
fn sample(name: &str) -> String {
    let path = directory().join(format!("{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/lambda-local/src/samples")
}
