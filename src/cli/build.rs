//! The main command: build, package, check, publish.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{CargoFlags, LAMBDA_OPTIONS, MessageFormat, OUTPUT_OPTIONS, PackagingFlags};
use lambda_platform::{Arch, Libc, Runtime};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct BuildArguments {
    /// Architecture: `x86_64` (the default) or `arm64`, or both with a comma
    ///
    /// `amd64` and `aarch64` are understood, too. The flag may be repeated: all are built in one go.
    #[arg(long, value_name = "ARCH", value_delimiter = ',', help_heading = LAMBDA_OPTIONS)]
    pub(crate) arch: Vec<Arch>,
    /// C library: `musl` (the default: static, runs everywhere) or `gnu`, the runtime's own
    #[arg(long, value_name = "LIBC", help_heading = LAMBDA_OPTIONS)]
    pub(crate) libc: Option<Libc>,
    /// Runtime that the zip has to fit
    ///
    /// `provided.al2023` or `provided.al2`, which is past its deprecation date.
    #[arg(long, value_name = "ID", default_value_t = Runtime::AL2023, help_heading = LAMBDA_OPTIONS)]
    pub(crate) runtime: Runtime,
    /// What links the executable
    #[arg(long, value_name = "LINKER", value_enum, default_value_t, help_heading = LAMBDA_OPTIONS)]
    pub(crate) linker: LinkerChoice,
    /// Processor that the Rust code is compiled for: a name of rustc's, or `lambda` for the oldest that Lambda has
    #[arg(long, value_name = "CPU", help_heading = LAMBDA_OPTIONS)]
    pub(crate) target_cpu: Option<String>,
    /// Keep debug information in `<function>.debug` beside the zip; the zip gets the stripped executable
    #[arg(long, help_heading = LAMBDA_OPTIONS)]
    pub(crate) debug_symbols: bool,
    /// Fetch zig with pip, into a folder of this program's own, where it is needed and not there
    #[arg(long, conflicts_with = "no_install", help_heading = LAMBDA_OPTIONS)]
    pub(crate) install_zig: bool,
    /// Add nothing to the profile (`strip`, fat LTO and one codegen unit where you set nothing)
    #[arg(long, help_heading = LAMBDA_OPTIONS)]
    pub(crate) no_profile_defaults: bool,
    /// Keep the paths of this machine in the executable
    #[arg(long, help_heading = LAMBDA_OPTIONS)]
    pub(crate) no_trim_paths: bool,
    /// Target triple, in place of --arch and --libc
    #[arg(
        long,
        value_name = "TRIPLE",
        conflicts_with_all = ["arch", "libc"],
        help_heading = LAMBDA_OPTIONS
    )]
    pub(crate) target: Vec<String>,

    /// Where the zips go: a file, a folder, or a template
    ///
    /// A path that ends in a separator, or that is a folder, gets `<function>/bootstrap.zip` below it. A path with
    /// `{function}`, `{package}`, `{version}`, `{arch}` or `{runtime}` in it is filled in for each zip. Anything else is
    /// the zip itself.
    ///
    /// [default: `lambda/` in the target directory]
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::AnyPath, help_heading = OUTPUT_OPTIONS)]
    pub(crate) output: Option<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = OUTPUT_OPTIONS)]
    pub(crate) message_format: MessageFormat,
    /// Write a page about the zips: what takes the room, limits, rules and executables
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["dry_run", "list"], help_heading = OUTPUT_OPTIONS)]
    pub(crate) report_html: Option<PathBuf>,
    /// Print what would be built, and build nothing
    #[arg(long, help_heading = OUTPUT_OPTIONS)]
    pub(crate) dry_run: bool,
    /// Boot each zip of a function on this machine and send it this event, as `invoke --event` (may be repeated)
    #[arg(long, value_name = "EVENT", allow_hyphen_values = true, help_heading = OUTPUT_OPTIONS)]
    pub(crate) invoke_event: Vec<String>,
    /// Do not add a missing target with rustup
    #[arg(long, help_heading = LAMBDA_OPTIONS)]
    pub(crate) no_install: bool,

    #[command(flatten)]
    pub(crate) packaging: PackagingFlags,
    #[command(flatten)]
    pub(crate) cargo: CargoFlags,

    /// Further arguments for `cargo build`
    #[arg(last = true, value_name = "CARGO ARGS")]
    pub(crate) passed_on: Vec<OsString>,
}

impl BuildArguments {
    /// True for `--dry-run` and `--list`: nothing is built.
    pub(crate) fn is_preview(&self) -> bool {
        self.dry_run || self.packaging.list
    }
}

/// Who links.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LinkerChoice {
    /// The first that can: one configured for cargo, rust-lld, zig, a compiler on PATH
    #[default]
    Auto,
    /// The LLD that comes with Rust: musl, and no C to compile
    RustLld,
    /// `zig` on PATH, or Python's `ziglang`: compiles C, too, and links any glibc
    Zig,
    /// A C compiler for the target on PATH
    System,
}
