//! The section about one executable or library: what it needs to be loaded, and what its largest sections are for.

use maud::{Markup, html};

use super::contents::Row;
use super::tree::TileKind;
use super::widgets::{StyleRules, bar, section_purpose};
use crate::report::human_bytes;
use lambda_zip_check::elf::{Elf, ElfType};

/// How many of the largest sections are listed.
const LISTED_SECTIONS: usize = 12;

/// The facts about one executable or library.
pub(super) fn details(row: &Row<'_>, elf: &Elf, is_open: bool, styles: &mut StyleRules) -> Markup {
    html! {
        details open[is_open] {
            summary { code { (row.facts.name) } " " span.quiet { (summary(row, elf)) } }
            div {
                dl {
                    @for (name, value) in facts(elf) { dt { (name) } dd { (value) } }
                }
                (sections(row, elf, styles))
            }
        }
    }
}

fn summary(row: &Row<'_>, elf: &Elf) -> String {
    let what = match row.kind {
        TileKind::Library => "library",
        _ if elf.interpreter.is_none() => "static program",
        _ => "program",
    };
    let glibc = elf.highest_need("GLIBC").map(|(need, _)| format!(", needs {}", need.version.replace('_', " ")));
    format!("{what} for {}{}", machine(elf), glibc.unwrap_or_default())
}

fn machine(elf: &Elf) -> String {
    let bits = if elf.is_64 { 64 } else { 32 };
    elf.arch().map_or_else(|| format!("machine {} ({bits} bits)", elf.machine), |arch| arch.to_string())
}

fn facts(elf: &Elf) -> Vec<(&'static str, String)> {
    let kind = match elf.kind {
        ElfType::Executable => "executable with fixed addresses".to_owned(),
        ElfType::SharedObject => "position-independent".to_owned(),
        ElfType::Other(number) => format!("type {number}"),
    };
    let joined = |list: &[String], none: &str| if list.is_empty() { none.to_owned() } else { list.join(", ") };
    let highest = |family| elf.highest_need(family).map(|(need, _)| format!("{} of {}", need.version, need.library));
    let mut facts = vec![("Machine", machine(elf)), ("Type", kind)];
    let optional = [
        (
            "Interpreter",
            Some(elf.interpreter.clone().unwrap_or_else(|| "none, the kernel starts it directly".to_owned())),
        ),
        ("Needed libraries", Some(joined(&elf.needed, "none"))),
        ("Highest glibc", highest("GLIBC")),
        ("Highest libstdc++", highest("GLIBCXX")),
        ("Library name", elf.soname.clone()),
        (
            "Library directories",
            Some([&elf.rpath[..], &elf.runpath].concat().join(", ")).filter(|text| !text.is_empty()),
        ),
        ("Build id", elf.build_id.clone()),
        ("Debug information", (elf.debug_size > 0).then(|| human_bytes(elf.debug_size))),
        ("Stack", elf.executable_stack.then(|| "executable, which makes attacks easier".to_owned())),
    ];
    facts.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    facts
}

fn sections(row: &Row<'_>, elf: &Elf, styles: &mut StyleRules) -> Markup {
    let largest = elf.sections.iter().take(LISTED_SECTIONS);
    html! {
        @if !elf.sections.is_empty() {
            table.sections {
                thead { tr { th scope="col" { "Section" } th scope="col" { "Size" } } }
                tbody {
                    @for section in largest {
                        tr {
                            td {
                                code { (section.name) }
                                span.quiet { (section_purpose(&section.name)) }
                            }
                            td { (human_bytes(section.size)) (bar(section.size, row.facts.size.max(1), styles)) }
                        }
                    }
                }
            }
        }
    }
}
