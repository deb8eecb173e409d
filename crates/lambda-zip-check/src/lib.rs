//! Checks a zip against the rules of an AWS Lambda runtime before it is uploaded.
//!
//! A zip is read once into a [`ZipView`]. [`check_view`] then applies every [`Rule`] to it and returns [`Finding`]s: the
//! rule, how bad it is, the entry, what is wrong and what to do about it. A damaged zip, or a file that is not a zip at
//! all, is a finding too. An error only ever means that the file could not be read from the disk.
//!
//! ```
//! use lambda_zip_check::{ArchiveKind, Expectation, ZipView, check_view, has_errors};
//! use std::io::Cursor;
//! use time::macros::date;
//!
//! # fn main() -> std::io::Result<()> {
//! let bytes = b"<html>Not Found</html>";
//! let view = ZipView::from_reader(Cursor::new(bytes), bytes.len() as u64)?;
//! let findings = check_view(&view, &[], &Expectation::new(ArchiveKind::Function, date!(2027 - 01 - 01)));
//! for finding in &findings {
//!     println!("{}: {} [{}]\nhint: {}", finding.severity, finding.message, finding.rule, finding.hint);
//! }
//! assert!(has_errors(&findings));
//! # Ok(())
//! # }
//! ```
//!
//! | to | use |
//! |---|---|
//! | check a file with its layers | [`check_file`] |
//! | check one zip against several expectations | [`ZipView::read`], then [`check_view`] for each |
//! | find the runtimes that a zip runs on | [`fitting`] |
//! | make a rule an error, a warning, or silent | [`Levels`] |
//! | explain a rule, with its source | [`Rule::facts`] |
//! | list the entries and what they contain | [`ZipView::facts`] |
//! | read an ELF file's loader, libraries and symbol versions | [`elf::Elf`] |
//!
//! `examples/check_zip.rs` is a complete program. The crate knows nothing of cargo, a command line or a terminal.
//!
//! Reading is bounded: whatever a zip claims, at most twice Lambda's size limit is unpacked, and only the first bytes of
//! a file, or the tables of an ELF file, stay in memory.

mod archive;
mod bytes;
mod container;
mod contents;
mod context;
mod entry;
mod error;
mod executables;
mod facts;
mod finding;
mod images;
mod kind;
mod layout;
mod libraries;
mod limits;
mod modes;
mod names;
mod paths;
mod recognise;
mod rule;
mod scripts;
mod table;
mod view;

pub mod elf;

use std::path::Path;

use time::Date;

use lambda_platform::runtimes::RUNTIMES;
use lambda_platform::{Arch, Runtime};

use context::CheckContext;
use finding::Findings;

pub use contents::{HEAD_SIZE, PackedEntry, PackedSource};
pub use error::{ReadError, TemporaryFileError};
pub use facts::{EntryContents, EntryFacts};
pub use finding::{Finding, Level, Levels, has_errors};
pub use kind::ArchiveKind;
pub use rule::{Rule, RuleFacts, Severity, UnknownRule};
pub use view::ZipView;

/// What a zip is checked against.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// What the zip is uploaded as.
    pub kind: ArchiveKind,
    /// The function's architecture. `None` takes that of the zip's own executable.
    pub arch: Option<Arch>,
    /// The function's runtime. `None` takes the newest one and skips the rules about deprecated runtimes.
    pub runtime: Option<Runtime>,
    /// The date that decides whether a runtime is deprecated.
    pub today: Date,
    /// The severities that the user chose.
    pub levels: Levels,
}

impl Expectation {
    /// Any architecture, the newest runtime, and every rule with its own severity.
    #[must_use]
    pub fn new(kind: ArchiveKind, today: Date) -> Self {
        Self { kind, arch: None, runtime: None, today, levels: Levels::default() }
    }
}

/// Checks the zip at a path, together with the layers of its function. The worst findings come first.
///
/// Fails only if the zip or a layer cannot be read from the disk.
pub fn check_file(zip: &Path, layers: &[&Path], expectation: &Expectation) -> Result<Vec<Finding>, ReadError> {
    let view = ZipView::read(zip)?;
    let layers: Vec<_> = layers.iter().map(|layer| ZipView::read(layer)).collect::<Result<_, _>>()?;
    Ok(check_view(&view, &layers, expectation))
}

/// Checks a zip, together with the layers of its function. The worst findings come first.
///
/// The layers' files and sizes count. The layers themselves are not checked.
#[must_use]
pub fn check_view(view: &ZipView, layers: &[ZipView], expectation: &Expectation) -> Vec<Finding> {
    let context = CheckContext::new(view, layers, expectation);
    let mut findings = Findings::new(&expectation.levels);
    limits::check(&context, &mut findings);
    archive::check(&context, &mut findings);
    // If the archive's records are damaged, a missing file may be there after all.
    if view.container.fault.is_none() && !view.container.entries.is_empty() {
        names::check(&context, &mut findings);
        layout::check(&context, &mut findings);
        modes::check(&context, &mut findings);
        let images = images::collect(&context);
        executables::check(&context, &images, &mut findings);
        scripts::check(&context, &mut findings);
    }
    if context.ran_out_of_steps() {
        let message = "following the links and libraries of the zip takes more steps than the check allows";
        findings.add(Rule::CheckIncomplete, None, message);
    }
    findings.finish()
}

/// The runtimes and architectures for which the zip breaks no rule, the newest runtime first.
///
/// A runtime or an architecture that the expectation names is the only one that is tried.
#[must_use]
pub fn fitting(view: &ZipView, layers: &[ZipView], expectation: &Expectation) -> Vec<(Runtime, Arch)> {
    let runtimes = RUNTIMES.iter().filter_map(|facts| facts.id.parse::<Runtime>().ok());
    let runtimes = runtimes.filter(|runtime| expectation.runtime.is_none_or(|wanted| wanted == *runtime));
    let pairs = runtimes.flat_map(|runtime| Arch::ALL.map(|arch| (runtime, arch)));
    let pairs = pairs.filter(|(_, arch)| expectation.arch.is_none_or(|wanted| wanted == *arch));
    pairs
        .filter(|(runtime, arch)| {
            let tried = Expectation { runtime: Some(*runtime), arch: Some(*arch), ..expectation.clone() };
            !has_errors(&check_view(view, layers, &tried))
        })
        .collect()
}
