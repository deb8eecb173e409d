//! Help, the version, and errors in the command line, as `clap` words them.

use std::io::{Write, stdout};

use lambda_zip_error::ErrorKind;

/// Prints help or the version on stdout, or a usage error on stderr, and returns the exit code.
pub(crate) fn print_help_or_error(help_or_error: &clap::Error) -> u8 {
    // A closed stream is no reason to fail.
    let _ = help_or_error.print().and_then(|()| stdout().flush());
    u8::try_from(help_or_error.exit_code()).unwrap_or(ErrorKind::Usage.exit_code())
}
