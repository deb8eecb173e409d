//! The ELF files of a zip by their role: started by Lambda, loaded by those, or run and loaded at the program's own choice.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::ArchiveKind;
use super::contents::{Contents, Shebang};
use super::context::CheckContext;
use super::entry::{ZipEntry, directory_of, file_name};
use super::layout::{BOOTSTRAP, EXTENSIONS};
use super::libraries::{self, Place, Search};
use super::paths::Found;
use super::rule::Severity;
use crate::elf::{Elf, ElfType};
use lambda_platform::image::{LAYERS_ROOT, LibraryPresence, TASK_ROOT, library_presence};

/// How many library look-ups one check makes. Real zips need far fewer. Beyond the limit, the needs of libraries are no
/// longer followed.
const LOOKUPS_LIMIT: usize = 50_000;

/// The role of an ELF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Lambda starts it.
    Started,
    /// The loader maps it for a program that Lambda starts.
    Loaded,
    /// An executable, or a library of one, that only the program itself may start.
    Helper,
    /// A library that a program may open by name, such as an extension module of Python or Node.js.
    Loadable,
}

impl Role {
    /// How severe it can be that the file cannot be used.
    pub(super) fn worst(self, kind: ArchiveKind) -> Severity {
        match (self, kind) {
            (Self::Started | Self::Loaded, _) => Severity::Error,
            (Self::Helper, _) | (Self::Loadable, ArchiveKind::Function) => Severity::Warning,
            // A layer exists for what it offers to others.
            (Self::Loadable, _) => Severity::Error,
        }
    }
}

/// An ELF file in the zip that is run or loaded.
pub(super) struct Image<'a> {
    pub(super) entry: &'a ZipEntry,
    pub(super) elf: &'a Elf,
    pub(super) role: Role,
    /// The libraries that it needs, each with what the loader finds.
    pub(super) needed: Vec<(&'a str, Place<'a>)>,
}

/// A file that Lambda starts, whatever it contains.
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
    let found = paths.iter().filter_map(|path| match context.find_in_zip(path) {
        Found::InZip(entry, contents) => Some(Started { entry, contents }),
        _ => None,
    });
    // Two links may lead to the same file.
    let mut seen = BTreeSet::new();
    found.filter(|program| seen.insert(program.entry.path())).collect()
}

/// The ELF files that are run or loaded: what Lambda starts with its libraries, then helpers with theirs, then libraries
/// that a program may open by name.
pub(super) fn collect<'a>(context: &CheckContext<'a>) -> Vec<Image<'a>> {
    let mut collector = Collector { context, seen: BTreeSet::new(), images: Vec::new(), lookups: 0 };
    for program in started(context) {
        match program.contents {
            Contents::Elf(elf) => collector.add(program.entry, elf, Role::Started),
            // A packed interpreter is started instead of the script.
            Contents::Script(script) => {
                if let Some((entry, elf)) = interpreter(context, script) {
                    collector.add(entry, elf, Role::Started);
                }
            }
            _ => {}
        }
    }
    for (entry, elf) in elf_files(context).filter(|(entry, elf)| is_helper(entry, elf)) {
        collector.add(entry, elf, Role::Helper);
    }
    for (entry, elf) in elf_files(context).filter(|(entry, elf)| is_loadable(context, entry, elf)) {
        collector.add(entry, elf, Role::Loadable);
    }
    collector.images
}

fn elf_files<'a>(context: &CheckContext<'a>) -> impl Iterator<Item = (&'a ZipEntry, &'a Elf)> + use<'a> {
    context.view.entries().filter_map(|(entry, contents)| match contents {
        Contents::Elf(elf) => Some((entry, elf.as_ref())),
        _ => None,
    })
}

fn is_helper(entry: &ZipEntry, elf: &Elf) -> bool {
    entry.is_runnable() && (elf.interpreter.is_some() || elf.entry_point != 0 && elf.soname.is_none())
}

/// Whether a program may open the library by name. A library that the runtime has as well is usually loaded from there,
/// and libraries for musl belong to a program with its own loader.
fn is_loadable(context: &CheckContext, entry: &ZipEntry, elf: &Elf) -> bool {
    let path = entry.path();
    let name = elf.soname.as_deref().unwrap_or(file_name(&path));
    let is_of_runtime = elf.arch().is_some_and(|arch| {
        let presence = library_presence(context.runtime(), arch, name);
        matches!(presence, LibraryPresence::Always | LibraryPresence::InImage)
    });
    let needs_musl = elf.needed.iter().any(|name| name == "libc.so" || name.starts_with("libc.musl-"));
    elf.kind == ElfType::SharedObject && !elf.is_program() && !is_of_runtime && !needs_musl
}

struct Collector<'a, 'c> {
    context: &'c CheckContext<'a>,
    seen: BTreeSet<String>,
    images: Vec<Image<'a>>,
    lookups: usize,
}

impl<'a> Collector<'a, '_> {
    /// Adds a file and everything that the loader maps for it, in the loader's order: breadth first.
    fn add(&mut self, entry: &'a ZipEntry, elf: &'a Elf, role: Role) {
        let mut waiting = VecDeque::from([(entry, elf, role, Vec::new())]);
        // A name is looked for once. Every other file that needs it gets the library that was found first.
        let mut loaded: BTreeMap<&str, Place<'a>> = BTreeMap::new();
        while let Some((entry, elf, role, inherited)) = waiting.pop_front() {
            if !self.seen.insert(entry.path()) {
                continue;
            }
            let search = Search::new(self.context, entry, elf, &inherited);
            let mut needed = Vec::new();
            for name in &elf.needed {
                self.lookups += search.cost();
                if self.lookups > LOOKUPS_LIMIT {
                    self.context.mark_incomplete();
                    break;
                }
                let place = *loaded.entry(name).or_insert_with(|| libraries::find(self.context, &search, elf, name));
                match place {
                    Place::InZip(entry, library) => {
                        waiting.push_back((entry, library, role.of_library(), search.inherited.clone()));
                    }
                    // Whether the runtime lacks its own library, so that this one is loaded, is not certain.
                    Place::Runtime { packed: Some((entry, Some(library))), is_certain: false } => {
                        waiting.push_back((entry, library, Role::Helper, search.inherited.clone()));
                    }
                    _ => {}
                }
                needed.push((name.as_str(), place));
            }
            self.images.push(Image { entry, elf, role, needed });
        }
    }
}

impl Role {
    /// The role of the libraries of a file with this role.
    fn of_library(self) -> Self {
        if self == Self::Started { Self::Loaded } else { self }
    }
}

/// The interpreter of a script, if it is in the zip.
fn interpreter<'a>(context: &CheckContext<'a>, script: &Shebang) -> Option<(&'a ZipEntry, &'a Elf)> {
    let path = &script.interpreter;
    // A relative path starts in the function's own directory, which is the working directory.
    let path = if path.starts_with('/') { path.clone() } else { format!("{TASK_ROOT}/{path}") };
    if !path.starts_with(TASK_ROOT) && !path.starts_with(LAYERS_ROOT) {
        return None;
    }
    match context.find(&path) {
        Found::InZip(entry, Contents::Elf(elf)) => Some((entry, elf)),
        _ => None,
    }
}
