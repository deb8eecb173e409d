//! The result of a build or of `pack`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::stdout::{print_json, print_lines};
use super::{InvocationReport, ZipDescription, json};
use crate::cli::MessageFormat;
use deployment_zip::Archive;
use lambda_zip_check::{Finding, ZipView};
use lambda_zip_error::ErrorKind;

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Report {
    /// One for each planned zip, in the order of the plan.
    pub(crate) archives: Vec<ArchiveReport>,
    pub(crate) warnings: Vec<String>,
    /// How long cargo took; `None` if the run did not start cargo.
    pub(crate) build_time: Option<Duration>,
    pub(crate) total_time: Duration,
}

/// The result for one zip.
#[derive(Debug)]
pub(crate) struct ArchiveReport {
    pub(crate) description: ZipDescription,
    pub(crate) archive: Archive,
    /// True if the zip breaks no rule, so that it is at its path now.
    pub(crate) published: bool,
    /// True if the zip was at its path before, made from the same inputs, and so was not packed again.
    pub(crate) fresh: bool,
    pub(crate) findings: Vec<Finding>,
    /// The path of its debug information, if it was asked for.
    pub(crate) debug_symbols: Option<PathBuf>,
    /// What is in the zip, if it was refused and therefore deleted.
    pub(crate) refused: Option<ZipView>,
    /// The results of the events that the function was sent, if any.
    pub(crate) invocations: Option<Vec<InvocationReport>>,
    /// How long packing and checking took.
    pub(crate) package_time: Duration,
}

impl Report {
    /// The exit code of the run: a zip that was not published breaks a rule.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.archives.iter().all(|archive| archive.published) { 0 } else { ErrorKind::Rule.exit_code() }
    }

    /// Prints the report on stdout.
    pub(crate) fn print(&self, format: MessageFormat) -> Result<()> {
        match format {
            MessageFormat::Human => self.print_paths(),
            MessageFormat::Json => print_json(&json::document(self)),
        }
    }

    /// Prints the path of each published zip, one per line.
    fn print_paths(&self) -> Result<()> {
        let published = self.archives.iter().filter(|archive| archive.published);
        print_lines(published.map(|archive| archive.archive.path.display().to_string()))
    }
}
