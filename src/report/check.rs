//! The result of `check`, for people, for programs, and for GitHub workflows.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::findings::located;
use super::{print_json, print_lines};
use crate::plan::SCHEMA_VERSION;
use lambda_platform::{Arch, Runtime};
use lambda_zip_check::{ArchiveKind, Finding, Severity, has_errors};

/// The result of the `check` command.
#[derive(Debug, Serialize)]
pub(crate) struct CheckReport<'a> {
    schema_version: u32,
    pub(super) kind: ArchiveKind,
    pub(super) arch: Option<Arch>,
    pub(super) runtime: Option<Runtime>,
    pub(super) zips: Vec<CheckedZip<'a>>,
}

/// The result for one zip.
#[derive(Debug, Serialize)]
pub(crate) struct CheckedZip<'a> {
    pub(crate) path: &'a Path,
    #[serde(flatten)]
    pub(crate) outcome: CheckOutcome,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum CheckOutcome {
    /// The zip was read and checked.
    Checked {
        broken: bool,
        size: u64,
        uncompressed_size: u64,
        /// Runtimes and architectures that the zip fits; `None` if the user named both.
        fits: Option<Vec<Fit>>,
        #[serde(serialize_with = "with_reasons")]
        findings: Vec<Finding>,
    },
    /// The zip could not be read. The text has all causes.
    Unreadable { error: String },
}

/// A runtime and an architecture for which a zip breaks no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Fit {
    pub(crate) runtime: Runtime,
    pub(crate) arch: Arch,
}

impl<'a> CheckReport<'a> {
    pub(crate) fn new(
        kind: ArchiveKind,
        arch: Option<Arch>,
        runtime: Option<Runtime>,
        zips: Vec<CheckedZip<'a>>,
    ) -> Self {
        Self { schema_version: SCHEMA_VERSION, kind, arch, runtime, zips }
    }

    /// True if every zip could be read.
    pub(crate) fn is_complete(&self) -> bool {
        !self.zips.iter().any(|zip| matches!(zip.outcome, CheckOutcome::Unreadable { .. }))
    }

    /// True if any zip breaks a rule.
    pub(crate) fn is_broken(&self) -> bool {
        self.zips.iter().any(|zip| matches!(zip.outcome, CheckOutcome::Checked { broken: true, .. }))
    }

    /// Prints one line for each zip.
    pub(crate) fn print_lines(&self) -> Result<()> {
        print_lines(self.zips.iter().map(|zip| format!("{}: {}", zip.path.display(), summary(&zip.outcome))))
    }

    /// Prints everything as one JSON document.
    pub(crate) fn print_json(&self) -> Result<()> {
        print_json(self)
    }

    /// Prints a GitHub annotation for each finding, and for each zip that cannot be read.
    pub(crate) fn print_annotations(&self) -> Result<()> {
        print_lines(self.zips.iter().flat_map(|zip| match &zip.outcome {
            CheckOutcome::Checked { findings, .. } => {
                findings.iter().map(|finding| annotation(zip.path, finding)).collect()
            }
            CheckOutcome::Unreadable { error } => vec![workflow_command("error", "not checked", error)],
        }))
    }
}

/// The verdict, with the number of findings: `broken, 1 error, 2 warnings`.
fn summary(outcome: &CheckOutcome) -> String {
    let (findings, fits) = match outcome {
        CheckOutcome::Checked { findings, fits, .. } => (findings, fits),
        CheckOutcome::Unreadable { .. } => return "not checked".to_owned(),
    };
    let mut parts = vec![if has_errors(findings) { "broken" } else { "ok" }.to_owned()];
    for (severity, word) in [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")] {
        let count: usize = findings.iter().filter(|finding| finding.severity == severity).map(Finding::count).sum();
        if count > 0 {
            parts.push(format!("{count} {word}{}", if count == 1 { "" } else { "s" }));
        }
    }
    let unlisted: usize = findings.iter().filter_map(|finding| finding.unlisted).sum();
    if unlisted > 0 {
        parts.push(format!("{unlisted} of them not shown"));
    }
    let verdict = parts.join(", ");
    match fits.as_deref() {
        None => verdict,
        Some(fits) => format!("{verdict}; fits {}", fits_as_text(fits)),
    }
}

/// Each runtime with its architectures: `provided.al2023 (x86_64, arm64), provided.al2 (x86_64)`.
pub(super) fn fits_as_text(fits: &[Fit]) -> String {
    if fits.is_empty() {
        return "no runtime".to_owned();
    }
    let by_runtime = fits.chunk_by(|one, other| one.runtime == other.runtime);
    let words = by_runtime.map(|fits| {
        let architectures: Vec<_> = fits.iter().map(|fit| fit.arch.to_string()).collect();
        format!("{} ({})", fits[0].runtime, architectures.join(", "))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// A finding together with the reason for its rule.
#[derive(Serialize)]
struct FindingDocument<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    why: &'static str,
}

fn with_reasons<S: serde::Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(findings.iter().map(|finding| FindingDocument { finding, why: finding.rule.facts().why }))
}

fn annotation(zip: &Path, finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let why = finding.rule.facts().why;
    let text = format!("{}: {}\nwhy: {why}\nhint: {}", zip.display(), located(finding), finding.hint);
    workflow_command(level, finding.rule.id(), &text)
}

/// A GitHub workflow command. A line break would end it, and `:` or `,` would end its title, so these are escaped.
fn workflow_command(command: &str, title: &str, text: &str) -> String {
    let escape = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let title = escape(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{command} title={title}::{}", escape(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_command_is_always_one_line() {
        assert_eq!(
            workflow_command("error", "a: b,c", "50%\r\nnext: d,e"),
            "::error title=a%3A b%2Cc::50%25%0D%0Anext: d,e"
        );
    }

    #[test]
    fn each_runtime_is_named_once() {
        let fit = |runtime, arch| Fit { runtime, arch };
        let fits =
            [fit(Runtime::AL2023, Arch::X86_64), fit(Runtime::AL2023, Arch::Arm64), fit(Runtime::AL2, Arch::X86_64)];
        assert_eq!(fits_as_text(&fits), "provided.al2023 (x86_64, arm64), provided.al2 (x86_64)");
        assert_eq!(fits_as_text(&[]), "no runtime");
    }
}
