//! The archive itself: whether every reader sees the same entries and can unpack them.

use super::container::{FLAG_PATCH, Fault, count};
use super::contents::Contents;
use super::context::CheckContext;
use super::entry::ZipEntry;
use super::finding::Findings;
use super::recognise::recognise;
use super::rule::{Rule, Severity};
use crate::elf;

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
        broken_extra(entry, findings);
        // An encrypted entry has a method of its own, which is not the problem.
        if !encrypted(entry, findings) && !unsupported_method(entry, findings) {
            unsupported_feature(entry, findings);
        }
        directory_with_data(entry, findings);
        unreadable_contents(entry, contents, findings);
    }
}

fn fault(context: &CheckContext, findings: &mut Findings) {
    match &context.view.container.fault {
        Some(Fault::NotAZip(head)) => not_a_zip(head, findings),
        Some(Fault::Broken(reason)) => findings.add(Rule::ZipUnreadable, None, reason),
        Some(Fault::Truncated(reason)) => findings.add(Rule::ZipTruncated, None, reason),
        None => {}
    }
}

fn not_a_zip(head: &[u8], findings: &mut Findings) {
    let rule = Rule::ZipUnreadable;
    if head.is_empty() {
        return findings.add(rule, None, "the file is empty");
    }
    let (what, hint) = if head.starts_with(&elf::MAGIC) {
        (
            "an ELF executable".to_owned(),
            Some("pack the executable into a zip, for example with `cargo lambda-zip pack`"),
        )
    } else if head.starts_with(b"#!") {
        ("a script".to_owned(), Some("pack the script into a zip"))
    } else if head.starts_with(b"MZ") {
        ("a Windows executable".to_owned(), None)
    } else {
        let format = recognise(head);
        (format.to_string(), format.hint())
    };
    let hint = hint.unwrap_or("create a zip archive: Lambda takes no other format");
    findings.add_with_hint(rule, None, format!("the file is {what}, not a zip archive"), hint);
}

fn empty(context: &CheckContext, findings: &mut Findings) {
    let container = &context.view.container;
    if container.fault.is_none() && container.entries.iter().all(ZipEntry::is_directory) {
        let message =
            if container.entries.is_empty() { "the zip is empty" } else { "the zip contains only directories" };
        findings.add(Rule::ZipEmpty, None, message);
    }
}

/// `there is 1 byte` or `there are 2 bytes`.
fn there_are(bytes: u64) -> String {
    format!("there {} {}", if bytes == 1 { "is" } else { "are" }, count(bytes, "byte"))
}

fn leading_bytes(context: &CheckContext, findings: &mut Findings) {
    let first = context.view.container.entries.iter().map(|entry| entry.header_start).min();
    // This holds whether or not the offsets in the archive count the bytes before it.
    if let Some(bytes) = first.filter(|first| *first > 0) {
        findings.add(Rule::ZipLeadingBytes, None, format!("{} before the first entry", there_are(bytes)));
    }
}

fn trailing_bytes(context: &CheckContext, findings: &mut Findings) {
    let bytes = context.view.container.trailing;
    if bytes > 0 {
        findings.add(Rule::ZipTrailingBytes, None, format!("{} after the end of the archive", there_are(bytes)));
    }
}

fn gaps_and_overlaps(context: &CheckContext, findings: &mut Findings) {
    let container = &context.view.container;
    // An entry without readable data has no end to compare. Its own finding says so.
    let mut placed: Vec<_> = container.entries.iter().filter(|entry| entry.local.data_start.is_some()).collect();
    if placed.len() != container.entries.len() {
        return;
    }
    placed.sort_by_key(|entry| (entry.header_start, entry.local.end));
    let starts = placed.iter().skip(1).map(|entry| entry.header_start).chain([container.directory_start]);
    for (entry, next) in placed.iter().zip(starts) {
        let name = &entry.name;
        if entry.local.end > next {
            findings.add(Rule::ZipOverlap, Some(name), format!("`{name}` overlaps what follows it in the archive"));
        } else if entry.local.end < next && entry.local.disagreements.is_empty() {
            let bytes = next - entry.local.end;
            let belong = if bytes == 1 { "belongs" } else { "belong" };
            let message = format!("{} after `{name}` {belong} to no entry", count(bytes, "byte"));
            findings.add(Rule::ZipGap, Some(name), message);
        }
    }
}

/// Zip64 in an entry's own header is not counted: a writer that streams an entry does not know its size in advance.
fn needless_zip64(context: &CheckContext, findings: &mut Findings) {
    let container = &context.view.container;
    let entries = container.entries.iter().filter(|entry| entry.zip64).count();
    // Only zip64 can count more entries than fit into 16 bits.
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
        let all = context.view.container.entries.len();
        let message = format!(
            "the zip unpacks to {size} bytes in {all} entries, far more than a function needs; {skipped} were not read"
        );
        findings.add(Rule::ZipBomb, None, message);
    }
}

