//! Running cargo's rustc, to find out what it is and what it supports.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::broken_rust::{self, RUST_IS_MISSING};
use lambda_zip_error::{ErrorKind, Failure};

/// The compiler that cargo uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rustc {
    /// The triple of this machine.
    pub(crate) host: String,
    /// Its release, such as `1.95.0` or `1.97.0-nightly`.
    pub(crate) release: String,
    /// The commit that it was built from, or its release if the commit is unknown.
    pub(crate) version: String,
    /// The directory of its toolchain.
    pub(crate) sysroot: PathBuf,
}

impl Rustc {
    /// The middle number of its release.
    pub(super) fn release_minor(&self) -> Option<u64> {
        self.release.split('.').nth(1)?.parse().ok()
    }

    /// True if the cargo that belongs to it obeys `[unstable]` tables. A stable cargo ignores them.
    pub(crate) fn allows_unstable(&self) -> bool {
        let is_nightly = ["-nightly", "-dev"].iter().any(|suffix| self.release.ends_with(suffix));
        is_nightly || std::env::var_os("RUSTC_BOOTSTRAP").is_some_and(|value| value == "1")
    }
}

/// The runs of rustc that fill a [`Rustc`].
#[derive(Debug)]
pub(crate) struct RustcQuery {
    pub(super) version: RustcCommand,
    pub(super) sysroot: RustcCommand,
}

impl RustcQuery {
    /// Runs both at the same time.
    pub(crate) fn run(&self) -> Result<Rustc> {
        let (version, sysroot) = thread::scope(|scope| {
            let sysroot = scope.spawn(|| self.run_sysroot());
            (self.version.output(), sysroot.join().expect("running rustc does not panic"))
        });
        let version = version?;
        let field = |name: &str| {
            let value = version.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            value.map(str::to_owned).ok_or_else(|| {
                Failure::new(ErrorKind::Setup, format!("the output of `rustc -vV` has no `{name}`"))
                    .hint(RUST_IS_MISSING)
            })
        };
        let (host, release, commit) = (field("host")?, field("release")?, field("commit-hash")?);
        let version = if commit == "unknown" { release.clone() } else { commit };
        Ok(Rustc { host, release, version, sysroot: sysroot? })
    }

    pub(super) fn run_sysroot(&self) -> Result<PathBuf> {
        Ok(PathBuf::from(self.sysroot.output()?.trim_end()))
    }
}

/// One run of rustc, through the wrappers that are configured.
#[derive(Debug)]
pub(super) struct RustcCommand {
    /// The wrappers and rustc, each of which runs the next one.
    programs: Vec<OsString>,
    args: Vec<String>,
}

impl RustcCommand {
    pub(super) fn new(programs: Vec<OsString>, args: &[&str]) -> Self {
        Self { programs, args: args.iter().map(|&arg| arg.into()).collect() }
    }

    /// Runs it and returns its stdout.
    pub(super) fn output(&self) -> Result<String> {
        let Self { programs, args } = self;
        let [program, wrapped @ ..] = &programs[..] else { unreachable!("rustc is among the programs") };
        let failure = |reason: String| {
            Failure::new(ErrorKind::Setup, format!("`{} {}` failed{reason}", program.to_string_lossy(), args.join(" ")))
        };
        let output = Command::new(program).args(wrapped).args(args).output().map_err(|error| {
            let hint = broken_rust::not_started(&error);
            anyhow::Error::from(error).context(failure(String::new()).hint(hint))
        })?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let failure = failure(format!(": {}", stderr.trim_end()));
            return Err(broken_rust::failed(&stderr).into_iter().fold(failure, Failure::hint).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
