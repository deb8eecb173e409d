//! What a rule is, apart from the code that applies it: an id to name it by, how bad breaking it is, and the reasons.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::table::TABLE;
use lambda_zip_error::{ErrorKind, Failure};

pub use super::table::Rule;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing goes wrong.
    Note,
    /// Lambda may run the zip, but something about it is likely not meant.
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

/// What there is to say about a rule.
#[derive(Debug, Serialize)]
pub struct RuleFacts {
    /// The rule.
    #[serde(skip)]
    pub rule: Rule,
    /// Its name on the command line and in reports. It never changes.
    pub id: &'static str,
    /// How bad a finding of this rule is, where the user says nothing else.
    pub severity: Severity,
    /// What a zip must be, in one sentence.
    pub what: &'static str,
    /// What happens in the cloud to a zip that breaks it.
    pub why: &'static str,
    /// Where that is known from.
    pub source: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Rule {
    /// Every rule, in the order in which they are applied and listed.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|facts| facts.rule)
    }

    /// What there is to say about it.
    #[must_use]
    pub fn facts(self) -> &'static RuleFacts {
        // The macro that makes the table lists the variants in the table's order.
        &TABLE[self as usize]
    }

    /// Its name on the command line and in reports.
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

impl FromStr for Rule {
    type Err = Failure;

    fn from_str(id: &str) -> Result<Self, Failure> {
        // People say it in the plural.
        let id = if id == "secrets" { Self::Secret.id() } else { id };
        if let Some(rule) = Self::all().find(|rule| rule.id() == id) {
            return Ok(rule);
        }
        let failure = Failure::new(ErrorKind::Usage, format!("there is no rule `{id}`"));
        let nearest = Self::all().map(|rule| (strsim::jaro_winkler(rule.id(), id), rule.id()));
        let nearest = nearest.max_by(|one, other| one.0.total_cmp(&other.0)).filter(|(likeness, _)| *likeness > 0.7);
        Err(match nearest {
            Some((_, likely)) => failure.hint(format!("a rule with a similar name exists: `{likely}`")),
            None => failure.hint("`cargo lambda-zip check --list` lists the rules"),
        })
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
            for text in [facts.what, facts.why, facts.source, facts.remedy] {
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
        let failure = "no-bootstap".parse::<Rule>().unwrap_err();
        assert_eq!(failure.to_string(), "there is no rule `no-bootstap`");
        let error = anyhow::Error::from(failure);
        assert_eq!(lambda_zip_error::hints(&error), ["a rule with a similar name exists: `no-bootstrap`"]);
        assert_eq!(lambda_zip_error::exit_code(&error), 2);
        let error = anyhow::Error::from("xyz".parse::<Rule>().unwrap_err());
        assert_eq!(lambda_zip_error::hints(&error), ["`cargo lambda-zip check --list` lists the rules"]);
    }
}
