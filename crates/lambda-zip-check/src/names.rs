//! The names of entries: each must lead to exactly one file, wherever the zip is unpacked.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::context::CheckContext;
use super::entry::ZipEntry;
use super::finding::Findings;
use super::paths::PATH_LIMIT;
use super::rule::{Rule, Severity};

/// Bit 11 of the flags: the name is UTF-8.
const FLAG_UTF8: u16 = 1 << 11;

pub(super) fn check(context: &CheckContext, findings: &mut Findings) {
    duplicates(context, findings);
    case_collisions(context, findings);
    file_and_directory(context, findings);
    too_many(context, findings);
    for (entry, _) in context.view.entries() {
        backslash(entry, findings);
        absolute(entry, findings);
        parent(entry, findings);
        drive_letter(entry, findings);
        control_character(entry, findings);
        encoding(entry, findings);
        not_normal(entry, findings);
        too_long(context, entry, findings);
    }
}

/// The longest name of a file on Linux, in bytes.
const NAME_LIMIT: usize = 255;

/// How many files and directories a zip may unpack to without a warning.
pub(super) const FILES_LIMIT: usize = 100_000;

fn too_many(context: &CheckContext, findings: &mut Findings) {
    let paths = context.view.entries().map(|(entry, _)| entry.path.as_str());
    let count = files_and_directories(paths.collect());
    if count > FILES_LIMIT {
        let message = format!("the zip unpacks to {count} files and directories");
        findings.add(Rule::TooManyFiles, None, message);
    }
}

/// How many different files and directories these paths name. Names are short to write and their directories many, so the
/// directories are counted without a list of them: in sorted order, a path adds what it does not share with the one before.
fn files_and_directories(mut paths: Vec<&str>) -> usize {
    paths.sort_by(|one, other| one.split('/').cmp(other.split('/')));
    let pairs = paths.iter().zip(std::iter::once(&"").chain(&paths));
    pairs.fold(0, |count: usize, (path, before)| {
        let shared = path.split('/').zip(before.split('/')).take_while(|(one, other)| one == other).count();
        count + path.split('/').count() - shared
    })
}

fn too_long(context: &CheckContext, entry: &ZipEntry, findings: &mut Findings) {
    let longest = entry.path.split('/').map(str::len).max().unwrap_or_default();
    // The path as unpacked, with a separator and the byte that ends it.
    let unpacked = context.root().len() + 1 + entry.path.len() + 1;
    let message = if longest > NAME_LIMIT {
        format!("the name `{}` has a part of {longest} bytes, but Linux allows {NAME_LIMIT}", shortened(&entry.name))
    } else if unpacked > PATH_LIMIT {
        let most = PATH_LIMIT - 1;
        format!(
            "the path of `{}` has {} bytes when unpacked, but Linux allows {most}",
            shortened(&entry.name),
            unpacked - 1
        )
    } else {
        return;
    };
    findings.add(Rule::NameTooLong, Some(&shortened(&entry.name)), message);
}

/// The start of a long name.
fn shortened(name: &str) -> String {
    const LENGTH: usize = 60;
    match name.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

fn duplicates(context: &CheckContext, findings: &mut Findings) {
    let mut counts = BTreeMap::new();
    for (entry, _) in context.view.entries() {
        *counts.entry(entry.path()).or_insert(0) += 1;
    }
    for (path, count) in counts.iter().filter(|(_, count)| **count > 1) {
        let message = if path.is_empty() {
            format!("{count} entries stand for the root of the zip")
        } else {
            format!("{count} entries are named `{path}`")
        };
        findings.add(Rule::DuplicateName, Some(path), message);
    }
}

fn case_collisions(context: &CheckContext, findings: &mut Findings) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (entry, _) in context.view.entries() {
        let path = entry.path();
        let other = seen.entry(case_folded(&path)).or_insert_with(|| path.clone());
        if *other != path {
            let message = if other.to_lowercase() == path.to_lowercase() {
                format!("`{other}` and `{path}` differ only by upper and lower case")
            } else {
                let escaped = [&**other, &*path].map(str::escape_default);
                format!("`{}` and `{}` differ only by how their letters are composed", escaped[0], escaped[1])
            };
            findings.add(Rule::CaseCollision, Some(&path), message);
        }
    }
}

/// The same text for all names that some file system treats as equal.
fn case_folded(name: &str) -> String {
    name.nfc().collect::<String>().to_lowercase().nfc().collect()
}

