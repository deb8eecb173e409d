//! Progress bars: when they are shown, how wide they are, and where they are drawn.

use std::io::{self, IsTerminal, Write, stderr};
use std::time::Duration;

use anstyle::{AnsiColor, Effects, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::cargo::{ProgressWhen, TerminalSettings};

const VERB: Style = AnsiColor::BrightCyan.on_default().effects(Effects::BOLD);

/// The width of a bar, in columns, if the width of the terminal is unknown.
const DEFAULT_WIDTH: u16 = 80;

/// Whether and how wide progress bars are shown.
#[derive(Debug, Default)]
pub(super) struct Progress {
    is_shown: bool,
    /// The configured width in columns, if any.
    width: Option<u16>,
}

impl Progress {
    /// Follows the settings as cargo does.
    pub(super) fn new(settings: &TerminalSettings, is_quiet: bool) -> Self {
        let is_shown = match settings.progress.unwrap_or_default() {
            ProgressWhen::Always => true,
            ProgressWhen::Never => false,
            ProgressWhen::Auto => !is_quiet && stderr().is_terminal() && !is_dumb() && !is_ci(),
        };
        Self { is_shown, width: settings.progress_width }
    }

    /// A bar over this many bytes of work.
    pub(super) fn bar(&self, verb: &str, bytes: u64) -> ProgressBar {
        if !self.is_shown {
            return ProgressBar::hidden();
        }
        let has_colors = anstream::AutoStream::choice(&stderr()) != anstream::ColorChoice::Never;
        let style = if has_colors { VERB } else { Style::new() };
        let template = format!("{style}{verb:>12}{style:#} [{{wide_bar}}] {{bytes}}/{{total_bytes}} {{bytes_per_sec}}");
        let style = ProgressStyle::with_template(&template).expect("the template is a constant").progress_chars("=> ");
        let target = match self.width {
            None if stderr().is_terminal() => ProgressDrawTarget::stderr(),
            width => ProgressDrawTarget::term_like(Box::new(StderrLine { width: width.unwrap_or(DEFAULT_WIDTH) })),
        };
        let bar = ProgressBar::with_draw_target(Some(bytes), target);
        bar.set_style(style);
        bar.tick();
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// True if one of the variables is set by which cargo recognizes a CI service.
pub(super) fn is_ci() -> bool {
    ["CI", "TF_BUILD"].iter().any(|name| std::env::var_os(name).is_some())
}

/// One line of stderr, even if stderr is no terminal. A carriage return starts the line again, which also works in a
/// pipe.
#[derive(Debug)]
struct StderrLine {
    width: u16,
}

impl TermLike for StderrLine {
    fn width(&self) -> u16 {
        self.width
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        stderr().write_all(text.as_bytes())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write_str(&format!("\r{:width$}\r", "", width = usize::from(self.width)))
    }

    fn flush(&self) -> io::Result<()> {
        stderr().flush()
    }
}
