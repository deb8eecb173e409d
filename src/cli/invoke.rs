//! The flags of `invoke`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{LAMBDA_OPTIONS, LevelFlags, MessageFormat, OUTPUT_OPTIONS, TerminalFlags};
use lambda_platform::limits::{
    CONCURRENCY_LIMIT, DEFAULT_EPHEMERAL_STORAGE, EPHEMERAL_STORAGE_LIMIT, MANAGED_TIMEOUT_LIMIT,
};
use lambda_platform::{Arch, Runtime};

/// The longest name of a function.
pub(crate) const FUNCTION_NAME_LIMIT: usize = 64;

const FUNCTION_OPTIONS: &str = "Function Options";

const EXAMPLES: &str = "\
Examples:
  cargo lambda-zip invoke function.zip --event '{\"name\":\"Ada\"}'
  cargo lambda-zip invoke function.zip --event @order.json --event @refund.json --timeout 10
  cargo lambda-zip invoke function.zip --env TABLE=orders --env AWS_PROFILE
  cargo lambda-zip invoke function.zip --serve 127.0.0.1:9000
  aws lambda invoke --endpoint-url http://127.0.0.1:9000 --function-name function --payload '{}' \\
      --cli-binary-format raw-in-base64-out answer.json";

/// Boot a zip on this machine, as Lambda would, and send it events
///
/// Checks the zip, unpacks it, starts its `bootstrap` and the extensions of its layers on a local Runtime API, and sends the
/// events one after the other. Responses go to stdout, the log goes to stderr. Needs Linux.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct InvokeArguments {
    /// Zip of the function
    #[arg(value_name = "ZIP", required_unless_present = "list_events", value_hint = ValueHint::FilePath)]
    pub(crate) zip: Option<PathBuf>,

    /// Event to send: JSON, `@FILE`, `-` for stdin, or the name of a sample (may be repeated) [default: `{}`]
    #[arg(short, long, value_name = "EVENT", allow_hyphen_values = true, conflicts_with = "serve")]
    pub(crate) event: Vec<String>,
    /// List the sample events
    #[arg(long, conflicts_with_all = ["zip", "event", "serve"])]
    pub(crate) list_events: bool,
    /// Serve Lambda's Invoke API at this loopback address, such as `127.0.0.1:9000`, until Ctrl-C
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    pub(crate) serve: Option<SocketAddr>,
    /// Start the function again for each event
    #[arg(long)]
    pub(crate) cold: bool,

    #[command(flatten)]
    pub(crate) function: FunctionFlags,

    /// Architecture of the function: `x86_64` (`amd64`) or `arm64` (`aarch64`) [default: that of the executable]
    #[arg(long, value_name = "ARCH", help_heading = LAMBDA_OPTIONS)]
    pub(crate) arch: Option<Arch>,
    /// Runtime to check the zip for, such as `provided.al2023` [default: the newest]
    #[arg(long, value_name = "ID", help_heading = LAMBDA_OPTIONS)]
    pub(crate) runtime: Option<Runtime>,

    #[command(flatten)]
    pub(crate) levels: LevelFlags,

    /// Format of stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = OUTPUT_OPTIONS, conflicts_with = "serve")]
    pub(crate) message_format: MessageFormat,

    #[command(flatten)]
    pub(crate) terminal: TerminalFlags,
}

