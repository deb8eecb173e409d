//! The arguments of `check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::levels::RULE_OPTIONS;
use super::{LAMBDA_OPTIONS, LevelFlags, OUTPUT_OPTIONS, TerminalFlags};
use lambda_platform::{Arch, Runtime};
use lambda_zip_check::ArchiveKind;

const EXAMPLES: &str = "\
Examples:
  cargo lambda-zip check function.zip                      which runtimes does it fit?
  cargo lambda-zip check --arch arm64 --runtime provided.al2023 function.zip
  cargo lambda-zip check --layer libraries.zip function.zip
  cargo lambda-zip check --deny secret --message-format github target/lambda/*/bootstrap.zip
  cargo lambda-zip check --explain glibc-too-new";

/// Check whether Lambda would run a zip, before you upload it
///
/// Checks zips from any tool and language against the rules of a runtime. For each broken rule it prints the place, what
/// Lambda would answer, and a hint. The exit code is 0 if no rule is broken, and 100 otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct CheckArguments {
    /// Zips to check
    #[arg(value_name = "ZIP", required_unless_present_any = ["explain", "list"], value_hint = ValueHint::FilePath)]
    pub(crate) zips: Vec<PathBuf>,

    /// Architecture of the function: `x86_64` (`amd64`) or `arm64` (`aarch64`) [default: that of the executable]
    #[arg(long, value_name = "ARCH", help_heading = LAMBDA_OPTIONS)]
    pub(crate) arch: Option<Arch>,
    /// Runtime of the function, such as `provided.al2023` [default: the newest]
    #[arg(long, value_name = "ID", help_heading = LAMBDA_OPTIONS)]
    pub(crate) runtime: Option<Runtime>,
    /// What the zips are uploaded as: `function`, `extension`, `internal-extension` or `layer`
    #[arg(long, value_name = "KIND", default_value_t = ArchiveKind::Function, help_heading = LAMBDA_OPTIONS)]
    pub(crate) kind: ArchiveKind,
    /// Zip of a layer of the function; its libraries are found and its size counts (may be repeated)
    #[arg(long, value_name = "ZIP", value_hint = ValueHint::FilePath, help_heading = LAMBDA_OPTIONS)]
    pub(crate) layer: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) levels: LevelFlags,
    /// Explain a rule instead of checking zips
    #[arg(long, value_name = "RULE", conflicts_with_all = ["zips", "list"], help_heading = RULE_OPTIONS)]
    pub(crate) explain: Option<String>,
    /// List the rules, limits and runtimes instead of checking zips
    #[arg(long, conflicts_with = "zips", help_heading = RULE_OPTIONS)]
    pub(crate) list: bool,

    /// Output format on stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = OUTPUT_OPTIONS)]
    pub(crate) message_format: CheckFormat,
    /// Write an HTML page about the zips: sizes, limits, rules and executables
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["list", "explain"], help_heading = OUTPUT_OPTIONS)]
    pub(crate) report_html: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) terminal: TerminalFlags,
}

/// The format of the result on stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// One line per zip; the findings go to stderr
    #[default]
    Human,
    /// One JSON document
    Json,
    /// Annotations for a GitHub workflow
    Github,
}
