//! The flags for verbosity and colours. Every command has them, apart from `completions` and `man`.

use clap::{ArgAction, Args, ValueEnum};

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}

impl ColorWhen {
    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }

    /// Parses a name from the command line or from cargo's configuration.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::Auto, Self::Always, Self::Never].into_iter().find(|when| when.name() == name)
    }
}

#[derive(Debug, Default, Args)]
pub(crate) struct TerminalFlags {
    /// Use verbose output (-vv very verbose/build.rs output)
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Do not print status messages
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Coloring
    #[arg(long, value_name = "WHEN")]
    pub(crate) color: Option<ColorWhen>,
}
