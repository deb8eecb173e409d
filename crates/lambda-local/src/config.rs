//! How a function is configured.

use std::collections::BTreeMap;
use std::time::Duration;

use lambda_platform::limits::DEFAULT_EPHEMERAL_STORAGE;

/// Lambda's default timeout.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);

/// Lambda's default memory size, in MB.
const DEFAULT_MEMORY: u32 = 128;

/// Variables that describe the sandbox. The user cannot set them: another value would break the function or mislead it.
pub const RESERVED_VARIABLES: [&str; 13] = [
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_METADATA_API",
    "AWS_LAMBDA_METADATA_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_X_AMZN_TRACE_ID",
];

/// How a function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionConfig {
    /// The name of the function.
    pub name: String,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// The memory size in MB.
    pub memory: u32,
    /// The size of `/tmp` in MB, which is enforced if the function is isolated.
    pub ephemeral_storage: u32,
    /// How many invocations may be under way at once in one environment, as on Lambda Managed Instances. `None` for an
    /// ordinary function, which receives one after the other.
    pub concurrency: Option<u32>,
    /// True to kill the function when it uses more than [`memory`](Self::memory).
    pub enforce_memory: bool,
    /// True to slow streamed responses down as Lambda does.
    pub throttle_streams: bool,
    /// The user's environment variables. They override Lambda's own, so they must not contain [`RESERVED_VARIABLES`].
    pub variables: BTreeMap<String, String>,
}

impl FunctionConfig {
    /// A function with Lambda's defaults and no memory limit.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            timeout: DEFAULT_TIMEOUT,
            memory: DEFAULT_MEMORY,
            ephemeral_storage: DEFAULT_EPHEMERAL_STORAGE,
            concurrency: None,
            enforce_memory: false,
            throttle_streams: false,
            variables: BTreeMap::new(),
        }
    }
}

/// What separates a function from this machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Namespaces if the kernel allows them, otherwise nothing.
    #[default]
    Auto,
    /// Namespaces of the kernel: the function has its own root directory, process list and IPC.
    Namespaces,
    /// Nothing: the function sees this machine's files and processes.
    None,
}
