//! What a person sees on stderr: cargo's status verbs, warnings, errors, and progress on a terminal.

use std::fmt::Display;
use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use anstyle::{AnsiColor, Effects, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{ColorWhen, TerminalFlags};
use crate::error;

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

/// The one writer to stderr.
#[derive(Debug, Default)]
pub(crate) struct Shell {
    verbosity: Verbosity,
}

impl Shell {
    /// A shell as talkative and as colourful as the flags, else cargo's environment variables, ask for.
    pub(crate) fn new(flags: &TerminalFlags) -> Self {
        let color = flags.color.or_else(|| match std::env::var("CARGO_TERM_COLOR").ok()?.as_str() {
            "always" => Some(ColorWhen::Always),
            "never" => Some(ColorWhen::Never),
            _ => None,
        });
        match color {
            Some(ColorWhen::Always) => anstream::ColorChoice::Always.write_global(),
            Some(ColorWhen::Never) => anstream::ColorChoice::Never.write_global(),
            Some(ColorWhen::Auto) | None => {}
        }
        let is_true = |name: &str| std::env::var(name).is_ok_and(|value| value == "true");
        let verbosity = if flags.quiet {
            Verbosity::Quiet
        } else if flags.verbose > 0 {
            Verbosity::Verbose
        } else if is_true("CARGO_TERM_QUIET") {
            Verbosity::Quiet
        } else if is_true("CARGO_TERM_VERBOSE") {
            Verbosity::Verbose
        } else {
            Verbosity::Normal
        };
        Self { verbosity }
    }

    /// A step of the work, as cargo announces its own.
    pub(crate) fn status(&self, verb: &str, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            line(format_args!("{STATUS}{verb:>12}{STATUS:#} {message}"));
        }
    }

    /// A step that only a user who asked for details wants to see.
    pub(crate) fn detail(&self, verb: &str, message: impl Display) {
        if self.verbosity >= Verbosity::Verbose {
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
        for text in error::hints(failure) {
            hint(text);
        }
    }

    /// A progress bar over so many bytes of work, which shows only on a terminal and for work worth watching.
    pub(crate) fn progress(&self, verb: &str, bytes: u64) -> ProgressBar {
        let visible = self.verbosity >= Verbosity::Normal && bytes >= PROGRESS_FROM_BYTES && stderr().is_terminal();
        if !visible || std::env::var_os("CI").is_some() {
            return ProgressBar::hidden();
        }
        let style =
            ProgressStyle::with_template("{prefix:>12.cyan.bold} [{bar:25}] {bytes}/{total_bytes} {bytes_per_sec}")
                .expect("the template is a constant")
                .progress_chars("=> ");
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        bar.set_style(style);
        bar.set_prefix(verb.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
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
    let _ = writeln!(anstream::stderr(), "{message}");
}
