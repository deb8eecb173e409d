//! The commands that set a machine up for the program. They are typed once, so `-h` does not list them.

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
  cargo lambda-zip man ~/.local/share/man/man1    then: man cargo-lambda-zip
  cargo lambda-zip man | man -l -                 look at one page, write none";

/// Print what lets a shell complete the command line of this program
///
/// In bash (with bash-completion 2.12 or newer), zsh and fish `cargo lambda-zip` is completed as well as
/// `cargo-lambda-zip`.
#[derive(Debug, Args)]
#[command(hide = true, after_long_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArguments {
    /// Shell to print the completions of
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: Shell,
}

/// Write the manual pages, one for each command
///
/// Without a folder, the page of the main command is printed.
#[derive(Debug, Args)]
#[command(hide = true, after_long_help = MAN_EXAMPLES)]
pub(crate) struct ManArguments {
    /// Folder to write the pages to, made if it is missing
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<PathBuf>,
}
