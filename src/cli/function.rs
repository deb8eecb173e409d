//! The configuration that a function would have in the cloud. Builds and `invoke` share these flags.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use lambda_platform::limits::{
    CONCURRENCY_LIMIT, DEFAULT_EPHEMERAL_STORAGE, EPHEMERAL_STORAGE_LIMIT, MANAGED_TIMEOUT_LIMIT,
};

pub(super) const FUNCTION_OPTIONS: &str = "Function Options";

/// Lambda's default timeout.
const DEFAULT_TIMEOUT: u32 = 3;

/// The configuration that the function would have in the cloud.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct FunctionFlags {
    /// Environment variable of the function; NAME alone passes on this machine's value (may be repeated)
    #[arg(long, value_name = "NAME[=VALUE]", help_heading = FUNCTION_OPTIONS)]
    pub(crate) env: Vec<String>,
    /// File with one `--env` argument on each line (may be repeated)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = FUNCTION_OPTIONS)]
    pub(crate) env_file: Vec<PathBuf>,
    /// Seconds that an invocation may take, up to 1,800, or 5,400 with `--concurrency` [default: 3]
    #[arg(
        long, value_name = "SECONDS", help_heading = FUNCTION_OPTIONS,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MANAGED_TIMEOUT_LIMIT))
    )]
    pub(crate) timeout: Option<u32>,
    /// Memory in MB; a function that uses more is killed [default: 128, not enforced]
    #[arg(
        long, value_name = "MB", help_heading = FUNCTION_OPTIONS,
        value_parser = clap::value_parser!(u32).range(128..=32_768)
    )]
    pub(crate) memory: Option<u32>,
    /// Size of `/tmp` in MB, 512 to 10,240; enforced if the function is isolated [default: 512]
    #[arg(
        long, value_name = "MB", help_heading = FUNCTION_OPTIONS,
        value_parser = clap::value_parser!(u32)
            .range(i64::from(DEFAULT_EPHEMERAL_STORAGE)..=i64::from(EPHEMERAL_STORAGE_LIMIT))
    )]
    pub(crate) ephemeral_storage: Option<u32>,
    /// Invocations to run at once in one environment, as on Lambda Managed Instances, up to 1,600
    #[arg(
        long, value_name = "N", help_heading = FUNCTION_OPTIONS,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(CONCURRENCY_LIMIT))
    )]
    pub(crate) concurrency: Option<u32>,
    /// Slow down streamed responses as Lambda does: 2 MB a second after the first 6 MB
    #[arg(long, help_heading = FUNCTION_OPTIONS)]
    pub(crate) throttle_streams: bool,
}

impl FunctionFlags {
    /// The time limit in seconds.
    pub(crate) fn timeout(&self) -> u32 {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }

    /// The first flag that was typed, for a message.
    pub(crate) fn first_typed(&self) -> Option<&'static str> {
        let typed = [
            ("--env", !self.env.is_empty()),
            ("--env-file", !self.env_file.is_empty()),
            ("--timeout", self.timeout.is_some()),
            ("--memory", self.memory.is_some()),
            ("--ephemeral-storage", self.ephemeral_storage.is_some()),
            ("--concurrency", self.concurrency.is_some()),
            ("--throttle-streams", self.throttle_streams),
        ];
        typed.into_iter().find_map(|(flag, is_typed)| is_typed.then_some(flag))
    }
}
