//! What the tests of verdicts share: checking zips in memory against an ordinary function or layer.

#![allow(dead_code, reason = "not every test file uses everything")]

use std::io::Cursor;

use lambda_platform::{Arch, Runtime};
use lambda_zip_check::{ArchiveKind, Expectation, Finding, Rule, Severity, ZipView, check_view};
use test_support::elf::static_program;
use test_support::zip_builder::{DATA, EXECUTABLE, Item, zip};
use time::macros::date;

/// The mode of an ordinary directory.
pub(crate) const DIRECTORY: u32 = 0o040_755;

/// A static `bootstrap` for x86-64.
pub(crate) fn bootstrap() -> Item {
    Item::new("bootstrap", EXECUTABLE, static_program().build())
}

/// A data file.
pub(crate) fn data(name: &str) -> Item {
    Item::new(name, DATA, *b"data")
}

/// The zip of an ordinary function with these further entries.
pub(crate) fn function_with(items: impl IntoIterator<Item = Item>) -> Vec<u8> {
    zip(&[bootstrap()].into_iter().chain(items).collect::<Vec<_>>())
}

/// x86-64, `provided.al2023`, on a day on which that runtime is not deprecated.
pub(crate) fn expectation(kind: ArchiveKind) -> Expectation {
    Expectation {
        arch: Some(Arch::X86_64),
        runtime: Some(Runtime::AL2023),
        ..Expectation::new(kind, date!(2026 - 06 - 01))
    }
}

pub(crate) fn view(zip: &[u8]) -> ZipView {
    ZipView::from_reader(Cursor::new(zip), zip.len() as u64).unwrap()
}

/// Checks a zip with the layers of its function.
pub(crate) fn check_with_layers(kind: ArchiveKind, zip: &[u8], layers: &[Vec<u8>]) -> Vec<Finding> {
    let layers: Vec<_> = layers.iter().map(|layer| view(layer)).collect();
    check_view(&view(zip), &layers, &expectation(kind))
}

pub(crate) fn check_function(zip: &[u8]) -> Vec<Finding> {
    check_with_layers(ArchiveKind::Function, zip, &[])
}

pub(crate) fn check_layer(zip: &[u8]) -> Vec<Finding> {
    check_with_layers(ArchiveKind::Layer, zip, &[])
}

/// The rules of the findings, with their severity.
pub(crate) fn rules(findings: &[Finding]) -> Vec<(Severity, Rule)> {
    findings.iter().map(|finding| (finding.severity, finding.rule)).collect()
}

pub(crate) fn error(rule: Rule) -> Vec<(Severity, Rule)> {
    vec![(Severity::Error, rule)]
}

pub(crate) fn warning(rule: Rule) -> Vec<(Severity, Rule)> {
    vec![(Severity::Warning, rule)]
}
