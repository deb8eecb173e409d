//! What a person sees on stderr: cargo's status verbs, warnings, errors, and progress on a terminal.

mod progress;

use std::fmt::Display;
use std::io::{Write, stderr};

use anstyle::{AnsiColor, Effects, Style};
use indicatif::ProgressBar;

use crate::cargo::TerminalSettings;
use crate::cli::{ColorWhen, TerminalFlags};
use progress::Progress;

const STATUS: Style = AnsiColor::BrightGreen.on_default().effects(Effects::BOLD);
const WARNING: Style = AnsiColor::BrightYellow.on_default().effects(Effects::BOLD);
const ERROR: Style = AnsiColor::BrightRed.on_default().effects(Effects::BOLD);
const HINT: Style = AnsiColor::BrightCyan.on_default().effects(Effects::BOLD);

/// Work on fewer bytes than this is over before a progress bar could be read.
const PROGRESS_FROM_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    #[default]
    Normal,
    Verbose,
}

/// What there is room for on stderr beside the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// Nothing: it goes to a log.
    None,
    /// Words and figures.
    Plain,
    /// Pictures, on a terminal of so many columns.
    Columns(usize),
}

/// A terminal with fewer columns has no room for a picture.
const LEAST_COLUMNS: u16 = 60;

/// The one writer to stderr.
#[derive(Debug, Default)]
pub(crate) struct Shell {
    verbosity: Verbosity,
    progress: Progress,
}

impl Shell {
    /// A shell as talkative and as colourful as the flags, else cargo's configuration, ask for.
    pub(crate) fn new(flags: &TerminalFlags, settings: &TerminalSettings) -> Self {
        match flags.color.or(settings.color) {
            Some(ColorWhen::Always) => anstream::ColorChoice::Always.write_global(),
            Some(ColorWhen::Never) => anstream::ColorChoice::Never.write_global(),
            // NO_COLOR, CLICOLOR_FORCE and the terminal decide.
            Some(ColorWhen::Auto) | None => {}
        }
        let (verbose, quiet) = match (flags.verbose > 0, flags.quiet) {
            (false, false) => (settings.verbose == Some(true), settings.quiet == Some(true)),
            typed => typed,
        };
        let verbosity = match (verbose, quiet) {
            (true, _) => Verbosity::Verbose,
            (false, true) => Verbosity::Quiet,
            (false, false) => Verbosity::Normal,
        };
        Self { verbosity, progress: Progress::new(settings, verbosity == Verbosity::Quiet) }
    }

    /// A step of the work, as cargo announces its own.
    pub(crate) fn status(&self, verb: &str, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            line(format_args!("{STATUS}{verb:>12}{STATUS:#} {message}"));
        }
    }

    /// A further line of the last step.
    pub(crate) fn continued(&self, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            line(format_args!("{:>12} {message}", ""));
        }
    }

    /// What may be shown that nobody needs in a log. `-v` asks for its words anywhere.
    pub(crate) fn room(&self) -> Room {
        let columns = terminal_size::terminal_size_of(stderr()).map(|(width, _)| width.0);
        match (self.verbosity, columns.filter(|_| !progress::is_ci())) {
            (Verbosity::Normal | Verbosity::Verbose, Some(columns)) if columns >= LEAST_COLUMNS => {
                Room::Columns(columns.into())
            }
            (Verbosity::Verbose, _) => Room::Plain,
            _ => Room::None,
        }
    }

    /// Whether the user asked for details.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbosity >= Verbosity::Verbose
    }

    /// A step that only a user who asked for details wants to see.
    pub(crate) fn detail(&self, verb: &str, message: impl Display) {
        if self.is_verbose() {
            self.status(verb, message);
        }
    }

    /// Something that does not stop the work, but that the user should know, with what to do about it.
    pub(crate) fn warn(&self, message: impl Display, remedy: Option<&str>) {
        if self.verbosity >= Verbosity::Normal {
            line(format_args!("{WARNING}warning{WARNING:#}: {message}"));
            remedy.into_iter().for_each(hint);
        }
    }

    /// Something that may stop the work later, with all that would help.
    pub(crate) fn doubt(&self, message: impl Display, remedies: &[String]) {
        if self.verbosity >= Verbosity::Normal {
            self.warn(message, None);
            remedies.iter().for_each(hint);
        }
    }

    /// A rule that an archive breaks. Like every error it is shown even when all else is quiet.
    #[expect(clippy::unused_self, reason = "errors ignore the verbosity, callers should not have to know")]
    pub(crate) fn broken(&self, message: impl Display, remedy: &str) {
        line(format_args!("{ERROR}error{ERROR:#}: {message}"));
        hint(remedy);
    }

    /// The end of a run that failed: what happened, what caused it, and what to do.
    #[expect(clippy::unused_self, reason = "errors ignore the verbosity, callers should not have to know")]
    pub(crate) fn error(&self, failure: &anyhow::Error) {
        line(format_args!("{ERROR}error{ERROR:#}: {failure}"));
        let causes: Vec<_> = failure.chain().skip(1).collect();
        if !causes.is_empty() {
            line("\nCaused by:");
            for cause in causes {
                for text in cause.to_string().trim_end().lines() {
                    line(format_args!("  {text}"));
                }
            }
            line("");
        }
        for text in lambda_zip_error::hints(failure) {
            hint(text);
        }
    }

    /// A progress bar over so many bytes of work, where bars are wanted and the work is worth watching.
    pub(crate) fn progress(&self, verb: &str, bytes: u64) -> ProgressBar {
        if bytes >= PROGRESS_FROM_BYTES { self.progress.bar(verb, bytes) } else { ProgressBar::hidden() }
    }
}

/// What a function prints, as it is.
#[cfg(target_os = "linux")]
pub(crate) fn log(bytes: &[u8]) {
    let _ = stderr().lock().write_all(bytes);
}

fn hint(message: impl Display) {
    line(format_args!("{HINT}hint{HINT:#}: {message}"));
}

/// A closed stderr is nobody's fault, and no reason to stop.
fn line(message: impl Display) {
    // Written as a whole: stderr passes on each part of a text as it comes.
    let _ = anstream::stderr().write_all(format!("{message}\n").as_bytes());
}
