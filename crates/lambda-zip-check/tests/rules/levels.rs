//! Levels and the order of findings.

use lambda_platform::{Arch, Runtime};
use lambda_zip_check::{ArchiveKind, Expectation};
use lambda_zip_check::{Levels, Rule, Severity, ZipView, fitting, has_errors};
use test_support::elf::{ElfSpec, dynamic_program};
use test_support::zip_builder::{DATA, EXECUTABLE, Item, zip};
use time::macros::date;

use crate::Case;

fn case() -> Case {
    let data = |name: &str, mode| Item::new(name, mode, *b"data");
    Case::with(Rule::Litter, [data(".DS_Store", DATA), data("b", 0o100_600), data("a", 0o100_600)])
}

#[test]
fn errors_come_first_then_rules_in_their_order_then_entries() {
    let findings = case().check();
    let order: Vec<_> = findings.iter().map(|finding| (finding.severity, finding.entry.as_deref())).collect();
    assert_eq!(
        order,
        [(Severity::Error, Some("b")), (Severity::Error, Some("a")), (Severity::Warning, Some(".DS_Store"))]
    );
    assert!(has_errors(&findings));
}

#[test]
fn a_level_overrides_the_severity() {
    let mut levels = Levels::default();
    levels.deny(Rule::Litter);
    levels.warn(Rule::NotReadable);
    let severities: Vec<_> = case().check_with(levels.clone()).iter().map(|found| found.severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Warning, Severity::Warning]);
    levels.allow(Rule::Litter);
    levels.allow(Rule::NotReadable);
    assert_eq!(case().check_with(levels), []);
}

#[test]
fn an_unknown_rule_is_an_error() {
    let error = "liter".parse::<Rule>().unwrap_err();
    assert_eq!(error.to_string(), "unknown rule `liter`");
    assert_eq!(error.nearest, Some(Rule::Litter));
}

#[test]
fn many_findings_of_one_rule_are_counted() {
    let items = (0..30).map(|index| Item::new(format!("{index:02}"), 0o100_600, *b"data"));
    let findings = Case::with(Rule::NotReadable, items).check();
    assert_eq!(findings.len(), 21);
    assert_eq!(findings[20].message, "10 more findings of this rule are not listed");
}

#[test]
fn control_characters_in_names_are_escaped() {
    let findings = Case::with(Rule::ControlCharacter, [Item::new("a\x1b[31m", DATA, *b"data")]).check();
    assert_eq!(findings[0].entry.as_deref(), Some("a\\u{1b}[31m"));
    assert!(!findings[0].message.contains('\x1b'));
    let program = Item::new("a\x1b[31m/bootstrap", EXECUTABLE, *b"#!/bin/sh\n");
    let findings = Case::new(Rule::NoBootstrap, zip(&[program])).check();
    assert_eq!(findings[0].hint, "pack from inside of `a\\u{1b}[31m`, so that `bootstrap` is at the root");
}

#[test]
fn findings_are_serialized_with_stable_names() {
    let finding = &case().check()[2];
    assert_eq!(
        serde_json::to_string(finding).unwrap(),
        r#"{"rule":"litter","severity":"warning","entry":".DS_Store","message":"`.DS_Store` is metadata of a desktop system","hint":"leave it out, for example with `zip -x`"}"#
    );
}

#[test]
fn a_zip_fits_the_runtimes_whose_rules_it_keeps() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("function.zip");
    let spec = ElfSpec { versions: vec![("libc.so.6", "GLIBC_2.34", 0)], ..dynamic_program() };
    std::fs::write(&path, zip(&[Item::new("bootstrap", EXECUTABLE, spec.build())])).unwrap();
    let expectation = Expectation {
        kind: ArchiveKind::Function,
        arch: None,
        runtime: None,
        today: date!(2026 - 06 - 01),
        levels: Levels::default(),
    };
    let view = ZipView::read(&path).unwrap();
    assert_eq!(fitting(&view, &[], &expectation), [(Runtime::AL2023, Arch::X86_64)]);
}
