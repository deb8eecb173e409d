//! The arguments of the main command, which builds, packages, checks and publishes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum, ValueHint};
use serde::Serialize;

use super::run::RUN_OPTIONS;
use super::{CargoFlags, FunctionFlags, LAMBDA_OPTIONS, MessageFormat, OUTPUT_OPTIONS, PackagingFlags, RunFlags};
use lambda_platform::{Arch, Libc, Runtime};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate flag")]
pub(crate) struct BuildArguments {
    /// Architecture: `x86_64` (the default) or `arm64`, or both, separated by a comma
    ///
    /// `amd64` and `aarch64` are other names for them. The flag may be repeated. All architectures are built by one cargo.
    #[arg(long, value_name = "ARCH", value_delimiter = ',', help_heading = LAMBDA_OPTIONS)]
    pub(crate) arch: Vec<Arch>,
    /// C library: `gnu` (the default), the runtime's own, linked for glibc 2.26, or `musl`, static
    #[arg(long, value_name = "LIBC", help_heading = LAMBDA_OPTIONS)]
    pub(crate) libc: Option<Libc>,
    /// Runtime of the function: `provided.al2023` or `provided.al2`
    ///
    /// `provided.al2` is past its deprecation date.
    #[arg(long, value_name = "ID", default_value_t = Runtime::AL2023, help_heading = LAMBDA_OPTIONS)]
    pub(crate) runtime: Runtime,
    /// Linker of the executable
    #[arg(long, value_name = "LINKER", value_enum, default_value_t, help_heading = LAMBDA_OPTIONS)]
    pub(crate) linker: LinkerChoice,
    /// Processor to compile for: one of rustc's names, or `lambda` for the oldest processor that Lambda uses
    #[arg(long, value_name = "CPU", help_heading = LAMBDA_OPTIONS)]
    pub(crate) target_cpu: Option<String>,
    /// Write debug information to `<function>.debug` next to the zip; the zip has the stripped executable
    #[arg(long, help_heading = LAMBDA_OPTIONS)]
    pub(crate) debug_symbols: bool,
    /// If zig is needed but missing, install it with uv, pipx, pip or npm where only this program uses it
    #[arg(long, conflicts_with = "no_install", help_heading = LAMBDA_OPTIONS)]
    pub(crate) install_zig: bool,
    /// Use the profile unchanged, without the defaults `strip`, fat LTO and one codegen unit
    #[arg(long, help_heading = LAMBDA_OPTIONS)]
    pub(crate) no_profile_defaults: bool,
    /// Keep the paths of this machine in the executable
    #[arg(long, help_heading = LAMBDA_OPTIONS)]
    pub(crate) no_trim_paths: bool,
    /// Target triple, instead of --arch and --libc
    #[arg(
        long,
        value_name = "TRIPLE",
        conflicts_with_all = ["arch", "libc"],
        help_heading = LAMBDA_OPTIONS
    )]
    pub(crate) target: Vec<String>,

    /// Where to write the zips: a file, a directory, or a template
    ///
    /// In a directory, or at a path that ends in a separator, each zip is `<function>/bootstrap.zip`. In a template,
    /// `{function}`, `{package}`, `{version}`, `{arch}` and `{runtime}` are replaced for each zip. Any other path is the
    /// path of the zip.
    ///
    /// [default: `lambda/` in the target directory]
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::AnyPath, help_heading = OUTPUT_OPTIONS)]
    pub(crate) output: Option<PathBuf>,
    /// Write zips, or the files of each zip: `zip` (the default) or `binary`
    ///
    /// With `binary`, the executable is `<function>/bootstrap`, and includes are next to it. A path in --output is the path of
    /// the executable.
    #[arg(long, value_name = "FORMAT", help_heading = OUTPUT_OPTIONS)]
    pub(crate) output_format: Option<OutputFormat>,
    /// Output format on stdout
    #[arg(
        long, value_name = "FORMAT", value_enum, default_value_t, conflicts_with_all = ["serve", "http", "watch"],
        help_heading = OUTPUT_OPTIONS
    )]
    pub(crate) message_format: MessageFormat,
    /// Write an HTML page about the zips: sizes, limits, rules and executables
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["dry_run", "list"], help_heading = OUTPUT_OPTIONS)]
    pub(crate) report_html: Option<PathBuf>,
    /// Print what would be built, without building
    #[arg(long, conflicts_with_all = ["serve", "http", "watch"], help_heading = OUTPUT_OPTIONS)]
    pub(crate) dry_run: bool,
    /// Boot each function on this machine and send it this event, as `invoke --event` does (may be repeated)
    #[arg(
        long, value_name = "EVENT", allow_hyphen_values = true, conflicts_with_all = ["serve", "http"],
        help_heading = RUN_OPTIONS
    )]
    pub(crate) invoke_event: Vec<String>,
    #[command(flatten)]
    pub(crate) run: RunFlags,
    #[command(flatten)]
    pub(crate) function: FunctionFlags,
    /// Do not add missing targets with rustup
    #[arg(long, help_heading = LAMBDA_OPTIONS)]
    pub(crate) no_install: bool,

    #[command(flatten)]
    pub(crate) packaging: PackagingFlags,
    #[command(flatten)]
    pub(crate) cargo: CargoFlags,

    /// More arguments for `cargo build`
    #[arg(last = true, value_name = "CARGO ARGS")]
    pub(crate) passed_on: Vec<OsString>,
}

impl BuildArguments {
    /// True for `--dry-run` and `--list`: nothing is built.
    pub(crate) fn is_preview(&self) -> bool {
        self.dry_run || self.packaging.list
    }
}

/// What a run writes for each function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OutputFormat {
    /// A zip.
    #[default]
    Zip,
    /// The files that would be in the zip.
    Binary,
}

impl FromStr for OutputFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "zip" => Ok(Self::Zip),
            "binary" => Ok(Self::Binary),
            _ => Err("expected `zip` or `binary`"),
        }
    }
}

/// The choices for `--linker`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LinkerChoice {
    /// The first one that works: one configured for cargo, built-in, zig, a compiler on PATH
    #[default]
    Auto,
    /// This program with the `rust-lld` that comes with Rust; for packages without C code
    #[value(alias = "rust-lld")]
    BuiltIn,
    /// `zig` on PATH or from the Python package `ziglang`; also compiles C, and links against any glibc
    Zig,
    /// A C compiler for the target on PATH
    System,
}
