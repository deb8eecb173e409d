//! The flags that set the level of rules. Every command that checks zips has them.

use clap::Args;

use lambda_zip_check::{Level, Levels};
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
                if levels.get(id)?.is_some_and(|other| other != level) {
                    return Err(Failure::new(ErrorKind::Usage, format!("the rule `{id}` has two levels"))
                        .hint("name the rule in one of `--deny`, `--warn` and `--allow`"));
                }
                levels.set(id, level)?;
            }
        }
        Ok(levels)
    }
}