/// The configuration that the function would have in the cloud.
#[derive(Debug, Clone, Args)]
pub(crate) struct FunctionFlags {
    /// Environment variable of the function; NAME alone passes on this machine's value (may be repeated)
    #[arg(long, value_name = "NAME[=VALUE]", help_heading = FUNCTION_OPTIONS)]
    pub(crate) env: Vec<String>,
    /// File with one `--env` argument on each line (may be repeated)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = FUNCTION_OPTIONS)]
    pub(crate) env_file: Vec<PathBuf>,
    /// Zip of a layer, unpacked to `/opt`; its extensions are started (may be repeated)
    #[arg(long, value_name = "ZIP", value_hint = ValueHint::FilePath, help_heading = FUNCTION_OPTIONS)]
    pub(crate) layer: Vec<PathBuf>,
    /// Seconds that an invocation may take, up to 1,800, or 5,400 with `--concurrency`
    #[arg(
        long, value_name = "SECONDS", default_value_t = 3, help_heading = FUNCTION_OPTIONS,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MANAGED_TIMEOUT_LIMIT))
    )]
    pub(crate) timeout: u32,
    /// Memory in MB; a function that uses more is killed [default: 128, not enforced]
    #[arg(
        long, value_name = "MB", help_heading = FUNCTION_OPTIONS,
        value_parser = clap::value_parser!(u32).range(128..=32_768)
    )]
    pub(crate) memory: Option<u32>,
    /// Size of `/tmp` in MB, 512 to 10,240; enforced if the function is isolated
    #[arg(
        long, value_name = "MB", default_value_t = DEFAULT_EPHEMERAL_STORAGE, help_heading = FUNCTION_OPTIONS,
        value_parser = clap::value_parser!(u32)
            .range(i64::from(DEFAULT_EPHEMERAL_STORAGE)..=i64::from(EPHEMERAL_STORAGE_LIMIT))
    )]
    pub(crate) ephemeral_storage: u32,
    /// Invocations to run at once in one environment, as on Lambda Managed Instances, up to 1,600
    #[arg(
        long, value_name = "N", help_heading = FUNCTION_OPTIONS, conflicts_with = "cold",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(CONCURRENCY_LIMIT))
    )]
    pub(crate) concurrency: Option<u32>,
    /// Slow down streamed responses as Lambda does: 2 MB a second after the first 6 MB
    #[arg(long, help_heading = FUNCTION_OPTIONS)]
    pub(crate) throttle_streams: bool,
    /// Name of the function [default: from the path of the zip]
    #[arg(long, value_name = "NAME", value_parser = function_name, help_heading = FUNCTION_OPTIONS)]
    pub(crate) function_name: Option<String>,
    /// How to isolate the function from this machine
    #[arg(long, value_name = "HOW", value_enum, default_value_t, help_heading = FUNCTION_OPTIONS)]
    pub(crate) isolation: IsolationChoice,
}

impl Default for FunctionFlags {
    /// The values without any flag.
    fn default() -> Self {
        Self {
            env: Vec::new(),
            env_file: Vec::new(),
            layer: Vec::new(),
            timeout: 3,
            memory: None,
            ephemeral_storage: DEFAULT_EPHEMERAL_STORAGE,
            concurrency: None,
            throttle_streams: false,
            function_name: None,
            isolation: IsolationChoice::default(),
        }
    }
}

/// How to isolate the function from this machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsolationChoice {
    /// Namespaces if the kernel allows them, otherwise none, with a warning
    #[default]
    Auto,
    /// Namespaces of the kernel: the function has its own `/var/task`, `/opt` and `/tmp`, and no home directory
    Namespaces,
    /// No isolation: the function has your permissions, and can read and change your files; its own are at
    /// `LAMBDA_TASK_ROOT`
    None,
}

/// Parses a loopback address. Any program that can reach the address can run code, so no other address is allowed.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "expected an address and a port, such as `127.0.0.1:9000`".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("expected a loopback address (`127.0.0.1` or `[::1]`), since everyone who reaches it can run the function"
            .to_owned())
    }
}

/// Parses the name of a function: letters, digits, `-` and `_`.
fn function_name(text: &str) -> Result<String, String> {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (1..=FUNCTION_NAME_LIMIT).contains(&text.len()) && text.chars().all(is_valid) {
        Ok(text.to_owned())
    } else {
        Err(format!("expected up to {FUNCTION_NAME_LIMIT} letters, digits, `-` and `_`"))
    }
}

#[cfg(test)]
mod tests {
    use super::{function_name, loopback};

    #[test]
    fn a_function_name_is_one_that_lambda_accepts() {
        assert!(function_name("my-function_2").is_ok() && function_name(&"a".repeat(64)).is_ok());
        for text in ["", "a b", "a/b", "a.b", "ä", &"a".repeat(65)] {
            assert!(function_name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_loopback_addresses_are_allowed() {
        assert!(loopback("127.0.0.1:9000").is_ok() && loopback("[::1]:9000").is_ok());
        for text in ["0.0.0.0:9000", "192.168.0.1:9000", "localhost", "9000", "[::]:1"] {
            assert!(loopback(text).is_err(), "{text}");
        }
    }
}
