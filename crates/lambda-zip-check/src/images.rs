//! The ELF files of a zip by the part they play: started by Lambda, loaded by one of those, or run by the program itself.

use std::collections::BTreeSet;

use super::ArchiveKind;
use super::contents::{Contents, Shebang};
use super::context::CheckContext;
use super::entry::{ZipEntry, directory_of};
use super::layout::{BOOTSTRAP, EXTENSIONS};
use super::libraries::{self, Place, Search};
use super::rule::Severity;
use super::view::Found;
use crate::elf::Elf;
use lambda_platform::image::{LAYERS_ROOT, TASK_ROOT};

/// More look-ups of libraries than any real zip takes; beyond it, what a library needs is not followed any further.
const LOOKUPS_LIMIT: usize = 50_000;

/// The part that an ELF file plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Lambda starts it.
    Started,
    /// The loader maps it, as something that is started needs it.
    Loaded,
    /// It can be run, and whether it is, only the program knows.
    Helper,
}

impl Role {
    /// How bad it can be when the file does not run.
    pub(super) fn worst(self) -> Severity {
        match self {
            Self::Started | Self::Loaded => Severity::Error,
            Self::Helper => Severity::Warning,
        }
    }
}

/// An ELF file in the zip that is run or loaded.
pub(super) struct Image<'a> {
    pub(super) entry: &'a ZipEntry,
    pub(super) elf: &'a Elf,
    pub(super) role: Role,
    /// The names that it needs, each with where it is.
    pub(super) needed: Vec<(&'a str, Place<'a>)>,
}

/// A file that Lambda starts, whatever it is.
pub(super) struct Started<'a> {
    pub(super) entry: &'a ZipEntry,
    pub(super) contents: &'a Contents,
}

/// The files that Lambda starts: `bootstrap` of a function, each file in `extensions/` of a layer.
pub(super) fn started<'a>(context: &CheckContext<'a>) -> Vec<Started<'a>> {
    let paths: BTreeSet<String> = match context.expectation.kind {
        ArchiveKind::Function => BTreeSet::from([BOOTSTRAP.to_owned()]),
        ArchiveKind::Extension | ArchiveKind::InternalExtension | ArchiveKind::Layer => {
            let paths = context.view.entries().map(|(entry, _)| entry.path());
            paths.filter(|path| directory_of(path) == EXTENSIONS).collect()
        }
    };
    let found = paths.iter().filter_map(|path| match context.view.find(path, context.root())? {
        Found::File(entry, contents) => Some(Started { entry, contents }),
        Found::Directory => None,
    });
    // Two links may lead to one file.
    let mut seen = BTreeSet::new();
    found.filter(|program| seen.insert(program.entry.path())).collect()
}

/// The ELF files that are run or loaded, in the order in which that happens, then the helpers.
pub(super) fn collect<'a>(context: &CheckContext<'a>) -> Vec<Image<'a>> {
    let mut waiting = Vec::new();
    for program in started(context) {
        match program.contents {
            Contents::Elf(elf) => waiting.push((program.entry, elf.as_ref(), Role::Started, Vec::new())),
            // An interpreter that comes with the zip is started in the script's place.
            Contents::Script(script) => {
                if let Some(Place::InZip(entry, elf)) = interpreter(context, script) {
                    waiting.push((entry, elf, Role::Started, Vec::new()));
                }
            }
            _ => {}
        }
    }
    for (entry, contents) in context.view.entries() {
        if let Contents::Elf(elf) = contents
            && entry.is_runnable()
            && (elf.interpreter.is_some() || elf.entry_point != 0 && elf.soname.is_none())
        {
            waiting.push((entry, elf.as_ref(), Role::Helper, Vec::new()));
        }
    }
    // What is started and all that it loads comes before any helper.
    waiting.reverse();
    let mut seen = BTreeSet::new();
    let mut images = Vec::new();
    let mut lookups = 0;
    while let Some((entry, elf, role, inherited)) = waiting.pop() {
        if !seen.insert(entry.path()) {
            continue;
        }
        let search = Search::new(context, entry, elf, &inherited);
        let mut needed = Vec::new();
        for name in &elf.needed {
            lookups += search.directories.len();
            if lookups > LOOKUPS_LIMIT {
                context.mark_incomplete();
                break;
            }
            let place = libraries::find(context, &search, elf, name);
            if let Place::InZip(entry, library) = place {
                let role = if role == Role::Helper { role } else { Role::Loaded };
                waiting.push((entry, library, role, search.inherited.clone()));
            }
            needed.push((name.as_str(), place));
        }
        images.push(Image { entry, elf, role, needed });
    }
    images
}

/// Where a script's interpreter is, if its path leads to the task's or the layers' directory.
fn interpreter<'a>(context: &CheckContext<'a>, script: &Shebang) -> Option<Place<'a>> {
    let path = &script.interpreter;
    if path.starts_with(TASK_ROOT) || path.starts_with(LAYERS_ROOT) {
        Some(libraries::find_file(context, path))
    } else if !path.starts_with('/') {
        // The function's own directory is the working directory.
        Some(libraries::find_file(context, &format!("{TASK_ROOT}/{path}")))
    } else {
        None
    }
}
