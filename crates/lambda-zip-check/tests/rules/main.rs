//! Proves that each rule finds what it is about and nothing else, that good zips break no rule, and that damaged and
//! hostile zips get an answer.
//!
//! Tests that need an archiver or a compiler are ignored by default; their reason names it. `.ci/run` installs them and
//! runs these tests too.

mod broken_archives;
mod broken_contents;
mod broken_executables;
mod elf;
mod go;
mod good;
mod levels;
mod mutation;
mod seeds;
mod tools;

use std::io::Cursor;

use lambda_platform::{Arch, Runtime};
use lambda_zip_check::{ArchiveKind, Expectation, Finding, Levels, Rule, ZipView, check_view};
use test_support::elf::static_program;
use test_support::zip_builder::{self, EXECUTABLE, Item};
use time::Date;
use time::macros::date;

/// A zip, and the expectation that it is checked with.
struct Case {
    rule: Rule,
    zip: Vec<u8>,
    kind: ArchiveKind,
    arch: Option<Arch>,
    runtime: Option<Runtime>,
    today: Date,
    layers: Vec<Vec<u8>>,
}

impl Case {
    /// A function that breaks this rule.
    fn new(rule: Rule, zip: Vec<u8>) -> Self {
        Self {
            rule,
            zip,
            kind: ArchiveKind::Function,
            arch: Some(Arch::X86_64),
            runtime: Some(Runtime::AL2023),
            today: date!(2026 - 06 - 01),
            layers: Vec::new(),
        }
    }

    /// An ordinary function with these further entries.
    fn with(rule: Rule, items: impl IntoIterator<Item = Item>) -> Self {
        Self::new(rule, zip_builder::zip(&with_bootstrap(items)))
    }

    fn check(&self) -> Vec<Finding> {
        self.check_with(Levels::default())
    }

    fn check_with(&self, levels: Levels) -> Vec<Finding> {
        let read = |zip: &Vec<u8>| ZipView::from_reader(Cursor::new(zip), zip.len() as u64).unwrap();
        let layers: Vec<_> = self.layers.iter().map(read).collect();
        let expectation =
            Expectation { kind: self.kind, arch: self.arch, runtime: self.runtime, today: self.today, levels };
        check_view(&read(&self.zip), &layers, &expectation)
    }
}

/// A static `bootstrap` for x86-64.
fn bootstrap() -> Item {
    Item::new("bootstrap", EXECUTABLE, static_program().build())
}

fn with_bootstrap(items: impl IntoIterator<Item = Item>) -> Vec<Item> {
    [bootstrap()].into_iter().chain(items).collect()
}

fn cases() -> Vec<Case> {
    let mut cases = broken_archives::cases();
    cases.extend(broken_contents::cases());
    cases.extend(broken_executables::cases());
    cases
}

#[test]
fn every_case_breaks_its_rule_and_no_other() {
    for case in cases() {
        let findings = case.check();
        let rules: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, [case.rule], "{findings:#?}");
        assert_eq!(findings[0].severity, case.rule.facts().severity, "{findings:#?}");
        assert!(!findings[0].message.ends_with('.') && !findings[0].hint.is_empty(), "{findings:#?}");
    }
}

#[test]
fn every_rule_has_a_case() {
    let covered: Vec<_> = cases().iter().map(|case| case.rule).collect();
    let missing: Vec<_> = Rule::all().filter(|rule| !covered.contains(rule)).collect();
    assert!(missing.is_empty(), "rules without a zip that breaks them: {missing:?}");
}
