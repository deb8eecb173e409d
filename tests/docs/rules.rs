//! `docs/rules.md` is generated from the table of rules.

use std::fmt::Write;

use lambda_zip_check::{Rule, RuleFacts};

const HEAD: &str = "\
# The rules

`cargo lambda-zip check`, and every command that makes a zip, checks it against these rules. This page is generated from the
table in `crates/lambda-zip-check/src/table.rs`.

An **error** means that Lambda would refuse the zip or fail to run it: the exit code is 100, and a zip that was just made
is not published. A **warning** means that Lambda may run the zip, but probably not as intended. A **note** is shown with
`--verbose`. A case that is less certain than its rule is reported with a lower severity: a program that the function may
never start is at most a warning. `--deny RULE`, `--warn RULE` and `--allow RULE` change the severity of a rule, and
`cargo lambda-zip check --explain RULE` prints its section.
";

#[test]
fn the_page_of_rules_is_up_to_date() {
    let mut page = HEAD.to_owned();
    for rule in Rule::all() {
        let RuleFacts { id, severity, what, why, source, hint, .. } = rule.facts();
        write!(
            page,
            "\n## {id}\n\n\
             Severity: {severity}\n\n\
             - **What:** {what}.\n\
             - **Why:** {why}.\n\
             - **Source:** {source}.\n\
             - **Hint:** {hint}.\n"
        )
        .unwrap();
    }
    test_support::generated::assert_file("docs/rules.md", &page);
}
