//! What a rule is, apart from the code that applies it: its id, its severity, and the reasons for it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::table::TABLE;

pub use super::table::Rule;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; the zip works.
    Note,
    /// Lambda may run the zip, but probably not as intended.
    Warning,
    /// Lambda would refuse the zip or fail to run it.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// The documentation of a rule.
#[derive(Debug, Serialize)]
pub struct RuleFacts {
    /// The rule.
    #[serde(skip)]
    pub rule: Rule,
    /// Its name in configuration and reports. It never changes.
    pub id: &'static str,
    /// The severity of its findings, unless the user sets a level.
    pub severity: Severity,
    /// What the rule requires, in one sentence.
    pub what: &'static str,
    /// What happens in the cloud to a zip that breaks it.
    pub why: &'static str,
    /// How that is known.
    pub source: &'static str,
    /// What to do about it. Version 1 of the JSON documents calls it `remedy`.
    #[serde(rename = "remedy")]
    pub hint: &'static str,
}

impl Rule {
    /// Every rule, in the order in which they are applied and listed.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|facts| facts.rule)
    }

    /// The rule's documentation.
    #[must_use]
    pub fn facts(self) -> &'static RuleFacts {
        // The macro that creates the table lists the variants in the same order.
        &TABLE[self as usize]
    }

    /// Its name in configuration and reports.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.facts().id
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A name that is not the id of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRule {
    /// The name.
    pub id: String,
    /// The rule with the most similar id, if one is similar enough to be what was meant.
    pub nearest: Option<Rule>,
}

impl UnknownRule {
    /// Two ids are similar from this Jaro-Winkler similarity on.
    const SIMILAR: f64 = 0.7;

    fn new(id: &str) -> Self {
        let similarities = Rule::all().map(|rule| (strsim::jaro_winkler(rule.id(), id), rule));
        let nearest = similarities.max_by(|one, other| one.0.total_cmp(&other.0));
        let nearest = nearest.filter(|(similarity, _)| *similarity > Self::SIMILAR).map(|(_, rule)| rule);
        Self { id: id.to_owned(), nearest }
    }
}

impl fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown rule `{}`", self.id)
    }
}

impl std::error::Error for UnknownRule {}

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(id: &str) -> Result<Self, UnknownRule> {
        // The plural is a common slip.
        let id = if id == "secrets" { Self::Secret.id() } else { id };
        Self::all().find(|rule| rule.id() == id).ok_or_else(|| UnknownRule::new(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_in_the_order_of_the_variants() {
        for rule in Rule::all() {
            assert_eq!(rule.facts().rule, rule);
        }
    }

    #[test]
    fn ids_are_unique_and_in_kebab_case() {
        let ids: BTreeSet<_> = Rule::all().map(Rule::id).collect();
        assert_eq!(ids.len(), Rule::all().count());
        let is_kebab = |id: &str| {
            id.split('-').all(|word| !word.is_empty())
                && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        assert!(ids.iter().all(|id| is_kebab(id)), "{ids:?}");
    }

    #[test]
    fn every_rule_is_explained_in_the_style_of_messages() {
        for rule in Rule::all() {
            let facts = rule.facts();
            for text in [facts.what, facts.why, facts.source, facts.hint] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{rule}: {text}");
            }
        }
    }

    #[test]
    fn a_plural_is_understood() {
        assert_eq!("secrets".parse::<Rule>().unwrap(), Rule::Secret);
    }

    #[test]
    fn an_unknown_rule_names_the_nearest() {
        let error = "no-bootstap".parse::<Rule>().unwrap_err();
        assert_eq!(error.to_string(), "unknown rule `no-bootstap`");
        assert_eq!(error.nearest, Some(Rule::NoBootstrap));
        assert_eq!("xyz".parse::<Rule>().unwrap_err().nearest, None);
    }
}
