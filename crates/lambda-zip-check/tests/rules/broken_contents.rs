//! Zips with the wrong files in them, or files with the wrong modes.

use lambda_zip_check::{ArchiveKind, Rule};
use test_support::elf::static_program;
use test_support::zip_builder::{DATA, EXECUTABLE, Item, LINK, zip};

use crate::{Case, bootstrap};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = layout();
    cases.extend(modes());
    cases
}

fn program(name: &str) -> Item {
    Item::new(name, EXECUTABLE, static_program().build())
}

/// A name in a deep directory, which takes many steps to look up.
fn deep(index: usize) -> String {
    format!("{}{index}", "a/".repeat(1000))
}

fn layout() -> Vec<Case> {
    let only = |rule, item| Case::new(rule, zip(&[item]));
    let link = |rule, target: &str| Case::with(rule, [Item::new("link", LINK, target)]);
    let data = |rule, name: &str| Case::with(rule, [Item::new(name, DATA, *b"data")]);
    vec![
        only(Rule::NoBootstrap, Item::new("readme.txt", DATA, *b"data")),
        only(Rule::NoBootstrap, program("function/bootstrap")),
        only(Rule::NoBootstrap, program("Bootstrap")),
        only(Rule::NoBootstrap, program("main")),
        only(Rule::NoBootstrap, Item::new("bootstrap.exe", EXECUTABLE, *b"MZ")),
        only(Rule::BootstrapNotAFile, program("bootstrap/app")),
        Case::new(Rule::BootstrapNotAFile, zip(&[Item::new("bootstrap", LINK, *b"app")])),
        Case::new(Rule::BootstrapNotAFile, zip(&[Item::new("bootstrap", LINK, *b"bootstrap")])),
        Case { kind: ArchiveKind::Extension, ..only(Rule::NoExtension, program("extensions/bin/tool")) },
        link(Rule::LinkEscapes, "../etc/passwd"),
        link(Rule::LinkEscapes, "/etc/passwd"),
        Case::with(Rule::CheckIncomplete, (0..40).map(|index| Item::new(deep(index), LINK, *b"../a"))),
        link(Rule::LinkBroken, ""),
        link(Rule::LinkBroken, "#!/bin/sh\necho\n"),
        link(Rule::LinkLoop, "link"),
        link(Rule::LinkDangling, "missing"),
        link(Rule::LinkDangling, "/var/task/missing"),
        data(Rule::Litter, "folder/.DS_Store"),
        data(Rule::Litter, "__MACOSX/._bootstrap"),
        data(Rule::Secret, ".env"),
        data(Rule::Secret, "home/.aws/credentials"),
        Case::with(Rule::Secret, [Item::new("tls.pem", DATA, *b"-----BEGIN PRIVATE KEY-----\nMII")]),
    ]
}

fn modes() -> Vec<Case> {
    let bootstrap_with = |rule, change: &dyn Fn(&mut Item)| Case::new(rule, zip(&[bootstrap().with(change)]));
    let data = |rule, mode| Case::with(rule, [Item::new("a.txt", mode, *b"data")]);
    let extension = Item::new("extensions/tool", DATA, static_program().build());
    vec![
        bootstrap_with(Rule::HostNotUnix, &|item| (item.host, item.mode) = (0, 0)),
        bootstrap_with(Rule::NotExecutable, &|item| item.mode = DATA),
        Case { kind: ArchiveKind::Extension, ..Case::new(Rule::NotExecutable, zip(&[extension])) },
        data(Rule::NotReadable, 0o100_600),
        data(Rule::NotReadable, 0o100_660),
        Case::with(Rule::DirectoryMode, [Item::new("conf/", 0o040_750, "")]),
        data(Rule::Setuid, 0o104_755),
        bootstrap_with(Rule::MissingTypeBits, &|item| item.mode = 0o755),
    ]
}

#[test]
fn the_hint_for_a_missing_bootstrap_names_the_nearest_file() {
    let advice = |item: Item| {
        let finding = Case::new(Rule::NoBootstrap, zip(&[item])).check().remove(0);
        (finding.message, finding.hint)
    };
    let (message, hint) = advice(program("function/bootstrap"));
    assert_eq!(message, "the zip has no file `bootstrap` at its root, but `function/bootstrap`");
    assert_eq!(hint, "pack from inside of `function`, so that `bootstrap` is at the root");
    let (message, hint) = advice(program("main"));
    assert_eq!(message, "the zip has no file `bootstrap` at its root, only an executable `main`");
    assert!(hint.starts_with("rename `main` to `bootstrap`; only the deprecated `go1.x` runtime"), "{hint}");
    assert!(advice(program("Bootstrap")).1.starts_with("name it `bootstrap`, in lower case"));
    assert!(advice(Item::new("bootstrap.exe", EXECUTABLE, *b"MZ")).1.starts_with("build for Linux"));
}