fn headers_disagree(entry: &ZipEntry, findings: &mut Findings) {
    for difference in &entry.local.disagreements {
        findings.add(Rule::HeadersDisagree, Some(&entry.name), format!("`{}` {difference}", entry.name));
    }
}

fn broken_extra(entry: &ZipEntry, findings: &mut Findings) {
    if entry.has_broken_extra || entry.local.has_broken_extra {
        let message = format!("`{}` has an extra field that is longer than the space for it", entry.name);
        findings.add(Rule::ExtraField, Some(&entry.name), message);
    }
}

/// The compression methods of the zip format, by number.
const METHODS: [(u16, &str); 14] = [
    (1, "shrink"),
    (6, "implode"),
    (9, "Deflate64"),
    (10, "PKWARE DCL implode"),
    (12, "bzip2"),
    (14, "LZMA"),
    (18, "IBM TERSE"),
    (19, "IBM LZ77"),
    (93, "Zstandard"),
    (94, "MP3"),
    (95, "XZ"),
    (96, "JPEG"),
    (97, "WavPack"),
    (98, "PPMd"),
];

fn unsupported_method(entry: &ZipEntry, findings: &mut Findings) -> bool {
    let is_unsupported = !entry.has_known_method();
    if is_unsupported {
        let name = METHODS.iter().find(|(number, _)| *number == entry.method).map(|(_, name)| *name);
        let method = name.map_or_else(|| format!("unknown method {}", entry.method), str::to_owned);
        let message = format!("`{}` is compressed with {method}", entry.name);
        findings.add(Rule::UnsupportedMethod, Some(&entry.name), message);
    }
    is_unsupported
}

/// The method of entries that are encrypted with AES.
const METHOD_AES: u16 = 99;

fn encrypted(entry: &ZipEntry, findings: &mut Findings) -> bool {
    let is_encrypted = entry.is_encrypted() || entry.method == METHOD_AES;
    if is_encrypted {
        let cipher = if entry.method == METHOD_AES { " with AES" } else { "" };
        findings.add(Rule::Encrypted, Some(&entry.name), format!("`{}` is encrypted{cipher}", entry.name));
    }
    is_encrypted
}

/// The newest version of the format that readers know, 6.3.
const NEWEST_VERSION: u8 = 63;

/// The newest version that Info-ZIP's unzip supports, 4.6.
const UNZIP_VERSION: u8 = 46;

fn unsupported_feature(entry: &ZipEntry, findings: &mut Findings) {
    let rule = Rule::UnsupportedFeature;
    let (name, version) = (&entry.name, entry.version_needed);
    if version > UNZIP_VERSION {
        let message = format!("`{name}` needs version {}.{} of the zip format", version / 10, version % 10);
        let worst = if version > NEWEST_VERSION { Severity::Error } else { Severity::Warning };
        findings.add_at_most(worst, rule, Some(name), message, rule.facts().hint);
    }
    if entry.disk != 0 {
        // 7-Zip does not find the entry, other readers ignore the number.
        let message = format!("`{name}` is in part {} of a split archive", u32::from(entry.disk) + 1);
        findings.add_at_most(Severity::Warning, rule, Some(name), message, rule.facts().hint);
    }
    if entry.flags & FLAG_PATCH != 0 {
        findings.add(rule, Some(name), format!("`{name}` is marked as a patch for another file"));
    }
}

fn directory_with_data(entry: &ZipEntry, findings: &mut Findings) {
    if entry.ends_with_slash() && entry.size == 0 && entry.crc != 0 {
        let rule = Rule::CrcMismatch;
        let message = format!("the directory `{}` has the checksum of a file", entry.name);
        findings.add_at_most(Severity::Warning, rule, Some(&entry.name), message, rule.facts().hint);
    }
}

fn unreadable_contents(entry: &ZipEntry, contents: &Contents, findings: &mut Findings) {
    let name = &entry.name;
    // Headers that disagree explain everything else.
    if !entry.local.disagreements.is_empty() {
        return;
    }
    match contents {
        Contents::Corrupt(reason) => {
            findings.add(Rule::EntryCorrupt, Some(name), format!("`{name}` cannot be decompressed: {reason}"));
        }
        Contents::WrongSize => {
            let size = count(entry.size, "byte");
            let message = format!("`{name}` does not unpack to the {size} that the directory gives");
            findings.add(Rule::SizeMismatch, Some(name), message);
        }
        Contents::WrongChecksum => {
            let message = format!("the contents of `{name}` do not have the checksum that the directory gives");
            findings.add(Rule::CrcMismatch, Some(name), message);
        }
        _ => {}
    }
}
