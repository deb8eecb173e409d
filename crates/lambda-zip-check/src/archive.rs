//! The archive itself: whether every reader would see the same entries, and could unpack them.

use super::container::Fault;
use super::contents::Contents;
use super::context::CheckContext;
use super::entry::ZipEntry;
use super::finding::Findings;
use super::rule::Rule;

pub(super) fn check(context: &CheckContext, findings: &mut Findings) {
    fault(context, findings);
    empty(context, findings);
    leading_bytes(context, findings);
    trailing_bytes(context, findings);
    gaps_and_overlaps(context, findings);
    needless_zip64(context, findings);
    bomb(context, findings);
    for (entry, contents) in context.view.entries() {
        headers_disagree(entry, findings);
        unsupported_method(entry, findings);
        encrypted(entry, findings);
        unreadable_contents(entry, contents, findings);
    }
}

fn fault(context: &CheckContext, findings: &mut Findings) {
    match &context.view.container.fault {
        Some(Fault::Unreadable(reason)) => findings.add(Rule::ZipUnreadable, None, reason),
        Some(Fault::Truncated(reason)) => findings.add(Rule::ZipTruncated, None, reason),
        None => {}
    }
}

fn empty(context: &CheckContext, findings: &mut Findings) {
    let container = &context.view.container;
    if container.fault.is_none() && container.entries.iter().all(ZipEntry::is_directory) {
        let message = if container.entries.is_empty() { "the zip is empty" } else { "the zip holds directories only" };
        findings.add(Rule::ZipEmpty, None, message);
    }
}

fn leading_bytes(context: &CheckContext, findings: &mut Findings) {
    let first = context.view.container.entries.iter().map(|entry| entry.header_start).min();
    // Where offsets count the bytes in front, the first entry starts behind them; where they do not, all are shifted.
    if let Some(count) = first.filter(|first| *first > 0) {
        findings.add(Rule::ZipLeadingBytes, None, format!("there are {count} bytes before the first entry"));
    }
}

fn trailing_bytes(context: &CheckContext, findings: &mut Findings) {
    let count = context.view.container.trailing;
    if count > 0 {
        findings.add(Rule::ZipTrailingBytes, None, format!("there are {count} bytes after the end of the archive"));
    }
}

fn gaps_and_overlaps(context: &CheckContext, findings: &mut Findings) {
    let container = &context.view.container;
    // An entry without readable data has no end to compare; its own finding says so.
    let mut placed: Vec<_> = container.entries.iter().filter(|entry| entry.local.data_start.is_some()).collect();
    if placed.len() != container.entries.len() {
        return;
    }
    placed.sort_by_key(|entry| (entry.header_start, entry.local.end));
    let starts = placed.iter().skip(1).map(|entry| entry.header_start).chain([container.directory_start]);
    for (entry, next) in placed.iter().zip(starts) {
        let name = &entry.name;
        if entry.local.end > next {
            findings.add(Rule::ZipOverlap, Some(name), format!("`{name}` reaches into what follows it in the archive"));
        } else if entry.local.end < next && entry.local.disagreements.is_empty() {
            let count = next - entry.local.end;
            findings.add(Rule::ZipGap, Some(name), format!("{count} bytes after `{name}` belong to no entry"));
        }
    }
}

fn needless_zip64(context: &CheckContext, findings: &mut Findings) {
    let container = &context.view.container;
    let entries = container.entries.iter().filter(|entry| entry.zip64 || entry.local.zip64).count();
    // With more entries than 16 bits can count the format has no other way.
    if container.entries.len() < usize::from(u16::MAX) && (container.zip64 || entries > 0) {
        let message = if entries == 0 {
            "the archive has a zip64 end record".to_owned()
        } else {
            format!("{entries} of {} entries have a zip64 field", container.entries.len())
        };
        findings.add(Rule::NeedlessZip64, None, message);
    }
}

fn bomb(context: &CheckContext, findings: &mut Findings) {
    let skipped = context.view.entries().filter(|(_, contents)| matches!(contents, Contents::BeyondBudget)).count();
    if skipped > 0 {
        let size = context.view.unpacked_size();
        let count = context.view.container.entries.len();
        let message = format!(
            "the zip holds {size} bytes in {count} entries, far more than a function does; {skipped} entries were not read"
        );
        findings.add(Rule::ZipBomb, None, message);
    }
}

fn headers_disagree(entry: &ZipEntry, findings: &mut Findings) {
    for what in &entry.local.disagreements {
        findings.add(Rule::HeadersDisagree, Some(&entry.name), format!("`{}` {what}", entry.name));
    }
}

fn unsupported_method(entry: &ZipEntry, findings: &mut Findings) {
    if !entry.has_known_method() {
        let message = format!("`{}` is compressed with method {}", entry.name, entry.method);
        findings.add(Rule::UnsupportedMethod, Some(&entry.name), message);
    }
}

fn encrypted(entry: &ZipEntry, findings: &mut Findings) {
    if entry.is_encrypted() {
        findings.add(Rule::Encrypted, Some(&entry.name), format!("`{}` is encrypted", entry.name));
    }
}

fn unreadable_contents(entry: &ZipEntry, contents: &Contents, findings: &mut Findings) {
    let name = &entry.name;
    // What the headers disagree about explains the rest.
    if !entry.local.disagreements.is_empty() {
        return;
    }
    match contents {
        Contents::Corrupt(reason) => {
            findings.add(Rule::EntryCorrupt, Some(name), format!("`{name}` cannot be decompressed: {reason}"));
        }
        Contents::WrongSize => {
            let size = entry.size;
            let message = format!("`{name}` does not unpack to the {size} bytes that the directory gives");
            findings.add(Rule::SizeMismatch, Some(name), message);
        }
        Contents::WrongChecksum => {
            let message = format!("the contents of `{name}` do not have the checksum that the directory gives");
            findings.add(Rule::CrcMismatch, Some(name), message);
        }
        _ => {}
    }
}
