//! Holds a zip against the rules of its runtime, before the cloud does.
//!
//! The zip is read once into a [`ZipView`]; each rule is one small function over that view. A zip that is broken, even
//! one that is no zip, is a finding: errors are about reading the file.

mod archive;
mod container;
mod contents;
mod entry;
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
mod record;
mod rule;
mod scripts;
mod table;
mod view;

pub mod elf;

use std::cell::Cell;
use std::path::{Path, PathBuf};

use anyhow::Result;
use time::Date;

use lambda_platform::image::{LAYERS_ROOT, TASK_ROOT};
use lambda_platform::runtimes::RUNTIMES;
use lambda_platform::{Arch, Runtime};

use finding::Findings;

pub use contents::{HEAD_SIZE, PackedEntry, PackedSource};
pub use facts::{EntryContents, EntryFacts};
pub use finding::{Finding, Level, Levels, any_broken};
pub use rule::{Rule, RuleFacts, Severity};
pub use view::ZipView;

/// What a zip is uploaded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// The code of a function.
    Function,
    /// A layer with an extension that runs in a process of its own.
    Extension,
    /// A layer with an extension that runs inside of the function's process.
    InternalExtension,
    /// A layer with anything.
    Layer,
}

impl ArchiveKind {
    /// Where Lambda unpacks it.
    #[must_use]
    pub fn root(self) -> &'static str {
        match self {
            Self::Function => TASK_ROOT,
            Self::Extension | Self::InternalExtension | Self::Layer => LAYERS_ROOT,
        }
    }
}

/// The zip of a layer that the function uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerFile {
    /// Where the zip is.
    pub path: PathBuf,
}

/// What a zip is held against.
#[derive(Debug, Clone)]
pub struct Expectation<'a> {
    /// What the zip is uploaded as.
    pub kind: ArchiveKind,
    /// The function's architecture; without it that of the zip's own executable counts.
    pub arch: Option<Arch>,
    /// The function's runtime; without it the newest counts, and rules about the runtime's own life do not apply.
    pub runtime: Option<Runtime>,
    /// The day by which a runtime's age is judged.
    pub today: Date,
    /// How loud each rule is to be.
    pub levels: Levels,
    /// The layers of the function, whose libraries and sizes count.
    pub layers: &'a [LayerFile],
}

/// Holds a zip against the rules and says where it breaks them, the worst first.
///
/// An error means that the zip or a layer cannot be read from the disk. Whatever is in it, is a finding.
pub fn check_file(zip: &Path, expectation: &Expectation) -> Result<Vec<Finding>> {
    let view = ZipView::read(zip)?;
    let layers: Vec<_> = expectation.layers.iter().map(|layer| ZipView::read(&layer.path)).collect::<Result<_>>()?;
    Ok(check_view(&view, &layers, expectation))
}

/// Like [`check_file`] for zips that were read before; `layers` stands in for [`Expectation::layers`].
#[must_use]
pub fn check_view(view: &ZipView, layers: &[ZipView], expectation: &Expectation) -> Vec<Finding> {
    for zip in layers.iter().chain([view]) {
        zip.forget_steps();
    }
    let mut findings = Findings::new(&expectation.levels);
    let subject = Subject { view, layers, expectation, gave_up: Cell::new(false) };
    limits::check(&subject, &mut findings);
    archive::check(&subject, &mut findings);
    // Of a zip whose records are broken, what is missing is not known to be missing.
    if view.container.fault.is_none() && !view.container.entries.is_empty() {
        names::check(&subject, &mut findings);
        layout::check(&subject, &mut findings);
        modes::check(&subject, &mut findings);
        let images = images::collect(&subject);
        executables::check(&subject, &images, &mut findings);
        scripts::check(&subject, &mut findings);
    }
    if subject.gave_up.get() || layers.iter().chain([view]).any(ZipView::ran_out_of_steps) {
        let message = "following the links and libraries of the zip takes more steps than are taken";
        findings.add(Rule::CheckIncomplete, None, message);
    }
    findings.finish()
}

/// The runtimes and architectures that the zip breaks no rule of, the newest runtime first.
///
/// Where the expectation names a runtime or an architecture, only that one is tried.
#[must_use]
pub fn fitting(view: &ZipView, layers: &[ZipView], expectation: &Expectation) -> Vec<(Runtime, Arch)> {
    let runtimes = RUNTIMES.iter().filter_map(|facts| facts.id.parse::<Runtime>().ok());
    let runtimes = runtimes.filter(|runtime| expectation.runtime.is_none_or(|wanted| wanted == *runtime));
    let pairs = runtimes.flat_map(|runtime| Arch::ALL.map(|arch| (runtime, arch)));
    let pairs = pairs.filter(|(_, arch)| expectation.arch.is_none_or(|wanted| wanted == *arch));
    pairs
        .filter(|(runtime, arch)| {
            let tried = Expectation { runtime: Some(*runtime), arch: Some(*arch), ..expectation.clone() };
            !any_broken(&check_view(view, layers, &tried))
        })
        .collect()
}

/// What every rule looks at.
struct Subject<'a> {
    view: &'a ZipView,
    layers: &'a [ZipView],
    expectation: &'a Expectation<'a>,
    /// Whether something was not followed to its end, as that would have taken too long.
    gave_up: Cell<bool>,
}

impl Subject<'_> {
    fn runtime(&self) -> Runtime {
        self.expectation.runtime.unwrap_or(Runtime::AL2023)
    }

    fn root(&self) -> &'static str {
        self.expectation.kind.root()
    }
}
