//! The part of the page that is about one zip.

use maud::{Markup, html};

use super::contents::{Row, Weight, ZipContents};
use super::document::badge;
use super::map::Painter;
use super::tree::{Kind, tree};
use super::{Verdict, ZipPage, executable};
use crate::report::human_bytes;
use crate::report::json::octal;
use crate::report::share::{Fill, Share};
use lambda_platform::limits::{DIRECT_UPLOAD_LIMIT, UNPACKED_LIMIT};
use lambda_zip_check::{Finding, Severity};

/// A longer table helps nobody and makes the page slow.
const MOST_ROWS: usize = 1000;

/// More executables than anybody reads about.
const MOST_EXECUTABLES: usize = 25;

/// A table with more rows is folded away at first.
const ROWS_IN_SIGHT: usize = 25;

/// The facts that stand beside the title.
const IN_SIGHT: [&str; 2] = ["Architecture", "Runtime"];

/// The section of the zip with this number.
pub(super) fn section(zip: &ZipPage, number: usize, is_alone: bool, painter: &mut Painter) -> Markup {
    let contents = zip.contents.as_ref();
    html! {
        section.card id={ "z" (number) } {
            div.title {
                @if is_alone { h1 { (zip.title) } } @else { h2 { (zip.title) } }
                (badge(&zip.verdict))
                @for (name, value) in &zip.facts {
                    @if IN_SIGHT.contains(name) { span.badge.plain { (value) } }
                }
            }
            p.quiet { code { (zip.path) } }
            @if let Verdict::Unreadable(error) = &zip.verdict { p.finding.error { (error) } }
            @if let Some(contents) = contents { (limits(contents, painter)) }
            @if !matches!(zip.verdict, Verdict::Unreadable(_)) { (findings(&zip.findings)) }
            @if let Some(contents) = contents { (room(contents, number, painter)) }
            (facts(zip))
            @if let Some(contents) = contents {
                (executables(contents, painter))
                (entries(contents, number))
            }
        }
    }
}

fn limits(contents: &ZipContents, painter: &mut Painter) -> Markup {
    let bars = [("Upload", contents.size, DIRECT_UPLOAD_LIMIT), ("Unpacked", contents.unpacked_size, UNPACKED_LIMIT)];
    html! {
        div.limits {
            @for (what, size, limit) in bars {
                div.limit {
                    span { (what) " " b { (human_bytes(size)) } }
                    span.quiet { (percent(size, limit)) " of " (human_bytes(limit)) }
                    (bar(size, limit, painter))
                }
            }
        }
    }
}

/// A bar that is filled as far as a limit is reached.
pub(super) fn bar(size: u64, limit: u64, painter: &mut Painter) -> Markup {
    let class = match (Share { size, limit }).fill() {
        Fill::Over => "over",
        Fill::Nearly => "nearly",
        Fill::Below => "below",
    };
    let id = painter.bar(part(size, limit));
    html! { div.bar role="img" aria-label=(percent(size, limit)) { span.(class) id=(id) {} } }
}

#[expect(clippy::cast_precision_loss, reason = "it is shown in whole percent")]
fn part(size: u64, limit: u64) -> f64 {
    size as f64 / limit as f64
}

fn percent(size: u64, limit: u64) -> String {
    if size == 0 { "0 %".to_owned() } else { Share { size, limit: limit.max(1) }.in_words() }
}

fn findings(findings: &[Finding]) -> Markup {
    html! {
        h3 { "Rules" }
        @if findings.is_empty() { p { "No rule is broken." } }
        @for finding in findings {
            div.finding.(class(finding.severity)) {
                p {
                    span.severity { (finding.severity) } " "
                    @if let Some(entry) = &finding.entry { code { (entry) } ": " }
                    (finding.message) " " code.quiet { "[" (finding.rule.id()) "]" }
                }
                p.quiet { "Why: " (finding.rule.facts().why) }
                @if !finding.hint.is_empty() { p { "Hint: " (finding.hint) } }
            }
        }
    }
}

fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// The maps, one at a time.
fn room(contents: &ZipContents, number: usize, painter: &mut Painter) -> Markup {
    let views = [
        (Weight::Unpacked, "unpacked", "Unpacked", contents.unpacked_size),
        (Weight::Compressed, "compressed", "Compressed", contents.size),
    ];
    let mut kinds: Vec<_> = contents.rows.iter().filter(|row| row.size > 0).map(|row| row.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        return html! {};
    }
    let rows = format!("z{number}e");
    let maps = views.map(|(weight, class, ..)| (class, painter.map(&tree(contents.leaves(weight)), &rows)));
    html! {
        h3 { "What takes the room" }
        div.room {
            div.views {
                @for (weight, class, word, size) in views {
                    @let id = format!("z{number}-{class}");
                    input.choice.(class) type="radio" name={ "z" (number) "-room" } id=(id)
                        checked[weight == Weight::Unpacked];
                    label for=(id) { (word) " " (human_bytes(size)) }
                }
                div.legend { @for kind in &kinds { span.(kind.class()) { (words(*kind)) } } }
            }
            @for (class, map) in maps { div.map.(class) role="group" aria-label={ "Map, " (class) } { (map) } }
            p.detail { "The larger the area, the more bytes. Each tile leads to its row in the table." }
        }
    }
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Program => "program",
        Kind::Library => "shared library",
        Kind::Script => "script",
        Kind::File => "other file",
        Kind::Link => "link",
        Kind::Broken => "unreadable",
        Kind::Section => "section",
        Kind::Rest => "small files",
    }
}

fn facts(zip: &ZipPage) -> Markup {
    html! {
        @if zip.contents.is_some() || !zip.facts.is_empty() {
            h3 { "Facts" }
            dl {
                @for (name, value) in &zip.facts { dt { (name) } dd { (value) } }
                @if let Some(contents) = &zip.contents {
                    dt { "Size" } dd { (contents.size) " bytes" }
                    dt { "Unpacked" } dd { (contents.unpacked_size) " bytes in " (contents.rows.len()) " entries" }
                    dt { "CodeSha256" } dd.code { (contents.code_sha256) }
                }
            }
        }
    }
}

fn executables(contents: &ZipContents, painter: &mut Painter) -> Markup {
    let mut found: Vec<_> = contents.rows.iter().filter_map(|row| Some((row, row.elf.as_ref()?))).collect();
    // What Lambda starts comes first.
    found.sort_by_key(|(row, _)| row.path != "bootstrap");
    let is_open = found.len() == 1;
    html! {
        @if !found.is_empty() {
            h3 { "Executables and libraries" }
            @for (row, elf) in found.iter().take(MOST_EXECUTABLES) {
                (executable::details(row, elf, is_open, painter))
            }
            @if found.len() > MOST_EXECUTABLES {
                p.quiet { "And " (found.len() - MOST_EXECUTABLES) " smaller ones." }
            }
        }
    }
}

/// The table of entries, which says in words what the map shows.
fn entries(contents: &ZipContents, number: usize) -> Markup {
    let rows = &contents.rows;
    let left_out = rows.get(MOST_ROWS..).unwrap_or_default();
    html! {
        h3 { "Entries" }
        details open[rows.len() <= ROWS_IN_SIGHT] {
            summary { (rows.len()) @if rows.len() == 1 { " entry" } @else { " entries" } ", the largest first" }
            div {
                table.sortable {
                    thead { tr {
                        th scope="col" { "Name" } th.wide scope="col" { "Mode" }
                        th scope="col" { "Size" } th scope="col" { "Compressed" } th.wide scope="col" { "Share" }
                    } }
                    tbody {
                        @for (index, row) in rows.iter().take(MOST_ROWS).enumerate() {
                            (entry(row, &format!("z{number}e{index}"), contents.unpacked_size))
                        }
                    }
                }
                @if !left_out.is_empty() {
                    p.quiet {
                        "And " (left_out.len()) " smaller ones, "
                        (human_bytes(left_out.iter().fold(0, |sum: u64, row| sum.saturating_add(row.size)))) "."
                    }
                }
            }
        }
    }
}

fn entry(row: &Row, id: &str, total: u64) -> Markup {
    html! {
        tr id=(id) {
            td {
                code { (row.name) }
                @if let Some(target) = &row.link { span.quiet { " → " code { (target) } } }
                @if let Some(program) = &row.interpreter { span.quiet { " run by " code { (program) } } }
            }
            td.wide { @if let Some(mode) = row.mode { code { (octal(mode)) } } @else { "–" } }
            @if row.is_folder {
                td data-value="0" { "folder" } td data-value="0" {} td.wide data-value="0" {}
            } @else {
                td data-value=(row.size) { (human_bytes(row.size)) }
                td data-value=(row.compressed_size) { (human_bytes(row.compressed_size)) }
                td.wide data-value=(row.size) { (percent(row.size, total)) }
            }
        }
    }
}