fn file_and_directory(context: &CheckContext, findings: &mut Findings) {
    for (entry, _) in context.view.entries() {
        let path = entry.path();
        if entry.is_directory() {
            directory_without_slash(context, entry, findings);
        } else if context.view.is_directory(&path)
            && context.view.entry_at(&path).is_some_and(|(found, _)| !found.is_directory())
        {
            if path.is_empty() {
                let message = format!("the file `{}` has no name: it stands for the root of the zip", entry.name);
                findings.add_with_hint(Rule::FileAndDirectory, None, message, "leave the entry out".to_owned());
                continue;
            }
            let message = format!("`{path}` is a file, but other entries are in a directory with that name");
            findings.add(Rule::FileAndDirectory, Some(&path), message);
        }
    }
}

fn directory_without_slash(context: &CheckContext, entry: &ZipEntry, findings: &mut Findings) {
    if entry.ends_with_slash() {
        return;
    }
    let name = &entry.name;
    let rule = Rule::DirectoryWithoutSlash;
    let message = format!("`{name}` is marked as a directory, but its name does not end with `/`");
    // Without other entries in it, the worst that can happen is an empty file.
    let is_used = context.view.has_entries_in(&entry.path);
    let worst = if is_used { Severity::Error } else { Severity::Warning };
    findings.add_at_most(worst, rule, Some(name), message, rule.facts().hint);
}

fn backslash(entry: &ZipEntry, findings: &mut Findings) {
    if entry.name.contains('\\') {
        let message = format!("the name `{}` contains a backslash, which is not a separator on Linux", entry.name);
        findings.add(Rule::BackslashInName, Some(&entry.name), message);
    }
}

fn absolute(entry: &ZipEntry, findings: &mut Findings) {
    if entry.name.starts_with('/') {
        findings.add(Rule::AbsoluteName, Some(&entry.name), format!("the name `{}` starts with `/`", entry.name));
    }
}

fn parent(entry: &ZipEntry, findings: &mut Findings) {
    if entry.name.split(['/', '\\']).any(|part| part == "..") {
        findings.add(Rule::ParentInName, Some(&entry.name), format!("the name `{}` contains `..`", entry.name));
    }
}

fn drive_letter(entry: &ZipEntry, findings: &mut Findings) {
    let mut characters = entry.name.chars();
    let starts_with_letter = characters.next().is_some_and(|first| first.is_ascii_alphabetic());
    // `a:b` is a valid name on Linux. A separator after the colon makes it a Windows path.
    if starts_with_letter && characters.next() == Some(':') && matches!(characters.next(), Some('/' | '\\')) {
        let message = format!("the name `{}` starts with a drive letter", entry.name);
        findings.add(Rule::DriveLetter, Some(&entry.name), message);
    }
}

fn control_character(entry: &ZipEntry, findings: &mut Findings) {
    if entry.name.contains(char::is_control) {
        let message = format!("the name `{}` contains a control character", entry.name);
        findings.add(Rule::ControlCharacter, Some(&entry.name), message);
    }
}

fn encoding(entry: &ZipEntry, findings: &mut Findings) {
    let name = &entry.name;
    if entry.raw_name.is_ascii() || entry.has_unicode_name {
        return;
    }
    if str::from_utf8(&entry.raw_name).is_err() {
        findings.add(Rule::NameNotUtf8, Some(name), format!("the name `{name}` is not UTF-8"));
    } else if entry.flags & FLAG_UTF8 == 0 {
        findings.add(Rule::Utf8FlagMissing, Some(name), format!("the name `{name}` is not marked as UTF-8"));
    }
}

fn not_normal(entry: &ZipEntry, findings: &mut Findings) {
    if entry.path.is_empty() && !entry.is_directory() {
        // This breaks another rule.
        return;
    }
    let name = entry.name.strip_suffix('/').unwrap_or(&entry.name);
    let name = name.strip_prefix('/').unwrap_or(name);
    // Some tools record the packed directory itself as `.`.
    if name != "." && name.split('/').any(|part| matches!(part, "" | ".")) {
        let message = format!("the name `{}` is not in its shortest form", entry.name);
        let hint = match entry.path.as_str() {
            "" => "leave the entry out: it stands for the root of the zip".to_owned(),
            path => format!("name it `{path}`"),
        };
        findings.add_with_hint(Rule::NameNotNormal, Some(&entry.name), message, hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_counted_once() {
        assert_eq!(files_and_directories(vec![]), 0);
        assert_eq!(files_and_directories(vec!["bootstrap"]), 1);
        assert_eq!(files_and_directories(vec!["a/b/c", "a", "a/b/d", "a-b", "a/b"]), 5);
        assert_eq!(files_and_directories(vec!["x/y/z", "x/y/z"]), 3);
    }
}
