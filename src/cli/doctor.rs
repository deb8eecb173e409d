//! The arguments of `doctor`.

use clap::Args;

use super::{MessageFormat, TerminalFlags};

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Output format on stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) message_format: MessageFormat,
    /// Override a value of cargo's configuration
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    pub(crate) config: Vec<String>,
    #[command(flatten)]
    pub(crate) terminal: TerminalFlags,
}
