//! Why a run failed, in the terms a user and a pipeline need: an exit code, and the next thing to type.
//!
//! Everything else travels as [`anyhow::Error`] with the path or command in its context. A [`Failure`] joins that chain
//! where the exit code or a hint depends on what went wrong.

pub mod fs;

use std::fmt;

/// The stage of the work that failed. Each has its exit code, which is part of the public interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line, or a configuration it names, asks for something that does not exist or contradicts itself.
    Usage,
    /// This machine, or its configuration, cannot do what was asked: a target, a linker or a tool is missing.
    Setup,
    /// The archive breaks a rule of its runtime.
    Rule,
    /// Cargo's build failed. Cargo's own exit status is handed on; this is the usual one.
    Build,
    /// Cargo could not describe the package.
    Metadata,
    /// Reading what goes into an archive, or writing the archive, failed.
    Archive,
    /// A function that was invoked answered with an error.
    FunctionError,
    /// A function that was invoked did not answer in its time.
    FunctionTimeout,
    /// A function that was invoked ended, or was killed.
    FunctionCrash,
    /// A function never came up: it did not start, ended, or took too long before it asked for an event.
    FunctionInit,
    /// An extension did not start, or ended before its time.
    Extension,
}

impl ErrorKind {
    /// The exit code of a run that failed this way, as documented in `docs/reference.md`.
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

/// An error whose kind decides the exit code, with hints that name the next command or the valid alternatives.
#[derive(Debug)]
pub struct Failure {
    message: String,
    exit_code: u8,
    hints: Vec<String>,
}

impl Failure {
    /// A failure of this kind. `message` says what happened, to which path, crate or argument.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { message: message.into(), exit_code: kind.exit_code(), hints: Vec::new() }
    }

    /// Adds a line that says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Begins the message with the place where it happened, such as a key of a manifest.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Ends the run with another program's exit status in place of the kind's own code.
    #[must_use]
    pub fn exit_code(mut self, code: u8) -> Self {
        self.exit_code = code;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Says which stage an error ended, where the error itself does not know.
pub trait ResultExt<T> {
    /// Adds a [`Failure`] of this kind as the outermost context.
    fn or_fail(self, kind: ErrorKind, message: impl FnOnce() -> String) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> ResultExt<T> for Result<T, E> {
    fn or_fail(self, kind: ErrorKind, message: impl FnOnce() -> String) -> anyhow::Result<T> {
        self.map_err(|error| error.into().context(Failure::new(kind, message())))
    }
}

/// The exit code for an error: that of the outermost [`Failure`] in its chain, or 1 when there is none, which only
/// happens for what nobody foresaw.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> u8 {
    error.downcast_ref::<Failure>().map_or(1, |failure| failure.exit_code)
}

/// The hints of an error.
#[must_use]
pub fn hints(error: &anyhow::Error) -> &[String] {
    error.downcast_ref::<Failure>().map_or(&[], |failure| &failure.hints)
}

/// Adds hints to an error that has a [`Failure`].
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
    fn an_error_nobody_foresaw_exits_1() {
        assert_eq!(exit_code(&anyhow::anyhow!("surprise")), 1);
    }
}
