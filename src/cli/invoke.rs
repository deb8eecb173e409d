//! `invoke`: boot a zip on this machine and send it events.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{LAMBDA_OPTIONS, LevelFlags, MessageFormat, OUTPUT_OPTIONS, TerminalFlags};
use lambda_platform::{Arch, Runtime};

const FUNCTION_OPTIONS: &str = "Function Options";

const EXAMPLES: &str = "\
Examples:
  cargo lambda-zip invoke function.zip --event '{\"name\":\"Ada\"}'
  cargo lambda-zip invoke function.zip --event @order.json --event @refund.json --timeout 10
  cargo lambda-zip invoke function.zip --env TABLE=orders --env AWS_PROFILE
  cargo lambda-zip invoke function.zip --serve 127.0.0.1:9000
  aws lambda invoke --endpoint-url http://127.0.0.1:9000 --function-name function --payload '{}' \\
      --cli-binary-format raw-in-base64-out answer.json";

/// Boot a zip here and now, as Lambda would, and send it events
///
/// Holds the zip against the rules, unpacks it, starts its `bootstrap` and the extensions of its layers on a local Runtime
/// API, and sends the events one after the other. What the function answers goes to stdout, its log and Lambda's lines to
/// stderr. It needs Linux.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct InvokeArguments {
    /// Zip of the function
    #[arg(value_name = "ZIP", required_unless_present = "list_events", value_hint = ValueHint::FilePath)]
    pub(crate) zip: Option<PathBuf>,

    /// Event to send: JSON, `@FILE`, `-` for stdin, or the name of a sample (may be repeated) [default: `{}`]
    #[arg(short, long, value_name = "EVENT", allow_hyphen_values = true, conflicts_with = "serve")]
    pub(crate) event: Vec<String>,
    /// List the samples of events that are built in
    #[arg(long, conflicts_with_all = ["zip", "event", "serve"])]
    pub(crate) list_events: bool,
    /// Keep the function up, and take invocations over HTTP at this address of this machine, such as `127.0.0.1:9000`
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    pub(crate) serve: Option<SocketAddr>,
    /// Start anew for each event, where otherwise one start serves them all
    #[arg(long)]
    pub(crate) cold: bool,

    #[command(flatten)]
    pub(crate) function: FunctionFlags,

    /// Architecture of the function: `x86_64` (`amd64`) or `arm64` (`aarch64`) [default: that of the executable]
    #[arg(long, value_name = "ARCH", help_heading = LAMBDA_OPTIONS)]
    pub(crate) arch: Option<Arch>,
    /// Runtime whose rules the zip has to keep, such as `provided.al2023` [default: the newest]
    #[arg(long, value_name = "ID", help_heading = LAMBDA_OPTIONS)]
    pub(crate) runtime: Option<Runtime>,

    #[command(flatten)]
    pub(crate) levels: LevelFlags,

    /// What is printed on stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = OUTPUT_OPTIONS, conflicts_with = "serve")]
    pub(crate) message_format: MessageFormat,

    #[command(flatten)]
    pub(crate) terminal: TerminalFlags,
}

/// How the function is configured, in place of what would be configured in the cloud.
#[derive(Debug, Clone, Args)]
pub(crate) struct FunctionFlags {
    /// Environment variable of the function; NAME alone takes this machine's value (may be repeated)
    #[arg(long, value_name = "NAME[=VALUE]", help_heading = FUNCTION_OPTIONS)]
    pub(crate) env: Vec<String>,
    /// File with an environment variable on each line, as `--env` takes them (may be repeated)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = FUNCTION_OPTIONS)]
    pub(crate) env_file: Vec<PathBuf>,
    /// Zip of a layer, unpacked to `/opt`; its extensions are started (may be repeated)
    #[arg(long, value_name = "ZIP", value_hint = ValueHint::FilePath, help_heading = FUNCTION_OPTIONS)]
    pub(crate) layer: Vec<PathBuf>,
    /// Seconds that an invocation may take, Lambda's own default
    #[arg(
        long, value_name = "SECONDS", default_value_t = 3, help_heading = FUNCTION_OPTIONS,
        value_parser = clap::value_parser!(u32).range(1..=900)
    )]
    pub(crate) timeout: u32,
    /// Cache in MB: a function that takes more is killed [default: 128, and nothing is killed]
    #[arg(
        long, value_name = "MB", help_heading = FUNCTION_OPTIONS,
        value_parser = clap::value_parser!(u32).range(128..=10_240)
    )]
    pub(crate) memory: Option<u32>,
    /// Name of the function [default: from the path of the zip]
    #[arg(long, value_name = "NAME", help_heading = FUNCTION_OPTIONS)]
    pub(crate) function_name: Option<String>,
    /// What keeps the function apart from this machine
    #[arg(long, value_name = "HOW", value_enum, default_value_t, help_heading = FUNCTION_OPTIONS)]
    pub(crate) isolation: IsolationChoice,
}

impl Default for FunctionFlags {
    /// What the flags are where none is typed.
    fn default() -> Self {
        Self {
            env: Vec::new(),
            env_file: Vec::new(),
            layer: Vec::new(),
            timeout: 3,
            memory: None,
            function_name: None,
            isolation: IsolationChoice::default(),
        }
    }
}

/// What keeps the function apart from the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsolationChoice {
    /// Namespaces where the kernel allows them, else nothing, which is said
    #[default]
    Auto,
    /// Namespaces of the kernel: the function sees `/var/task` and `/opt`, and no home folder
    Namespaces,
    /// Nothing: the function sees this machine's files, and its own where `LAMBDA_TASK_ROOT` says
    None,
}

/// An address that only this machine can reach: whoever sends events runs code.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "an address and a port, such as `127.0.0.1:9000`".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("only `127.0.0.1` and `[::1]` are served: anybody who reaches the address runs the function".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::loopback;

    #[test]
    fn only_this_machine_is_served() {
        assert!(loopback("127.0.0.1:9000").is_ok() && loopback("[::1]:9000").is_ok());
        for text in ["0.0.0.0:9000", "192.168.0.1:9000", "localhost", "9000", "[::]:1"] {
            assert!(loopback(text).is_err(), "{text}");
        }
    }
}
