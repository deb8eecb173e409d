//! The errors of `cargo lambda-zip` and its libraries: each has a kind, which decides the exit code, and hints.
//!
//! Most errors travel as [`anyhow::Error`], with a path or a command as context. Where the exit code or a hint depends on
//! what went wrong, a [`Failure`] is part of that chain:
//!
//! ```
//! use lambda_zip_error::{ErrorKind, Failure, exit_code, hints};
//!
//! fn find_linker() -> anyhow::Result<()> {
//!     Err(Failure::new(ErrorKind::Setup, "no linker found").hint("run `rustup component add llvm-tools`").into())
//! }
//!
//! let error = find_linker().unwrap_err();
//! assert_eq!(error.to_string(), "no linker found");
//! assert_eq!(exit_code(&error), 96);
//! assert_eq!(hints(&error), ["run `rustup component add llvm-tools`"]);
//! ```
//!
//! [`fs`] wraps the functions of [`std::fs`] so that every error names its path, and [`scratch`] has temporary files that a
//! signal does not leave behind.

pub mod fs;
pub mod scratch;

use std::fmt;

/// What went wrong. Each kind has its own exit code, which is part of the program's public interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line, or a manifest key it refers to, is wrong or contradicts itself.
    Usage,
    /// This machine or its configuration cannot do what was asked: a target, a linker or a tool is missing.
    Setup,
    /// The zip breaks a rule of its runtime.
    Rule,
    /// Cargo's build failed.
    Build,
    /// Cargo could not describe the package.
    Metadata,
    /// A file for the zip could not be read, or the zip could not be written.
    Archive,
    /// An invoked function answered with an error.
    FunctionError,
    /// An invoked function did not answer before its timeout.
    FunctionTimeout,
    /// An invoked function exited or was killed.
    FunctionCrash,
    /// A function did not start, or exited or timed out before it asked for its first event.
    FunctionInit,
    /// An extension did not start, or exited too early.
    Extension,
}

impl ErrorKind {
    /// Every kind, in the order of their exit codes.
    pub const ALL: [Self; 11] = [
        Self::Usage,
        Self::Setup,
        Self::Rule,
        Self::Build,
        Self::Metadata,
        Self::Archive,
        Self::FunctionError,
        Self::FunctionTimeout,
        Self::FunctionCrash,
        Self::FunctionInit,
        Self::Extension,
    ];

    /// The exit code of a run that failed with this kind, as documented in `docs/reference.md`.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Setup => 96,
            Self::Rule => 100,
            Self::Build => 101,
            Self::Metadata => 102,
            Self::Archive => 103,
            Self::FunctionError => 110,
            Self::FunctionTimeout => 111,
            Self::FunctionCrash => 112,
            Self::FunctionInit => 113,
            Self::Extension => 114,
        }
    }
}

/// An error with a kind, and hints that name the next command or the valid values.
#[derive(Debug)]
pub struct Failure {
    message: String,
    kind: ErrorKind,
    exit_status: Option<u8>,
    hints: Vec<String>,
}

impl Failure {
    /// Creates a failure. `message` says what happened, and to which path, crate or argument.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { message: message.into(), kind, exit_status: None, hints: Vec::new() }
    }

    /// Adds a line that says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Puts a place, such as a manifest key, in front of the message.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Changes the kind: an invalid glob is a usage error on the command line, but a setup error in a manifest.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Passes on the exit status of a program that this one ran. It replaces the exit code of the kind.
    #[must_use]
    pub fn with_exit_status(mut self, status: u8) -> Self {
        self.exit_status = Some(status);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Gives an error of another type a kind.
pub trait ResultExt<T> {
    /// Adds a [`Failure`] of this kind as the outermost context.
    fn or_fail(self, kind: ErrorKind, message: impl FnOnce() -> String) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> ResultExt<T> for Result<T, E> {
    fn or_fail(self, kind: ErrorKind, message: impl FnOnce() -> String) -> anyhow::Result<T> {
        self.map_err(|error| error.into().context(Failure::new(kind, message())))
    }
}

/// The kind of an error: that of the outermost [`Failure`] in its chain.
#[must_use]
pub fn kind(error: &anyhow::Error) -> Option<ErrorKind> {
    Some(error.downcast_ref::<Failure>()?.kind)
}

/// The exit code for an error: that of the outermost [`Failure`] in its chain, or 1 if there is none.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> u8 {
    error.downcast_ref::<Failure>().map_or(1, |failure| failure.exit_status.unwrap_or(failure.kind.exit_code()))
}

/// The hints of an error.
#[must_use]
pub fn hints(error: &anyhow::Error) -> &[String] {
    error.downcast_ref::<Failure>().map_or(&[], |failure| &failure.hints)
}

/// Adds hints to an error, if there is a [`Failure`] in its chain.
pub fn add_hints<'a>(error: &mut anyhow::Error, hints: impl IntoIterator<Item = &'a String>) {
    if let Some(failure) = error.downcast_mut::<Failure>() {
        failure.hints.extend(hints.into_iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_failure_is_found_under_further_context() {
        let error = Err::<(), _>(Failure::new(ErrorKind::Setup, "no linker").hint("install one"))
            .context("while planning")
            .unwrap_err();
        assert_eq!(kind(&error), Some(ErrorKind::Setup));
        assert_eq!(exit_code(&error), 96);
        assert_eq!(hints(&error), ["install one"]);
    }

    #[test]
    fn a_failure_can_be_the_context_of_another_error() {
        let error = Err::<(), _>(std::io::Error::other("disk on fire"))
            .or_fail(ErrorKind::Archive, || "failed to write `a.zip`".into())
            .unwrap_err();
        assert_eq!(exit_code(&error), 103);
        assert_eq!(format!("{error:#}"), "failed to write `a.zip`: disk on fire");
    }

    #[test]
    fn an_error_without_a_failure_exits_1() {
        let error = anyhow::anyhow!("surprise");
        assert_eq!((kind(&error), exit_code(&error)), (None, 1));
    }

    #[test]
    fn an_exit_status_replaces_the_code_of_the_kind() {
        let failure = Failure::new(ErrorKind::Usage, "broken").with_kind(ErrorKind::Build);
        assert_eq!(exit_code(&failure.into()), 101);
        let failure = Failure::new(ErrorKind::Build, "broken").with_exit_status(7);
        let error = anyhow::Error::from(failure);
        assert_eq!((kind(&error), exit_code(&error)), (Some(ErrorKind::Build), 7));
    }

    #[test]
    fn all_kinds_are_listed_once_in_the_order_of_their_exit_codes() {
        // Exhaustive: a new kind does not compile until it has a place here.
        let position = |kind: ErrorKind| match kind {
            ErrorKind::Usage => 0,
            ErrorKind::Setup => 1,
            ErrorKind::Rule => 2,
            ErrorKind::Build => 3,
            ErrorKind::Metadata => 4,
            ErrorKind::Archive => 5,
            ErrorKind::FunctionError => 6,
            ErrorKind::FunctionTimeout => 7,
            ErrorKind::FunctionCrash => 8,
            ErrorKind::FunctionInit => 9,
            ErrorKind::Extension => 10,
        };
        assert!(ErrorKind::ALL.into_iter().map(position).eq(0..ErrorKind::ALL.len()));
        assert!(ErrorKind::ALL.map(ErrorKind::exit_code).is_sorted_by(|one, other| one < other));
    }
}
