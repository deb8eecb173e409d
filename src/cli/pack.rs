//! The arguments of `pack`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{LAMBDA_OPTIONS, MessageFormat, OUTPUT_OPTIONS, PackagingFlags, TerminalFlags};
use lambda_platform::{Arch, Runtime};

#[derive(Debug, Args)]
pub(crate) struct PackArguments {
    /// Executable for Lambda's Linux, from any compiler
    #[arg(value_name = "EXECUTABLE", value_hint = ValueHint::FilePath)]
    pub(crate) executable: PathBuf,
    /// More files and directories for the zip; they keep the relative paths that are given here
    #[arg(value_name = "PATHS", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Where to write the zip: a file, a directory, or `-` for stdout [default: `<EXECUTABLE's name>.zip` in the working directory]
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::AnyPath, help_heading = OUTPUT_OPTIONS)]
    pub(crate) output: Option<PathBuf>,
    /// Output format on stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = OUTPUT_OPTIONS)]
    pub(crate) message_format: MessageFormat,
    /// Write an HTML page about the zip: sizes, limits, rules and executables
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "list", help_heading = OUTPUT_OPTIONS)]
    pub(crate) report_html: Option<PathBuf>,

    /// Architecture that the executable must have: `x86_64` (`amd64`) or `arm64` (`aarch64`) [default: its own]
    #[arg(long, value_name = "ARCH", help_heading = LAMBDA_OPTIONS)]
    pub(crate) arch: Option<Arch>,
    /// Runtime of the function: `provided.al2023` or `provided.al2` [default: the newest]
    #[arg(long, value_name = "ID", help_heading = LAMBDA_OPTIONS)]
    pub(crate) runtime: Option<Runtime>,
    /// Keep the executable's name, and add `bootstrap` as a symbolic link to it
    #[arg(long, conflicts_with_all = ["extension", "internal_extension", "layer"], help_heading = LAMBDA_OPTIONS)]
    pub(crate) keep_name: bool,

    #[command(flatten)]
    pub(crate) packaging: PackagingFlags,
    /// Same as --exclude-path
    #[arg(long, value_name = "GLOB", hide = true)]
    pub(crate) exclude: Vec<String>,

    #[command(flatten)]
    pub(crate) terminal: TerminalFlags,
}
