//! The `cargo-lambda-zip` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cargo_lambda_zip::run(std::env::args_os()))
}
