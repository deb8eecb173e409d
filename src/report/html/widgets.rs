//! Elements that several parts of the page share.

use std::fmt::Write;

use maud::{Markup, html};

use super::model::Verdict;
use crate::report::share::{Fill, Share};

/// Style rules for elements whose place or size is computed.
///
/// The page's security policy forbids `style` attributes, so each such element gets an id and a rule.
#[derive(Default)]
pub(super) struct StyleRules {
    text: String,
    count: usize,
}

impl StyleRules {
    /// Adds a rule, and returns the id of the element that it applies to.
    pub(super) fn add(&mut self, declarations: &str) -> String {
        self.count += 1;
        let id = format!("t{}", self.count);
        writeln!(self.text, "#{id}{{{declarations}}}").expect("writing to a string does not fail");
        id
    }

    /// All rules, as CSS.
    pub(super) fn as_css(&self) -> &str {
        &self.text
    }
}

/// A bar that shows how much of a limit a size takes up.
pub(super) fn bar(size: u64, limit: u64, styles: &mut StyleRules) -> Markup {
    let class = match (Share { size, limit }).fill() {
        Fill::Over => "over",
        Fill::Nearly => "nearly",
        Fill::Below => "below",
    };
    let id = styles.add(&format!("width:{:.2}%", 100.0 * part(size, limit).clamp(0.0, 1.0)));
    html! { div.bar role="img" aria-label=(percent(size, limit)) { span.(class) id=(id) {} } }
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with two decimals")]
fn part(size: u64, limit: u64) -> f64 {
    size as f64 / limit as f64
}

/// A size in percent of a limit.
pub(super) fn percent(size: u64, limit: u64) -> String {
    if size == 0 { "0 %".to_owned() } else { Share { size, limit: limit.max(1) }.percent_text() }
}

/// The verdict in one word.
pub(super) fn badge(verdict: &Verdict) -> Markup {
    let (class, word) = match verdict {
        Verdict::Published => ("good", "published"),
        Verdict::Good => ("good", "ok"),
        Verdict::Refused => ("bad", "refused"),
        Verdict::Broken => ("bad", "broken"),
        Verdict::Unreadable(_) => ("bad", "unreadable"),
    };
    html! { span.badge.(class) { (word) } }
}

/// What a well-known section of an executable is for, after a comma; empty for other sections.
pub(super) fn section_purpose(section: &str) -> &'static str {
    match section {
        ".text" => ", machine code",
        ".rodata" => ", constants and texts",
        ".data" | ".tdata" => ", variables with a value",
        ".data.rel.ro" => ", constants with addresses in them",
        ".eh_frame" | ".eh_frame_hdr" => ", how to unwind the stack",
        ".gcc_except_table" => ", what to run when a panic unwinds",
        ".rela.dyn" | ".rela.plt" | ".relr.dyn" => ", addresses to adjust when it is loaded",
        ".gopclntab" | ".gosymtab" => ", Go's table of functions and lines",
        ".symtab" | ".strtab" => ", symbols that nothing reads at run time: strip them",
        ".dynsym" | ".dynstr" | ".gnu.hash" | ".hash" => ", symbols for the loader",
        section if section.starts_with(".debug_") || section.starts_with(".zdebug_") => {
            ", debug information that nothing reads at run time"
        }
        _ => "",
    }
}
