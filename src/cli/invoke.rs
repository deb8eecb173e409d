//! The flags of `invoke`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::function::FUNCTION_OPTIONS;
use super::run::loopback;
use super::{FunctionFlags, LAMBDA_OPTIONS, LevelFlags, MessageFormat, OUTPUT_OPTIONS, RunFlags, TerminalFlags};
use lambda_platform::{Arch, Runtime};

/// The longest name of a function.
pub(crate) const FUNCTION_NAME_LIMIT: usize = 64;

const EXAMPLES: &str = "\
Examples:
  cargo lambda-zip invoke function.zip --event '{\"name\":\"Ada\"}'
  cargo lambda-zip invoke function.zip --event @order.json --event @refund.json --timeout 10
  cargo lambda-zip invoke function.zip --env TABLE=orders --env AWS_PROFILE
  cargo lambda-zip invoke function.zip --http
  curl 'http://127.0.0.1:9000/greetings?name=Ada'
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
    /// Zip of the function; with `--serve` or `--http`, zips of several functions
    #[arg(value_name = "ZIP", required_unless_present_any = ["list_events", "wait_for_runtime"], value_hint = ValueHint::FilePath)]
    pub(crate) zips: Vec<PathBuf>,

    /// Event to send: JSON, `@FILE`, `-` for stdin, or the name of a sample (may be repeated) [default: `{}`]
    #[arg(short, long, value_name = "EVENT", allow_hyphen_values = true, conflicts_with_all = ["serve", "http"])]
    pub(crate) event: Vec<String>,
    /// List the sample events
    #[arg(long, conflicts_with_all = ["zips", "event", "serve", "http", "watch"])]
    pub(crate) list_events: bool,
    /// Start the function again for each event
    #[arg(long, conflicts_with = "concurrency")]
    pub(crate) cold: bool,
    /// Start nothing, and wait for a function that you start, for example in a debugger [default address: 127.0.0.1:9001]
    ///
    /// Opens the Runtime API at this loopback address and prints the variables that the function needs. There are no time
    /// limits, unless you pass `--timeout`. The zip may be left out.
    #[arg(
        long, value_name = "ADDRESS", value_parser = loopback, num_args = 0..=1, default_missing_value = "127.0.0.1:9001",
        conflicts_with_all = ["cold", "watch", "layer", "isolation", "list_events"]
    )]
    pub(crate) wait_for_runtime: Option<SocketAddr>,

    #[command(flatten)]
    pub(crate) run: RunFlags,
    #[command(flatten)]
    pub(crate) function: FunctionFlags,
    /// Zip of a layer, unpacked to `/opt`; its extensions are started (may be repeated)
    #[arg(long, value_name = "ZIP", value_hint = ValueHint::FilePath, help_heading = FUNCTION_OPTIONS)]
    pub(crate) layer: Vec<PathBuf>,
    /// Name of the function [default: from the path of the zip]
    #[arg(long, value_name = "NAME", value_parser = function_name, help_heading = FUNCTION_OPTIONS)]
    pub(crate) function_name: Option<String>,
    /// How to isolate the function from this machine
    #[arg(long, value_name = "HOW", value_enum, default_value_t, help_heading = FUNCTION_OPTIONS)]
    pub(crate) isolation: IsolationChoice,

    /// Architecture of the function: `x86_64` (`amd64`) or `arm64` (`aarch64`) [default: that of the executable]
    #[arg(long, value_name = "ARCH", help_heading = LAMBDA_OPTIONS)]
    pub(crate) arch: Option<Arch>,
    /// Runtime to check the zip for, such as `provided.al2023` [default: the newest]
    #[arg(long, value_name = "ID", help_heading = LAMBDA_OPTIONS)]
    pub(crate) runtime: Option<Runtime>,

    #[command(flatten)]
    pub(crate) levels: LevelFlags,

    /// Format of stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = OUTPUT_OPTIONS, conflicts_with_all = ["serve", "http", "watch"])]
    pub(crate) message_format: MessageFormat,

    #[command(flatten)]
    pub(crate) terminal: TerminalFlags,
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
    use super::function_name;

    #[test]
    fn a_function_name_is_one_that_lambda_accepts() {
        assert!(function_name("my-function_2").is_ok() && function_name(&"a".repeat(64)).is_ok());
        for text in ["", "a b", "a/b", "a.b", "ä", &"a".repeat(65)] {
            assert!(function_name(text).is_err(), "{text}");
        }
    }
}
