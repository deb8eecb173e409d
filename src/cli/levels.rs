//! How loud the rules are to be, the same for every command that applies them.

use clap::Args;

use lambda_zip_check::{Level, Levels};
use lambda_zip_error::{ErrorKind, Failure};

pub(super) const RULE_OPTIONS: &str = "Rule Options";

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LevelFlags {
    /// Make breaking a rule an error
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = RULE_OPTIONS)]
    deny: Vec<String>,
    /// Make breaking a rule a warning
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = RULE_OPTIONS)]
    warn: Vec<String>,
    /// Say nothing of a rule
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = RULE_OPTIONS)]
    allow: Vec<String>,
}

impl LevelFlags {
    /// The levels that were typed. A rule that does not exist, or that is given two of them, is an error.
    pub(crate) fn levels(&self) -> Result<Levels, Failure> {
        let mut levels = Levels::default();
        for (ids, level) in [(&self.deny, Level::Deny), (&self.warn, Level::Warn), (&self.allow, Level::Allow)] {
            for id in ids {
                // The order of different flags is not known here, so the last word cannot count.
                if levels.get(id)?.is_some_and(|other| other != level) {
                    return Err(Failure::new(ErrorKind::Usage, format!("the rule `{id}` is given two levels")).hint(
                        "`--deny`, `--warn` and `--allow` contradict one another: name the rule after one of them",
                    ));
                }
                levels.set(id, level)?;
            }
        }
        Ok(levels)
    }
}
