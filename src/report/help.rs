//! Help, the version, and errors in the command line, as `clap` words them.

use super::stdout;
use crate::shell::Shell;
use lambda_zip_error::ErrorKind;

/// Prints help or the version on stdout, or a usage error on stderr, and returns the exit code.
pub(crate) fn print_help_or_error(help_or_error: &clap::Error) -> u8 {
    if help_or_error.use_stderr() {
        // Like all messages: failing to print it changes nothing.
        let _ = help_or_error.print();
    } else if let Err(failure) = stdout::write_all(|| help_or_error.print()) {
        Shell::default().error(&failure);
        return lambda_zip_error::exit_code(&failure);
    }
    u8::try_from(help_or_error.exit_code()).unwrap_or(ErrorKind::Usage.exit_code())
}
