//! Checks a function's zip, and fails if Lambda would refuse it or fail to run it.
//!
//! `cargo run -p lambda-zip-check --example check_zip -- function.zip [LAYER.zip …]`

#![expect(clippy::print_stdout, reason = "this is a program of its own")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lambda_platform::{Arch, Runtime};
use lambda_zip_check::{ArchiveKind, Expectation, Rule, check_file, has_errors};
use time::OffsetDateTime;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (zip, layers) = paths.split_first().ok_or("usage: check_zip ZIP [LAYER.zip …]")?;

    let mut expectation = Expectation::new(ArchiveKind::Function, OffsetDateTime::now_utc().date());
    expectation.arch = Some(Arch::Arm64);
    expectation.runtime = Some(Runtime::AL2023);
    expectation.levels.deny(Rule::Secret);

    let layers: Vec<&Path> = layers.iter().map(PathBuf::as_path).collect();
    let findings = check_file(zip, &layers, &expectation)?;
    for finding in &findings {
        println!("{}: {} [{}]\nhint: {}", finding.severity, finding.message, finding.rule, finding.hint);
    }
    Ok(if has_errors(&findings) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
