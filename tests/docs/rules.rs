//! `docs/rules.md` is generated from the table of rules.

use std::fmt::Write;

use lambda_zip_check::{Rule, RuleFacts};

const HEAD: &str = "\
# The rules

What `cargo lambda-zip check`, and every command that makes a zip, holds the zip against. This page is generated from the
table in `src/check/table.rs`.

An **error** means that Lambda would refuse the zip or fail to run it: the exit code is 100, and a zip that was just made
is not published. A **warning** means that it may run, but that something about it is likely not meant. A **note** is shown
with `--verbose`. Where a case is less certain than its rule, it is told as less than the rule says: a program that the
function itself may never start is a warning at most. `--deny RULE`, `--warn RULE` and `--allow RULE` set how bad breaking a
rule is; `cargo lambda-zip check --explain RULE` prints what is said here.
";

#[test]
fn the_page_of_rules_is_up_to_date() {
    let mut page = HEAD.to_owned();
    for rule in Rule::all() {
        let RuleFacts { id, severity, what, why, source, remedy, .. } = rule.facts();
        write!(
            page,
            "\n## {id}\n\n\
             Severity: {severity}\n\n\
             - **What:** {what}.\n\
             - **Why:** {why}.\n\
             - **Source:** {source}.\n\
             - **Remedy:** {remedy}.\n"
        )
        .unwrap();
    }
    test_support::generated::assert_file("docs/rules.md", &page);
}
