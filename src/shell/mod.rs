//! Everything that is printed on stderr: status lines with cargo's verbs, warnings, errors, and progress bars.

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

/// Smaller amounts of work are done before anybody could read a progress bar.
const PROGRESS_FROM_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Verbosity {
    Quiet,
    #[default]
    Normal,
    Verbose,
}

/// How the summary of a run is shown on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SummaryStyle {
    /// Not at all: stderr goes to a log.
    Hidden,
    /// Words and numbers.
    Text,
    /// Words, numbers and bars, on a terminal with this many columns.
    Bars { columns: usize },
}

/// Bars do not fit on a terminal with fewer columns.
const MIN_COLUMNS_FOR_BARS: u16 = 60;

/// The only writer to stderr.
#[derive(Debug, Default)]
pub(crate) struct Shell {
    verbosity: Verbosity,
    progress: Progress,
}

impl Shell {
    /// Takes verbosity and colours from the flags, and from cargo's configuration where the flags do not set them.
    pub(crate) fn new(flags: &TerminalFlags, settings: &TerminalSettings) -> Self {
        match flags.color.or(settings.color) {
            Some(ColorWhen::Always) => anstream::ColorChoice::Always.write_global(),
            Some(ColorWhen::Never) => anstream::ColorChoice::Never.write_global(),
            // `anstream` looks at NO_COLOR, CLICOLOR_FORCE and the terminal.
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

    /// Prints a step of the work, in the form of cargo's own status lines.
    pub(crate) fn status(&self, verb: &str, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            line(format_args!("{STATUS}{verb:>12}{STATUS:#} {message}"));
        }
    }

    /// Prints another line that belongs to the last status line.
    pub(crate) fn status_continued(&self, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            line(format_args!("{:>12} {message}", ""));
        }
    }

    /// Prints a line as it is, for text that users copy.
    pub(crate) fn plain(&self, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            line(message);
        }
    }

    /// How to show the summary: with bars on a terminal, not at all in a log, and in words in a log with `-v`.
    pub(crate) fn summary_style(&self) -> SummaryStyle {
        let columns = terminal_size::terminal_size_of(stderr()).map(|(width, _)| width.0);
        match (self.verbosity, columns.filter(|_| !progress::is_ci())) {
            (Verbosity::Normal | Verbosity::Verbose, Some(columns)) if columns >= MIN_COLUMNS_FOR_BARS => {
                SummaryStyle::Bars { columns: columns.into() }
            }
            (Verbosity::Verbose, _) => SummaryStyle::Text,
            _ => SummaryStyle::Hidden,
        }
    }

    /// True with `-v`.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbosity >= Verbosity::Verbose
    }

    /// Prints a step that is shown with `-v` only.
    pub(crate) fn detail(&self, verb: &str, message: impl Display) {
        if self.is_verbose() {
            self.status(verb, message);
        }
    }

    /// Prints a warning.
    pub(crate) fn warn(&self, message: impl Display) {
        self.warn_with_hints(message, &[""; 0]);
    }

    /// Prints a warning, and what to do about it.
    pub(crate) fn warn_with_hints(&self, message: impl Display, hints: &[impl Display]) {
        if self.verbosity >= Verbosity::Normal {
            line(format_args!("{WARNING}warning{WARNING:#}: {message}"));
            hints.iter().for_each(hint);
        }
    }

    /// Prints an error that does not end the run, such as a broken rule, and what to do about it.
    #[expect(clippy::unused_self, reason = "errors ignore the verbosity, callers should not have to know")]
    pub(crate) fn error_with_hint(&self, message: impl Display, text: &str) {
        line(format_args!("{ERROR}error{ERROR:#}: {message}"));
        hint(text);
    }

    /// Prints the error that ends a run, its causes, and what to do about it.
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

    /// A progress bar over this many bytes of work; hidden if bars are not wanted or there is little to do.
    pub(crate) fn progress(&self, verb: &str, bytes: u64) -> ProgressBar {
        if bytes >= PROGRESS_FROM_BYTES { self.progress.bar(verb, bytes) } else { ProgressBar::hidden() }
    }
}

fn hint(message: impl Display) {
    line(format_args!("{HINT}hint{HINT:#}: {message}"));
}

/// Prints a line. Failing to print a message is no reason to stop the work.
fn line(message: impl Display) {
    // One write for the whole line, since stderr is not buffered: lines of other processes cannot end up inside it.
    let _ = anstream::stderr().write_all(format!("{message}\n").as_bytes());
}
