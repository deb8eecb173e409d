//! The result of a build or of `pack`, as JSON. The fields are documented in `docs/reference.md` and are part of the
//! public interface.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::{ArchiveReport, InvocationReport, Report, ZipDescription};
use crate::plan::SCHEMA_VERSION;
use lambda_zip_check::Finding;

#[derive(Debug, Serialize)]
struct ReportDocument<'a> {
    schema_version: u32,
    archives: Vec<ArchiveDocument<'a>>,
    warnings: &'a [String],
    timings_ms: RunTimings,
}

#[derive(Debug, Serialize)]
struct RunTimings {
    build: Option<u128>,
    total: u128,
    /// What this program took in addition to cargo.
    overhead: u128,
}

#[derive(Debug, Serialize)]
struct ArchiveDocument<'a> {
    #[serde(flatten)]
    description: &'a ZipDescription,
    path: &'a Path,
    published: bool,
    fresh: bool,
    size: u64,
    uncompressed_size: u64,
    code_sha256: String,
    entries: Vec<EntryDocument<'a>>,
    findings: &'a [Finding],
    debug_symbols: Option<&'a Path>,
    invocations: Option<&'a [InvocationReport]>,
    timings_ms: ArchiveTimings,
}

#[derive(Debug, Serialize)]
struct EntryDocument<'a> {
    name: &'a str,
    /// Octal, as `chmod` takes it.
    mode: String,
    size: u64,
    compressed_size: u64,
}

#[derive(Debug, Serialize)]
struct ArchiveTimings {
    package: u128,
}

/// The JSON document for a report.
pub(super) fn document(report: &Report) -> impl Serialize {
    ReportDocument {
        schema_version: SCHEMA_VERSION,
        archives: report.archives.iter().map(archive_document).collect(),
        warnings: &report.warnings,
        timings_ms: RunTimings {
            build: report.build_time.map(millis),
            total: millis(report.total_time),
            overhead: millis(report.total_time.saturating_sub(report.build_time.unwrap_or_default())),
        },
    }
}

fn archive_document(report: &ArchiveReport) -> ArchiveDocument<'_> {
    let ArchiveReport {
        description,
        archive,
        published,
        fresh,
        findings,
        debug_symbols,
        invocations,
        refused: _,
        package_time,
    } = report;
    ArchiveDocument {
        description,
        path: &archive.path,
        published: *published,
        fresh: *fresh,
        size: archive.size,
        uncompressed_size: archive.uncompressed_size,
        code_sha256: archive.code_sha256(),
        entries: archive
            .entries
            .iter()
            .map(|entry| EntryDocument {
                name: entry.name.as_str(),
                mode: octal(entry.mode),
                size: entry.size,
                compressed_size: entry.compressed_size,
            })
            .collect(),
        findings,
        debug_symbols: debug_symbols.as_deref(),
        invocations: invocations.as_deref(),
        timings_ms: ArchiveTimings { package: millis(*package_time) },
    }
}

/// Permissions in octal, as `chmod` takes them.
pub(super) fn octal(mode: u32) -> String {
    format!("{:04o}", mode & 0o7777)
}

fn millis(duration: Duration) -> u128 {
    duration.as_millis()
}
