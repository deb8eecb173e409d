//! The section of the page about one zip.

use maud::{Markup, html};

use super::contents::{Row, Weight, ZipContents};
use super::executable;
use super::map::map;
use super::model::{Verdict, ZipPage};
use super::tree::{TileKind, tree};
use super::widgets::{StyleRules, badge, bar, percent};
use crate::report::human_bytes;
use crate::report::json::octal;
use lambda_platform::limits::{DIRECT_UPLOAD_LIMIT, UNPACKED_LIMIT};
use lambda_zip_check::{EntryContents, EntryFacts, Finding, Severity};

/// The most rows of the table of entries. A longer table makes the page slow.
const MAX_ROWS: usize = 1000;

/// The most executables that are described.
const MAX_EXECUTABLES: usize = 25;

/// A table with more rows is closed at first.
const MAX_OPEN_ROWS: usize = 25;

/// The facts that are shown next to the title.
const TITLE_FACTS: [&str; 2] = ["Architecture", "Runtime"];

/// The section of the zip with this number.
pub(super) fn section(zip: &ZipPage<'_>, number: usize, is_alone: bool, styles: &mut StyleRules) -> Markup {
    let contents = zip.contents.as_ref();
    html! {
        section.card id={ "z" (number) } {
            div.title {
                @if is_alone { h1 { (zip.title) } } @else { h2 { (zip.title) } }
                (badge(&zip.verdict))
                @for (name, value) in &zip.facts {
                    @if TITLE_FACTS.contains(name) { span.badge.plain { (value) } }
                }
            }
            p.quiet { code { (zip.path) } }
            @if let Verdict::Unreadable(error) = &zip.verdict { p.finding.error { (error) } }
            @if let Some(contents) = contents { (limits(contents, styles)) }
            @if !matches!(zip.verdict, Verdict::Unreadable(_)) { (findings(&zip.findings)) }
            @if let Some(contents) = contents { (maps(contents, number, styles)) }
            (facts(zip))
            @if let Some(contents) = contents {
                (executables(contents, styles))
                (entries(contents, number))
            }
        }
    }
}

fn limits(contents: &ZipContents<'_>, styles: &mut StyleRules) -> Markup {
    let bars = [("Upload", contents.size, DIRECT_UPLOAD_LIMIT), ("Unpacked", contents.unpacked_size, UNPACKED_LIMIT)];
    html! {
        div.limits {
            @for (what, size, limit) in bars {
                div.limit {
                    span { (what) " " b { (human_bytes(size)) } }
                    span.quiet { (percent(size, limit)) " of " (human_bytes(limit)) }
                    (bar(size, limit, styles))
                }
            }
        }
    }
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

/// The maps of unpacked and of compressed sizes. The page shows one of them at a time.
fn maps(contents: &ZipContents<'_>, number: usize, styles: &mut StyleRules) -> Markup {
    let views = [
        (Weight::Unpacked, "unpacked", "Unpacked", contents.unpacked_size),
        (Weight::Compressed, "compressed", "Compressed", contents.size),
    ];
    let mut kinds: Vec<_> = contents.rows.iter().filter(|row| row.facts.size > 0).map(|row| row.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        return html! {};
    }
    let rows = format!("z{number}e");
    let maps = views.map(|(weight, class, ..)| (class, map(&tree(contents.leaves(weight)), &rows, styles)));
    html! {
        h3 { "What takes up space" }
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
            p.detail { "Areas show sizes. Each tile links to its row in the table." }
        }
    }
}

fn words(kind: TileKind) -> &'static str {
    match kind {
        TileKind::Program => "program",
        TileKind::Library => "shared library",
        TileKind::Script => "script",
        TileKind::File => "other file",
        TileKind::Link => "link",
        TileKind::Broken => "unreadable",
        TileKind::Section => "section",
        TileKind::Rest => "small files",
    }
}

fn facts(zip: &ZipPage<'_>) -> Markup {
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

fn executables(contents: &ZipContents<'_>, styles: &mut StyleRules) -> Markup {
    let mut found: Vec<_> = contents.rows.iter().filter_map(|row| Some((row, row.elf()?))).collect();
    // The executable that Lambda starts comes first.
    found.sort_by_key(|(row, _)| row.facts.path != "bootstrap");
    let is_open = found.len() == 1;
    html! {
        @if !found.is_empty() {
            h3 { "Executables and libraries" }
            @for (row, elf) in found.iter().take(MAX_EXECUTABLES) {
                (executable::details(row, elf, is_open, styles))
            }
            @if found.len() > MAX_EXECUTABLES {
                p.quiet { "And " (found.len() - MAX_EXECUTABLES) " smaller ones." }
            }
        }
    }
}

/// The table of entries.
fn entries(contents: &ZipContents<'_>, number: usize) -> Markup {
    let rows = &contents.rows;
    let left_out = rows.get(MAX_ROWS..).unwrap_or_default();
    html! {
        h3 { "Entries" }
        details open[rows.len() <= MAX_OPEN_ROWS] {
            summary { (rows.len()) @if rows.len() == 1 { " entry" } @else { " entries" } ", the largest first" }
            div {
                table.sortable {
                    thead { tr {
                        th scope="col" { "Name" } th.wide scope="col" { "Mode" }
                        th scope="col" { "Size" } th scope="col" { "Compressed" } th.wide scope="col" { "Share" }
                    } }
                    tbody {
                        @for (index, row) in rows.iter().take(MAX_ROWS).enumerate() {
                            (entry(row, &format!("z{number}e{index}"), contents.unpacked_size))
                        }
                    }
                }
                @if !left_out.is_empty() {
                    p.quiet {
                        "And " (left_out.len()) " smaller ones, "
                        (human_bytes(left_out.iter().fold(0, |sum: u64, row| sum.saturating_add(row.facts.size)))) "."
                    }
                }
            }
        }
    }
}

fn entry(row: &Row<'_>, id: &str, total: u64) -> Markup {
    let EntryFacts { name, size, compressed_size, mode, contents, .. } = row.facts;
    html! {
        tr id=(id) {
            td {
                code { (name) }
                @match contents {
                    EntryContents::Link(target) => { span.quiet { " → " code { (target) } } }
                    EntryContents::Script(interpreter) => { span.quiet { " run by " code { (interpreter) } } }
                    _ => {}
                }
            }
            td.wide { @if let Some(mode) = mode { code { (octal(mode)) } } @else { "–" } }
            @if contents == EntryContents::Directory {
                td data-value="0" { "directory" } td data-value="0" {} td.wide data-value="0" {}
            } @else {
                td data-value=(size) { (human_bytes(size)) }
                td data-value=(compressed_size) { (human_bytes(compressed_size)) }
                td.wide data-value=(size) { (percent(size, total)) }
            }
        }
    }
}
