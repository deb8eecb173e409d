//! What a check has to say, and how loud the user wants each rule to be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rule::{Rule, Severity};
use lambda_zip_error::Failure;

/// More findings of one rule than anybody reads; the rest is counted.
const FINDINGS_OF_ONE_RULE: usize = 20;

/// One place where a zip breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// How bad it is, after the user's levels.
    pub severity: Severity,
    /// The entry that breaks it; `None` where it is the zip as a whole.
    pub entry: Option<String>,
    /// What is wrong, with the names and numbers of this zip.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Finding {
    /// Whether Lambda would refuse or fail to run the zip, or the user treats the rule as if it did.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Whether any of the findings is an error.
#[must_use]
pub fn any_broken(findings: &[Finding]) -> bool {
    findings.iter().any(Finding::is_error)
}

/// How loud a rule is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// An error.
    Deny,
    /// A warning.
    Warn,
    /// Not mentioned.
    Allow,
}

/// The user's levels. A rule without one keeps its own severity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels(BTreeMap<Rule, Level>);

impl Levels {
    /// Sets the level of the rule with this id; the last word counts. An unknown id is an error that names the nearest.
    pub fn set(&mut self, id: &str, level: Level) -> Result<(), Failure> {
        self.0.insert(id.parse()?, level);
        Ok(())
    }

    /// The level that was set for the rule with this id. An unknown id is an error that names the nearest.
    pub fn get(&self, id: &str) -> Result<Option<Level>, Failure> {
        Ok(self.0.get(&id.parse()?).copied())
    }

    /// Makes the rule an error.
    pub fn deny(&mut self, id: &str) -> Result<(), Failure> {
        self.set(id, Level::Deny)
    }

    /// Makes the rule a warning.
    pub fn warn(&mut self, id: &str) -> Result<(), Failure> {
        self.set(id, Level::Warn)
    }

    /// Silences the rule.
    pub fn allow(&mut self, id: &str) -> Result<(), Failure> {
        self.set(id, Level::Allow)
    }

    /// Takes the levels of `other` over, which count over those that are here.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How bad a finding is; `None` if it is not to be mentioned. `at_most` bounds the rule's own severity, never what
    /// the user set.
    fn severity(&self, rule: Rule, at_most: Severity) -> Option<Severity> {
        match self.0.get(&rule) {
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

    /// Adds a finding with the rule's own remedy as its hint.
    pub(super) fn add(&mut self, rule: Rule, entry: Option<&str>, message: impl Into<String>) {
        self.add_with_hint(rule, entry, message, rule.facts().remedy);
    }

    /// Adds a finding whose remedy depends on the case.
    pub(super) fn add_with_hint(
        &mut self,
        rule: Rule,
        entry: Option<&str>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add_at_most(Severity::Error, rule, entry, message, hint);
    }

    /// Adds a finding that is less bad than the rule says, since it is less certain in this case.
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
            self.found.push(Finding { rule, severity, entry, message, hint });
        }
    }

    /// What was found: the worst first, then in the order of the rules, then in that of the entries.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        for ((rule, severity), count) in self.counts {
            if count > FINDINGS_OF_ONE_RULE {
                let message = format!("{} more findings of this rule are not listed", count - FINDINGS_OF_ONE_RULE);
                self.found.push(Finding { rule, severity, entry: None, message, hint: rule.facts().remedy.into() });
            }
        }
        // The sort is stable: within a rule the order of the entries stays, and what was added last comes last.
        self.found.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.rule));
        self.found
    }
}

/// Names come from the zip: control characters in them must not reach a terminal.
fn printable(text: &str) -> String {
    if text.contains(char::is_control) {
        text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
    } else {
        text.to_owned()
    }
}
