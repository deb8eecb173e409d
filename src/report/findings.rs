//! Broken rules, for people.

use std::collections::BTreeSet;

use crate::shell::Shell;
use lambda_zip_check::{Finding, Rule, Severity};

/// Prints findings on stderr, in their order, which is the worst first. Each has the reason for its rule and a hint.
pub(crate) fn print_findings(findings: &[Finding], shell: &Shell) {
    let mut explained: BTreeSet<Rule> = BTreeSet::new();
    for finding in findings {
        let is_first = explained.insert(finding.rule);
        let mut text = format!("{} [{}]", located(finding), finding.rule);
        // The reason is the same for all findings of a rule, so it is printed once. A note is a single line.
        if finding.severity > Severity::Note && is_first {
            text = format!("{text}\nwhy: {}", finding.rule.facts().why);
        }
        match finding.severity {
            Severity::Error => shell.error_with_hint(text, &finding.hint),
            Severity::Warning => shell.warn_with_hints(text, &[&finding.hint]),
            Severity::Note => shell.detail("Note", text),
        }
    }
}

/// The message of a finding, after the name of the entry if the message does not contain it.
pub(super) fn located(finding: &Finding) -> String {
    match &finding.entry {
        Some(entry) if !finding.message.contains(&format!("`{entry}`")) => format!("`{entry}`: {}", finding.message),
        _ => finding.message.clone(),
    }
}
