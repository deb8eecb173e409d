//! What came out, for people and for programs. Stdout is for data alone: paths, or one JSON document.

mod diagnosis;
mod findings;
mod html;
mod invocations;
#[cfg(target_os = "linux")]
mod invoke;
mod json;
mod list;
mod rules;
mod samples;
mod share;
mod subject;
mod summary;

use std::io::{self, Write, stdout};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::cli::MessageFormat;
use crate::context::Function;
use crate::plan::{BuildPlan, PlannedFunction, PlannedTarget};
use deployment_zip::Archive;
use lambda_zip_check::Finding;
use lambda_zip_error::ErrorKind;

pub(crate) use diagnosis::print_diagnosis;
pub(crate) use findings::{CheckOutcome, CheckReport, CheckedZip, Fit, print_findings};
pub(crate) use html::{HtmlPage, ZipContents, code_sha256};
#[cfg(target_os = "linux")]
#[cfg(target_os = "linux")]
pub(crate) use invocations::InvocationFailure;
pub(crate) use invocations::{InvocationReport, exit_code_of};
#[cfg(target_os = "linux")]
pub(crate) use invoke::InvokeReport;
pub(crate) use list::{ContentsList, print_lists};
pub(crate) use rules::{print_rule, print_rule_json, print_rules, print_rules_json};
pub(crate) use samples::print_samples;
pub(crate) use subject::Subject;
pub(crate) use summary::print_summary;

/// The outcome of a run.
#[derive(Debug)]
pub(crate) struct Report {
    /// One for each planned zip, in the order of the plan.
    pub(crate) archives: Vec<ArchiveReport>,
    pub(crate) warnings: Vec<String>,
    /// How long cargo took; nothing when it had no part in the run.
    pub(crate) build_time: Option<Duration>,
    pub(crate) total_time: Duration,
}

/// One zip, published or refused.
#[derive(Debug)]
pub(crate) struct ArchiveReport {
    pub(crate) subject: Subject,
    pub(crate) archive: Archive,
    /// Whether it breaks no rule, and so lies at its path now.
    pub(crate) published: bool,
    /// Whether it lay there before, made from the very same things, and was left alone.
    pub(crate) fresh: bool,
    pub(crate) findings: Vec<Finding>,
    /// Where its debug information lies, if it was asked for.
    pub(crate) debug_symbols: Option<PathBuf>,
    /// What was in it, if it was refused and so is gone.
    pub(crate) refused: Option<ZipContents>,
    /// What came of the events that it was sent, if any.
    pub(crate) invocations: Option<Vec<InvocationReport>>,
    /// How long packing and checking took.
    pub(crate) package_time: Duration,
}

impl Report {
    /// That of the run: a zip that is not published breaks a rule.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.archives.iter().all(|archive| archive.published) { 0 } else { ErrorKind::Rule.exit_code() }
    }

    /// The path of each published zip, one a line.
    fn print_paths(&self) -> Result<()> {
        let published = self.archives.iter().filter(|archive| archive.published);
        print_lines(published.map(|archive| archive.archive.path.display().to_string()))
    }

    /// The report on stdout.
    pub(crate) fn print(&self, format: MessageFormat) -> Result<()> {
        match format {
            MessageFormat::Human => self.print_paths(),
            MessageFormat::Json => print_json(&json::document(self)),
        }
    }
}

/// A plan in place of a report: what would be done, as text.
pub(crate) fn print_plan(plan: &BuildPlan) -> Result<()> {
    let install = plan.install_targets.iter().map(|triple| format!("rustup target add {triple}"));
    let functions = plan.functions.iter().map(|PlannedFunction { function, target, path, .. }| {
        let Function { name, package, version, .. } = function;
        let PlannedTarget { target, linker } = target;
        format!("{name} of {package} {version} ({target}), linked by {linker}: {}", path.display())
    });
    print_lines(install.chain([plan.cargo.to_string()]).chain(functions))
}

/// One JSON document on stdout.
pub(crate) fn print_json(document: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(document).context("failed to write JSON")?;
    text.push('\n');
    print(text.as_bytes())
}

/// Paths, one a line.
pub(crate) fn print_paths(paths: &[PathBuf]) -> Result<()> {
    print_lines(paths.iter().map(|path| path.display().to_string()))
}

/// Text as it is.
pub(crate) fn print_text(text: &str) -> Result<()> {
    print(text.as_bytes())
}

/// Bytes as they are.
#[cfg(target_os = "linux")]
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<()> {
    print(bytes)
}

fn print_lines(lines: impl Iterator<Item = String>) -> Result<()> {
    print(lines.flat_map(|line| [line, "\n".to_owned()]).collect::<String>().as_bytes())
}

/// Whoever closes stdout early has read enough.
fn print(bytes: &[u8]) -> Result<()> {
    let mut stdout = stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("failed to write to stdout"),
        _ => Ok(()),
    }
}

/// A number of bytes as people read it, in units of 1024.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::human_bytes;

    #[test]
    fn bytes_are_shown_in_the_largest_unit_that_fits() {
        assert_eq!(human_bytes(0), "0 B");
        assert_eq!(human_bytes(1023), "1023 B");
        assert_eq!(human_bytes(1024), "1.0 KiB");
        assert_eq!(human_bytes(1024 * 1024 - 1), "1.0 MiB");
        assert_eq!(human_bytes(52_428_800), "50.0 MiB");
    }
}
