//! The flags that decide how the program talks, the same for every command.

use clap::{ArgAction, Args, ValueEnum};

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}

impl ColorWhen {
    /// The spelling of the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }

    /// What a spelling of the command line or of cargo's configuration means.
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
