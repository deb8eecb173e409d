//! Findings, and the severities that the user chose for rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rule::{Rule, Severity};

/// How many findings of one rule are listed. The rest is counted.
const FINDINGS_OF_ONE_RULE: usize = 20;

/// One place where a zip breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// How bad it is, with the user's levels applied.
    pub severity: Severity,
    /// The entry that breaks the rule; `None` if the zip as a whole does.
    pub entry: Option<String>,
    /// What is wrong, with the names and numbers of this zip.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// How many findings this one stands for, because only the first ones of a rule are listed. `None` for an ordinary
    /// finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<usize>,
}

impl Finding {
    /// Whether Lambda would refuse or fail to run the zip, or the user made the rule an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// How many findings this one stands for.
    #[must_use]
    pub fn count(&self) -> usize {
        self.unlisted.unwrap_or(1)
    }
}

/// Whether any of the findings is an error.
#[must_use]
pub fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(Finding::is_error)
}

/// What the findings of a rule count as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Errors.
    Deny,
    /// Warnings.
    Warn,
    /// Nothing: they are not reported.
    Allow,
}

/// The levels that the user chose. A rule without a level keeps its own severity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels(BTreeMap<Rule, Level>);

impl Levels {
    /// Sets the level of a rule, replacing an earlier one.
    pub fn set(&mut self, rule: Rule, level: Level) {
        self.0.insert(rule, level);
    }

    /// The level that was set for a rule.
    #[must_use]
    pub fn get(&self, rule: Rule) -> Option<Level> {
        self.0.get(&rule).copied()
    }

    /// Makes a rule an error.
    pub fn deny(&mut self, rule: Rule) {
        self.set(rule, Level::Deny);
    }

    /// Makes a rule a warning.
    pub fn warn(&mut self, rule: Rule) {
        self.set(rule, Level::Warn);
    }

    /// Silences a rule.
    pub fn allow(&mut self, rule: Rule) {
        self.set(rule, Level::Allow);
    }

    /// Adds the levels of `other`, which take precedence.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The severity of a finding; `None` if it is not reported. `at_most` lowers the rule's own severity, but never what
    /// the user chose.
    fn severity(&self, rule: Rule, at_most: Severity) -> Option<Severity> {
        match self.get(rule) {
            None => Some(rule.facts().severity.min(at_most)),
            Some(Level::Deny) => Some(Severity::Error),
            Some(Level::Warn) => Some(Severity::Warning),
            Some(Level::Allow) => None,
        }
    }
}

/// Collects findings while the rules are applied.
pub(super) struct Findings<'a> {
    levels: &'a Levels,
    found: Vec<Finding>,
    counts: BTreeMap<(Rule, Severity), usize>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(levels: &'a Levels) -> Self {
        Self { levels, found: Vec::new(), counts: BTreeMap::new() }
    }

    /// Adds a finding with the rule's own hint.
    pub(super) fn add(&mut self, rule: Rule, entry: Option<&str>, message: impl Into<String>) {
        self.add_with_hint(rule, entry, message, rule.facts().hint);
    }

    /// Adds a finding with a hint for this case.
    pub(super) fn add_with_hint(
        &mut self,
        rule: Rule,
        entry: Option<&str>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add_at_most(Severity::Error, rule, entry, message, hint);
    }

    /// Adds a finding that is less certain than the rule, and so at most this severe.
    pub(super) fn add_at_most(
        &mut self,
        at_most: Severity,
        rule: Rule,
        entry: Option<&str>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let Some(severity) = self.levels.severity(rule, at_most) else { return };
        let count = self.counts.entry((rule, severity)).or_default();
        *count += 1;
        if *count <= FINDINGS_OF_ONE_RULE {
            let entry = entry.map(printable);
            let (message, hint) = (printable(&message.into()), printable(&hint.into()));
            self.found.push(Finding { rule, severity, entry, message, hint, unlisted: None });
        }
    }

    /// The findings: the worst first, then in the order of the rules, then in that of the entries.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        for ((rule, severity), count) in self.counts {
            if count > FINDINGS_OF_ONE_RULE {
                let unlisted = count - FINDINGS_OF_ONE_RULE;
                let (findings, are) = if unlisted == 1 { ("finding", "is") } else { ("findings", "are") };
                let message = format!("{unlisted} more {findings} of this rule {are} not listed");
                let (hint, unlisted) = (rule.facts().hint.into(), Some(unlisted));
                self.found.push(Finding { rule, severity, entry: None, message, hint, unlisted });
            }
        }
        // The sort is stable: findings of one rule keep the order of their entries, and the summary comes last.
        self.found.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.rule));
        self.found
    }
}

/// Escapes control characters: names come from the zip and must not control a terminal.
fn printable(text: &str) -> String {
    if text.contains(char::is_control) {
        text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
    } else {
        text.to_owned()
    }
}
