//! Limits of the service, in bytes unless stated otherwise.

use serde::Serialize;
use time::Date;
use time::macros::date;

/// A zip sent in a request (API, CLI, console) must be smaller than this; a larger one goes through Amazon S3.
/// Source: the service's own error message, `Zipped size must be smaller than 52428800 bytes` (read on 2026-11-27).
pub const DIRECT_UPLOAD_LIMIT: u64 = 52_428_800;

/// The unpacked contents of a function and its layers together must be smaller than this.
pub const UNPACKED_LIMIT: u64 = 262_144_000;

/// The largest number of layers of a function.
pub const LAYERS_LIMIT: usize = 5;

/// The largest event: 6 MB. Source: the service's own error message (`RequestEntityTooLargeException`).
pub const EVENT_LIMIT: usize = 6 * 1024 * 1024;

/// The largest event of an asynchronous invocation: 1 MB. Source: [`LIMITS_SOURCE`].
pub const ASYNCHRONOUS_EVENT_LIMIT: usize = 1024 * 1024;

/// The largest buffered response: 6 MB and 100 bytes for the envelope. Source: the service's own error message
/// (`Function.ResponseSizeTooLarge`).
pub const RESPONSE_LIMIT: usize = 6 * 1024 * 1024 + 100;

/// The largest streamed response: 200 MB. Source: [`LIMITS_SOURCE`].
pub const STREAMED_RESPONSE_LIMIT: usize = 200 * 1024 * 1024;

/// How many bytes of a streamed response are passed on at full speed: 6 MB. Source: [`LIMITS_SOURCE`].
pub const STREAM_BURST: usize = 6 * 1024 * 1024;

/// How many bytes a second of the rest are passed on: 2 MB. Source: [`LIMITS_SOURCE`].
pub const STREAM_BANDWIDTH: usize = 2 * 1024 * 1024;

/// The size of `/tmp` of a function that configures none, in MB. Source: [`LIMITS_SOURCE`].
pub const DEFAULT_EPHEMERAL_STORAGE: u32 = 512;

/// The largest size of `/tmp`, in MB. Source: [`LIMITS_SOURCE`].
pub const EPHEMERAL_STORAGE_LIMIT: u32 = 10_240;

/// How many files each process of a function may open. Source: [`LIMITS_SOURCE`].
pub const OPEN_FILES_LIMIT: u64 = 1024;

/// The same on Lambda Managed Instances. Source: [`LIMITS_SOURCE`].
pub const MANAGED_OPEN_FILES_LIMIT: u64 = 4096;

/// The longest timeout of a function, in seconds. Source: the service model of the API (`botocore` 1.44).
pub const TIMEOUT_LIMIT: u32 = 1800;

/// The same on Lambda Managed Instances.
pub const MANAGED_TIMEOUT_LIMIT: u32 = 5400;

/// How many invocations an environment of Lambda Managed Instances may have at once: `PerExecutionEnvironmentMaxConcurrency`.
/// Source: API reference, `LambdaManagedInstancesCapacityProviderConfig`.
pub const CONCURRENCY_LIMIT: u32 = 1600;

/// `check` reports more debug information than this. It counts against both size limits and slows the cold start, and
/// nothing reads it at run time. The figure is this project's choice, not AWS's.
pub const DEBUG_INFORMATION_LIMIT: u64 = 1 << 20;

/// Source of the limits.
pub const LIMITS_SOURCE: &str = "AWS Lambda developer guide, \"Lambda quotas\"";

/// The day on which the limits were last compared with their sources.
pub const LIMITS_READ_ON: Date = date!(2026 - 11 - 27);

/// One of the limits that `check` reports on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LimitFacts {
    /// Its name in the JSON report.
    pub id: &'static str,
    /// The figure.
    pub value: u64,
    /// The unit and what the limit applies to.
    pub what: &'static str,
    /// Source of the figure.
    pub source: &'static str,
}

/// The limits that `check` applies to a zip.
pub const LIMITS: [LimitFacts; 3] = [
    LimitFacts {
        id: "direct-upload",
        value: DIRECT_UPLOAD_LIMIT,
        what: "bytes: a zip must be smaller for a direct upload; a larger one goes through Amazon S3",
        source: "the service's error message, and the AWS Lambda developer guide, \"Lambda quotas\"",
    },
    LimitFacts {
        id: "unpacked",
        value: UNPACKED_LIMIT,
        what: "bytes: the unpacked contents of a function and its layers must be smaller",
        source: "the service's error message, and the AWS Lambda developer guide, \"Lambda quotas\"",
    },
    LimitFacts {
        id: "layers",
        value: LAYERS_LIMIT as u64,
        what: "layers of a function at most",
        source: LIMITS_SOURCE,
    },
];
