//! Where zips break rules, for people, for programs, and for GitHub's workflows.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::{print_json, print_lines};
use crate::plan::SCHEMA_VERSION;
use crate::shell::Shell;
use lambda_platform::{Arch, Runtime};
use lambda_zip_check::{ArchiveKind, Finding, Rule, Severity, has_errors};

/// The outcome of the `check` command.
#[derive(Debug, Serialize)]
pub(crate) struct CheckReport<'a> {
    schema_version: u32,
    pub(super) kind: ArchiveKind,
    pub(super) arch: Option<Arch>,
    pub(super) runtime: Option<Runtime>,
    pub(super) zips: Vec<CheckedZip<'a>>,
}

/// What was found out about one zip.
#[derive(Debug, Serialize)]
pub(crate) struct CheckedZip<'a> {
    pub(crate) path: &'a Path,
    #[serde(flatten)]
    pub(crate) outcome: CheckOutcome,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum CheckOutcome {
    /// The zip was read.
    Checked {
        broken: bool,
        size: u64,
        uncompressed_size: u64,
        /// What the zip fits, if the user left something open.
        fits: Option<Vec<Fit>>,
        #[serde(serialize_with = "with_reasons")]
        findings: Vec<Finding>,
    },
    /// It could not be read, with all the causes.
    Unreadable { error: String },
}

/// A runtime and an architecture that a zip breaks no rule of.
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

    /// Whether every zip could be read.
    pub(crate) fn is_complete(&self) -> bool {
        !self.zips.iter().any(|zip| matches!(zip.outcome, CheckOutcome::Unreadable { .. }))
    }

    /// Whether a rule is broken.
    pub(crate) fn is_broken(&self) -> bool {
        self.zips.iter().any(|zip| matches!(zip.outcome, CheckOutcome::Checked { broken: true, .. }))
    }

    /// One line for each zip.
    pub(crate) fn print_lines(&self) -> Result<()> {
        print_lines(self.zips.iter().map(|zip| format!("{}: {}", zip.path.display(), summary(&zip.outcome))))
    }

    /// Everything, as one JSON document.
    pub(crate) fn print_json(&self) -> Result<()> {
        print_json(self)
    }

    /// One annotation for each finding and for each zip that cannot be read.
    pub(crate) fn print_annotations(&self) -> Result<()> {
        print_lines(self.zips.iter().flat_map(|zip| match &zip.outcome {
            CheckOutcome::Checked { findings, .. } => {
                findings.iter().map(|finding| annotation(zip.path, finding)).collect()
            }
            CheckOutcome::Unreadable { error } => vec![workflow_command("error", "unreadable", error)],
        }))
    }
}

fn summary(outcome: &CheckOutcome) -> String {
    let (findings, fits) = match outcome {
        CheckOutcome::Checked { findings, fits, .. } => (findings, fits),
        CheckOutcome::Unreadable { .. } => return "unreadable".to_owned(),
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
    let judgement = parts.join(", ");
    match fits.as_deref() {
        None => judgement,
        Some([]) => format!("{judgement}; fits no runtime"),
        Some(fits) => format!("{judgement}; fits {}", in_words(fits)),
    }
}

/// Runtimes with their architectures behind them: `provided.al2023 (x86_64, arm64), provided.al2 (x86_64)`.
pub(super) fn in_words(fits: &[Fit]) -> String {
    let by_runtime = fits.chunk_by(|one, other| one.runtime == other.runtime);
    let words = by_runtime.map(|fits| {
        let architectures: Vec<_> = fits.iter().map(|fit| fit.arch.to_string()).collect();
        format!("{} ({})", fits[0].runtime, architectures.join(", "))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// A finding with the reason of its rule, which the library leaves to the rule.
#[derive(Serialize)]
struct FindingDocument<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    why: &'static str,
}

fn with_reasons<S: serde::Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(findings.iter().map(|finding| FindingDocument { finding, why: finding.rule.facts().why }))
}

/// Tells a person what was found: the worst first, with what Lambda would answer and what to do.
pub(crate) fn print_findings(findings: &[Finding], shell: &Shell) {
    let mut explained: BTreeSet<Rule> = BTreeSet::new();
    for finding in findings {
        let is_first = explained.insert(finding.rule);
        let mut text = format!("{} [{}]", located(finding), finding.rule);
        // A note is one line, and what goes for all findings of a rule is said with the first.
        if finding.severity > Severity::Note && is_first {
            text = format!("{text}\nwhy: {}", finding.rule.facts().why);
        }
        match finding.severity {
            Severity::Error => shell.broken(text, &finding.hint),
            Severity::Warning => shell.warn(text, Some(&finding.hint)),
            Severity::Note => shell.detail("Note", text),
        }
    }
}

/// The message, with the entry in front unless it names it anyway.
fn located(finding: &Finding) -> String {
    match &finding.entry {
        Some(entry) if !finding.message.contains(&format!("`{entry}`")) => format!("`{entry}`: {}", finding.message),
        _ => finding.message.clone(),
    }
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

/// A command of a workflow, escaped as its runner unescapes it: line ends would end it, and in a property also `:` and `,`.
fn workflow_command(command: &str, title: &str, text: &str) -> String {
    let escape = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let title = escape(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{command} title={title}::{}", escape(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_command_is_one_line_whatever_is_in_it() {
        assert_eq!(
            workflow_command("error", "a: b,c", "50%\r\nnext: d,e"),
            "::error title=a%3A b%2Cc::50%25%0D%0Anext: d,e"
        );
    }

    #[test]
    fn a_fit_names_each_runtime_once() {
        let fit = |runtime, arch| Fit { runtime, arch };
        let fits =
            [fit(Runtime::AL2023, Arch::X86_64), fit(Runtime::AL2023, Arch::Arm64), fit(Runtime::AL2, Arch::X86_64)];
        assert_eq!(in_words(&fits), "provided.al2023 (x86_64, arm64), provided.al2 (x86_64)");
    }
}
