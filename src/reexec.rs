//! Runs of this executable that no user typed.
//!
//! Some tools need a program that only this executable can be. They run it again, under another name or with arguments
//! that the command line does not have. All of these runs are recognized here, before the command line is parsed.

use std::ffi::OsString;

use anyhow::Result;

use crate::linker::{built_in, zig};
use crate::shell::Shell;
use crate::{cargo, report};
use lambda_zip_error::ErrorKind;

/// Runs the tool that these arguments stand for, and returns its exit code. Returns `None` for a user's command line.
pub(crate) fn try_reexec(args: &[OsString]) -> Option<u8> {
    try_as_cc(args).or_else(|| try_as_rustc(args)).or_else(|| try_as_zig(args)).or_else(|| try_as_sandbox_init(args))
}

/// rustc runs this program as its linker.
fn try_as_cc(args: &[OsString]) -> Option<u8> {
    built_in::try_as_cc(args).map(or_setup_failure)
}

/// sccache runs this program as `rustc`: it adds flags that must not be part of sccache's key.
fn try_as_rustc(args: &[OsString]) -> Option<u8> {
    cargo::sccache::run_as_rustc(args).map(or_setup_failure)
}

/// The wrappers that cargo runs as linker and C compiler run this program as `zig` or `ar`.
fn try_as_zig(args: &[OsString]) -> Option<u8> {
    let run = zig::run_for_wrapper(args)?;
    Some(or_setup_failure(run.and_then(|(code, text)| report::print_text(&text).map(|()| code))))
}

/// `invoke` runs this program as the first process of a sandbox.
fn try_as_sandbox_init(args: &[OsString]) -> Option<u8> {
    lambda_local::try_reexec(args)
}

fn or_setup_failure(exit_code: Result<u8>) -> u8 {
    exit_code.unwrap_or_else(|failure| {
        Shell::default().error(&failure);
        ErrorKind::Setup.exit_code()
    })
}
