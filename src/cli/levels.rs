//! The flags that set the level of rules. Every command that checks zips has them.

use clap::Args;

use lambda_zip_check::{Level, Levels, Rule, UnknownRule};
use lambda_zip_error::{ErrorKind, Failure};

pub(super) const RULE_OPTIONS: &str = "Rule Options";

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LevelFlags {
    /// Make a rule an error
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = RULE_OPTIONS)]
    deny: Vec<String>,
    /// Make a rule a warning
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = RULE_OPTIONS)]
    warn: Vec<String>,
    /// Silence a rule
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = RULE_OPTIONS)]
    allow: Vec<String>,
}

impl LevelFlags {
    /// The levels that were typed. Fails for an unknown rule, and for a rule with two different levels.
    pub(crate) fn levels(&self) -> Result<Levels, Failure> {
        let mut levels = Levels::default();
        for (ids, level) in [(&self.deny, Level::Deny), (&self.warn, Level::Warn), (&self.allow, Level::Allow)] {
            for id in ids {
                // clap does not keep the order of different flags, so the last one cannot win.
                let rule = parse_rule(id)?;
                if levels.get(rule).is_some_and(|other| other != level) {
                    return Err(Failure::new(ErrorKind::Usage, format!("the rule `{id}` has two levels"))
                        .hint("name the rule in one of `--deny`, `--warn` and `--allow`"));
                }
                levels.set(rule, level);
            }
        }
        Ok(levels)
    }
}

/// Parses the id of a rule. An unknown id is a usage error that names the nearest rule.
pub(crate) fn parse_rule(id: &str) -> Result<Rule, Failure> {
    id.parse().map_err(|error: UnknownRule| {
        let failure = Failure::new(ErrorKind::Usage, error.to_string());
        match error.nearest {
            Some(rule) => failure.hint(format!("a rule with a similar name exists: `{rule}`")),
            None => failure.hint("`cargo lambda-zip check --list` lists the rules"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_rule_is_a_usage_error_that_names_the_nearest() {
        let hints_of = |id| {
            let error = anyhow::Error::from(parse_rule(id).unwrap_err());
            assert_eq!(lambda_zip_error::exit_code(&error), 2);
            lambda_zip_error::hints(&error).to_vec()
        };
        assert_eq!(hints_of("no-bootstap"), ["a rule with a similar name exists: `no-bootstrap`"]);
        assert_eq!(hints_of("xyz"), ["`cargo lambda-zip check --list` lists the rules"]);
    }
}
