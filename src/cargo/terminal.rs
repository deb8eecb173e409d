//! Cargo's settings for the terminal: the `term` table of config files, `CARGO_TERM_*` and `--config`.
//!
//! <https://doc.rust-lang.org/cargo/reference/config.html#term>

use std::path::Path;

use toml::{Table, Value};

use super::config::{self, ConfigFiles};
use crate::cli::ColorWhen;

/// The settings. `None` if a setting has no value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TerminalSettings {
    pub(crate) quiet: Option<bool>,
    pub(crate) verbose: Option<bool>,
    pub(crate) color: Option<ColorWhen>,
    pub(crate) progress: Option<ProgressWhen>,
    /// The width of a progress bar, in columns.
    pub(crate) progress_width: Option<u16>,
}

/// When progress bars are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ProgressWhen {
    /// On a terminal that can show them, but not in CI.
    #[default]
    Auto,
    Always,
    Never,
}

impl TerminalSettings {
    /// The settings of config files and of the environment, which wins.
    pub(crate) fn of(files: &ConfigFiles) -> Self {
        let mut settings = Self::default();
        for term in files.tables().filter_map(|table| table.get("term")?.as_table()) {
            settings.add(term);
        }
        settings.add(&environment());
        settings
    }

    /// Adds the settings of `--config` arguments, which win. Invalid arguments are ignored here: the command that uses
    /// them reports them.
    pub(crate) fn with_arguments(mut self, directory: &Path, arguments: &[String]) -> Self {
        let tables =
            arguments.iter().filter_map(|argument| config::argument_tables(directory, argument).ok()).flatten();
        for term in tables.filter_map(|table| table.get("term").and_then(Value::as_table).cloned()) {
            self.add(&term);
        }
        self
    }

    fn add(&mut self, term: &Table) {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let flag = |name: &str| term.get(name).and_then(Value::as_bool);
        self.quiet = flag("quiet").or(self.quiet);
        self.verbose = flag("verbose").or(self.verbose);
        self.color = text(term.get("color")).and_then(|color| ColorWhen::of_name(&color)).or(self.color);
        // `progress = "never"` is short for a table with `when` alone.
        let (when, width) = match term.get("progress") {
            Some(Value::Table(progress)) => (text(progress.get("when")), progress.get("width")),
            other => (text(other), None),
        };
        let when = when.and_then(|when| match when.as_str() {
            "auto" => Some(ProgressWhen::Auto),
            "always" => Some(ProgressWhen::Always),
            "never" => Some(ProgressWhen::Never),
            _ => None,
        });
        self.progress = when.or(self.progress);
        let width = width.and_then(Value::as_integer).and_then(|width| u32::try_from(width).ok());
        self.progress_width = width.map(clamped).or(self.progress_width);
    }
}

/// The `CARGO_TERM_*` variables as a `term` table.
fn environment() -> Table {
    let value = |name: &str| std::env::var(format!("CARGO_TERM_{name}")).ok();
    let flag = |name: &str| Some(Value::from(value(name)?.parse::<bool>().ok()?));
    let text = |name: &str| value(name).map(Value::from);
    let width = || Some(Value::from(value("PROGRESS_WIDTH")?.parse::<i64>().ok()?));
    let table = |entries: [(&str, Option<Value>); 2]| -> Table {
        entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    };
    let mut term = table([("quiet", flag("QUIET")), ("verbose", flag("VERBOSE"))]);
    let progress = table([("when", text("PROGRESS_WHEN")), ("width", width())]);
    term.extend(table([("color", text("COLOR")), ("progress", Some(progress.into()))]));
    term
}

fn clamped(width: u32) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(arguments: &[&str]) -> TerminalSettings {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let configured = TerminalSettings { color: Some(ColorWhen::Never), ..TerminalSettings::default() };
        configured.with_arguments(Path::new("."), &arguments)
    }

    #[test]
    fn an_argument_wins_over_the_rest_and_the_last_over_the_first() {
        assert_eq!(with(&[]).color, Some(ColorWhen::Never));
        assert_eq!(with(&["term.color='always'", "term.color='auto'"]).color, Some(ColorWhen::Auto));
        assert_eq!(with(&["term.quiet=true"]).quiet, Some(true));
    }

    #[test]
    fn progress_is_a_word_or_a_table() {
        assert_eq!(with(&["term.progress='never'"]).progress, Some(ProgressWhen::Never));
        let settings = with(&["term.progress={ when = 'always', width = 70 }"]);
        assert_eq!((settings.progress, settings.progress_width), (Some(ProgressWhen::Always), Some(70)));
    }

    #[test]
    fn invalid_settings_are_ignored() {
        assert_eq!(with(&["nonsense", "term.color='pink'", "term.verbose='yes'"]), with(&[]));
    }
}
