//! Runs the zip of an AWS Lambda function on this machine, as Lambda would run it.
//!
//! The zip is unpacked and its `bootstrap` is started in a sandbox: a process tree with its own root directory, built from
//! Linux namespaces. The function and its extensions talk to a local server that speaks Lambda's Runtime, Extensions and
//! Telemetry APIs. Each event becomes an invocation with Lambda's log lines, time limits and error types.
//!
//! The crate prints nothing. Log lines and responses go to an [`Output`], and the caller learns of each step as a
//! [`Progress`].
//!
//! # Re-executing the program
//!
//! The first process of a sandbox is the calling program itself, started again. So `main` must call [`try_reexec`] before it
//! does anything else:
//!
//! ```no_run
//! use std::path::Path;
//!
//! use lambda_local::{FunctionConfig, FunctionFiles, LocalLambda, Output};
//!
//! struct Print;
//!
//! impl Output for Print {
//!     fn log(&mut self, bytes: &[u8]) {
//!         eprint!("{}", String::from_utf8_lossy(bytes));
//!     }
//!     fn streamed(&mut self, piece: &[u8]) {
//!         print!("{}", String::from_utf8_lossy(piece));
//!     }
//!     fn response(&mut self, payload: &[u8]) {
//!         println!("{}", String::from_utf8_lossy(payload));
//!     }
//! }
//!
//! fn main() -> anyhow::Result<()> {
//!     let args: Vec<_> = std::env::args_os().collect();
//!     if let Some(code) = lambda_local::try_reexec(&args) {
//!         std::process::exit(code.into());
//!     }
//!     let files = FunctionFiles::unpack(Path::new("hello.zip"), &[])?;
//!     let lambda = LocalLambda::new(FunctionConfig::new("hello"), files);
//!     let run = lambda.run_events(&[br#"{"name":"Ada"}"#], Print, |progress| eprintln!("{progress:?}"))?;
//!     assert!(run.invocations[0].record.failure.is_none());
//!     Ok(())
//! }
//! ```
//!
//! # Platforms
//!
//! Functions run on Linux only. On other systems the crate compiles, [`samples`] and the data types work, and
//! [`FunctionFiles::unpack`] fails with [`SetupError::NeedsLinux`].

mod config;
mod error;
mod local_lambda;
mod progress;
mod record;
pub mod samples;

#[cfg(target_os = "linux")]
mod api;
#[cfg(target_os = "linux")]
mod environment;
#[cfg(target_os = "linux")]
mod event_stream;
#[cfg(target_os = "linux")]
mod fault;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod function;
#[cfg(target_os = "linux")]
mod http;
#[cfg(target_os = "linux")]
mod init;
#[cfg(target_os = "linux")]
mod launcher;
#[cfg(target_os = "linux")]
mod lifecycle;
#[cfg(target_os = "linux")]
mod log;
#[cfg(target_os = "linux")]
mod log_lines;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod printer;
#[cfg(target_os = "linux")]
mod response_stream;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod sandbox;
#[cfg(target_os = "linux")]
mod serve;
#[cfg(target_os = "linux")]
mod storage;
#[cfg(target_os = "linux")]
mod telemetry;

#[cfg(not(target_os = "linux"))]
mod unsupported;

pub use config::{FunctionConfig, Isolation, RESERVED_VARIABLES};
pub use error::SetupError;
pub use local_lambda::LocalLambda;
pub use progress::{Endpoint, ExecutionMode, Output, Progress};
pub use record::{CompletedInvocation, FailureKind, Interrupt, InvocationFailure, InvocationRecord, Run};

#[cfg(target_os = "linux")]
pub use {files::FunctionFiles, init::try_reexec, run::on_interrupt, serve::Server, serve::Updater};

#[cfg(not(target_os = "linux"))]
pub use unsupported::{FunctionFiles, Server, Updater, on_interrupt, try_reexec};

/// Fails with [`SetupError::NeedsLinux`] on a system that cannot run functions.
pub fn ensure_supported() -> Result<(), SetupError> {
    if cfg!(target_os = "linux") { Ok(()) } else { Err(SetupError::NeedsLinux) }
}
