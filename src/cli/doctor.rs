//! `doctor`: what this machine can build.

use clap::Args;

use super::{MessageFormat, TerminalFlags};

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// What is printed on stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) message_format: MessageFormat,
    /// Override a configuration value of cargo's
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    pub(crate) config: Vec<String>,
    #[command(flatten)]
    pub(crate) terminal: TerminalFlags,
}
