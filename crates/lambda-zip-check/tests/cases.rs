//! The zips in `tests/cases`, which were made after public reports: the verdict on each.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use lambda_zip_check::{ArchiveKind, Finding, Rule};

use support::{check_with_layers, error, rules, warning};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn check(name: &str) -> Vec<Finding> {
    let read = |file: String| fs::read(directory().join(file)).ok();
    let zip = read(format!("{name}.zip")).unwrap();
    let layers: Vec<_> = read(format!("{name}.layer.zip")).into_iter().collect();
    let kind = if name.starts_with("layer-") { ArchiveKind::Layer } else { ArchiveKind::Function };
    check_with_layers(kind, &zip, &layers)
}

/// The cases with one error, and a part of its message.
const ERRORS: [(&str, Rule, &str); 20] = [
    ("bootstrap-0744", Rule::NotExecutable, "0744: others may not run it"),
    ("bundled-libm-behind-the-system-one", Rule::GlibcTooNew, "`lib/libm.so.6` is not used"),
    ("directory-entry-without-slash", Rule::DirectoryWithoutSlash, "`conf` is marked as a directory"),
    ("elf-cut-short", Rule::ElfUnreadable, "truncated"),
    ("error-page", Rule::ZipUnreadable, "an XML document"),
    ("extra-field-broken", Rule::ExtraField, "longer than the space for it"),
    ("layer-needs-glibc-2.36", Rule::GlibcTooNew, "`GLIBC_2.36`"),
    ("layer-with-mach-o", Rule::WrongSystem, "for macOS"),
    ("layer-with-mach-o-node", Rule::WrongSystem, "for macOS"),
    ("lfs-pointer", Rule::ZipUnreadable, "a Git LFS pointer"),
    ("library-is-text", Rule::LibraryNotElf, "the text of a symbolic link"),
    ("link-that-holds-a-program", Rule::LinkBroken, "an ELF file of 17808 bytes"),
    ("name-of-304-bytes", Rule::NameTooLong, "304 bytes"),
    ("script-with-bom", Rule::ExecFormat, "byte order mark"),
    ("script-without-bang", Rule::ExecFormat, "does not start with `#!`"),
    ("second-end-record", Rule::ZipUnreadable, "second end record"),
    ("tar-gz", Rule::ZipUnreadable, "a gzip file"),
    ("zip64-locator-broken", Rule::ZipUnreadable, "zip64 end locator"),
    // The loop has two links: the one that is started, and the one that it leads to.
    ("link-loop", Rule::BootstrapNotAFile, "in a loop"),
    ("link-loop", Rule::LinkLoop, "in a loop"),
];

const WARNINGS: [(&str, Rule); 2] =
    [("directory-0750", Rule::DirectoryMode), ("layer-program-0666", Rule::NotExecutable)];

const GOOD: [&str; 3] = ["directory-bootstrap", "link-into-layer", "zip64-descriptor-of-empty-file"];

#[test]
fn what_lambda_would_refuse_is_one_error() {
    for (name, rule, part) in ERRORS.into_iter().filter(|(name, ..)| *name != "link-loop") {
        let findings = check(name);
        assert_eq!(rules(&findings), error(rule), "{name}: {findings:#?}");
        assert!(findings[0].message.contains(part), "{name}: {}", findings[0].message);
        assert!(findings[0].message.len() < 200, "{name}: {}", findings[0].message);
    }
}

#[test]
fn both_links_of_a_loop_are_errors() {
    let findings = check("link-loop");
    let expected = ERRORS.iter().filter(|(name, ..)| *name == "link-loop");
    assert!(findings.iter().map(|finding| finding.rule).eq(expected.map(|(_, rule, _)| *rule)), "{findings:#?}");
    assert!(findings.iter().all(|finding| finding.is_error() && finding.message.contains("in a loop")));
}

#[test]
fn what_lambda_copes_with_is_one_warning() {
    for (name, rule) in WARNINGS {
        let findings = check(name);
        assert_eq!(rules(&findings), warning(rule), "{name}: {findings:#?}");
    }
}

#[test]
fn what_lambda_runs_breaks_no_rule() {
    for name in GOOD {
        assert_eq!(check(name), [], "{name}");
    }
}

#[test]
fn every_case_has_a_verdict() {
    let named = ERRORS.iter().map(|(name, ..)| *name).chain(WARNINGS.iter().map(|(name, _)| *name)).chain(GOOD);
    let named: Vec<_> = named.collect();
    for file in fs::read_dir(directory()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let Some(name) = name.strip_suffix(".zip").filter(|name| !name.ends_with(".layer")) else { continue };
        assert!(named.contains(&name), "{name} has no verdict");
    }
}
