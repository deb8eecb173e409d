//! Fuzzes packing: names, globs and modes as a user types them, and any contents at every level of compression. What was
//! packed must be read back unchanged.
//!
//! The first byte chooses the compression. The line after it is read as a name, a glob, a mode, a triple and a version, the
//! rest is contents.

#![no_main]

use std::num::NonZeroUsize;

use deployment_zip::{
    ArchiveOptions, Compression, Entry, EntryName, EntrySource, ModeRule, ModificationTime, Pattern, sort,
    stage_temporary,
};
use lambda_platform::{Runtime, SymbolVersion, Target};
use lambda_zip_check::{ArchiveKind, Expectation, Rule, ZipView, check_view};
use time::macros::date;

/// The rules that a zip of our own never breaks, whatever is in it.
const ALWAYS_KEPT: [Rule; 4] = [Rule::EntryCorrupt, Rule::SizeMismatch, Rule::CrcMismatch, Rule::HeadersDisagree];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let (line, contents) = rest.split_at(rest.iter().position(|byte| *byte == b'\n').unwrap_or_default());
    let line = String::from_utf8_lossy(line);
    let _ = line.parse::<ModeRule>();
    let _ = Target::from_triple(&line, Runtime::AL2023);
    let _ = SymbolVersion::parse(&line);
    if let Ok(pattern) = Pattern::new(&line) {
        let _ = pattern.matches(&line);
    }
    let name = EntryName::new(line.to_string()).unwrap_or_else(|_| "bootstrap".parse().expect("it is a name"));
    let compression =
        [Compression::Fast, Compression::Default, Compression::Best, Compression::Store][usize::from(choice % 4)];
    pack(name, contents, compression);
});

fn pack(name: EntryName, contents: &[u8], compression: Compression) {
    let entry = Entry { name, source: EntrySource::Bytes(contents.to_vec()), mode: None };
    let entries = sort(vec![entry]).expect("one entry is in no other's way");
    let options = ArchiveOptions { compression, modified: ModificationTime::EARLIEST, threads: NonZeroUsize::MIN };
    let staged = stage_temporary(&entries, &options, &|_| ()).expect("bytes can be packed");
    let view = ZipView::from_reader(staged.reader(), staged.archive().size).expect("the scratch file can be read");
    let findings = check_view(&view, &[], &Expectation::new(ArchiveKind::Layer, date!(2026 - 06 - 01)));
    assert!(findings.iter().all(|finding| !ALWAYS_KEPT.contains(&finding.rule)), "{findings:?}");
    assert_eq!(view.unpacked_size(), contents.len() as u64);
}
