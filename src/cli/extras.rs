//! The arguments of `completions` and `man`. They are needed once per machine, so `-h` does not list them.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use clap_complete::Shell;

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  cargo lambda-zip completions bash > ~/.local/share/bash-completion/completions/cargo-lambda-zip
  cargo lambda-zip completions zsh > ~/.zfunc/_cargo-lambda-zip      with ~/.zfunc in fpath
  cargo lambda-zip completions fish > ~/.config/fish/conf.d/cargo-lambda-zip.fish
  cargo lambda-zip completions powershell >> $PROFILE
  cargo lambda-zip completions elvish >> ~/.config/elvish/rc.elv";

const MAN_EXAMPLES: &str = "\
Examples:
  cargo lambda-zip man ~/.local/share/man/man1    then run `man cargo-lambda-zip`
  cargo lambda-zip man | man -l -                 show the main page without writing files";

/// Print a script that completes the command line in a shell
///
/// bash (with bash-completion 2.12 or newer), zsh and fish complete `cargo lambda-zip` as well as `cargo-lambda-zip`.
#[derive(Debug, Args)]
#[command(hide = true, after_long_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArguments {
    /// Shell to print the script for
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: Shell,
}

/// Write the manual pages, one for each command
///
/// Without a directory, the page of the main command is printed.
#[derive(Debug, Args)]
#[command(hide = true, after_long_help = MAN_EXAMPLES)]
pub(crate) struct ManArguments {
    /// Directory to write the pages to; it is created if it is missing
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) directory: Option<PathBuf>,
}
