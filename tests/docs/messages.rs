//! The messages on the page for troubleshooting are those of the program.

use std::fs;

use test_support::repository;
use walkdir::WalkDir;

use crate::page::page;

/// All of the program's source without backticks. What a string continues on the next line is joined.
fn source() -> String {
    let files = WalkDir::new(repository().join("src")).into_iter().map(Result::unwrap);
    let files = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "rs"));
    let joined = |text: String| text.split("\\\n").map(str::trim_start).collect::<String>();
    files.map(|file| joined(fs::read_to_string(file.path()).unwrap())).collect::<String>().replace('`', "")
}

#[test]
fn every_message_is_one_that_the_program_prints() {
    let source = source();
    let page = page("docs/troubleshooting.md");
    let parts = ["While planning", "While building", "While packaging", "In the cloud"];
    let messages = page.headings[1..].iter().filter(|heading| !parts.contains(&heading.as_str()));
    for message in messages {
        for fragment in message.split('…').map(|fragment| fragment.trim_matches([' ', ':', ',', '`'])) {
            let known = fragment.is_empty() || source.contains(fragment);
            assert!(known, "the program prints no `{fragment}`, as `{message}` has it");
        }
    }
}
