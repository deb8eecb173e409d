//! Where the loader finds shared libraries: in the runtime, in the zip, in a layer, or nowhere.

use super::ArchiveKind;
use super::contents::Contents;
use super::context::CheckContext;
use super::entry::{ZipEntry, directory_of, file_name};
use super::finding::Findings;
use super::images::Image;
use super::paths::{Found, PATH_LIMIT, normalize};
use super::rule::Rule;
use crate::elf::Elf;
use lambda_platform::image::{LIBRARY_PATH, LibraryPresence, SYSTEM_LIBRARY_DIRECTORIES, TASK_ROOT, library_presence};

/// How many directories of a run path are searched. Real files name far fewer.
const DIRECTORIES_LIMIT: usize = 64;

/// What the loader finds for the name of a library.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// The runtime's own library, which comes before a packed one.
    Runtime {
        /// Whether every runtime has it, rather than only the published image.
        is_certain: bool,
        /// The packed library that is loaded only if the runtime lacks its own.
        packed: Option<(&'a ZipEntry, Option<&'a Elf>)>,
    },
    /// A library of the checked zip.
    InZip(&'a ZipEntry, &'a Elf),
    /// A library of a layer.
    InLayer,
    /// A file that the loader refuses, because it is not a library for Linux.
    Refused(&'a ZipEntry, &'a Contents),
    /// Only files for other processors, which the loader skips. This is the first of them.
    WrongArchitecture(&'a ZipEntry, &'a Elf),
    /// Nothing.
    Nowhere,
}

impl Place<'_> {
    /// Whether the runtime's library is used.
    pub(super) fn is_runtime(&self) -> bool {
        matches!(self, Self::Runtime { .. })
    }
}

/// Where the loader looks for the libraries of one file.
pub(super) struct Search {
    steps: Vec<Step>,
    /// The directories that apply to the libraries of its libraries too.
    pub(super) inherited: Vec<String>,
}

/// One place to look.
enum Step {
    /// The runtime's own libraries.
    Runtime,
    /// An absolute directory.
    Directory(String),
}

impl Search {
    /// The order of ld.so(8): `DT_RPATH` unless there is a `DT_RUNPATH`, then `LD_LIBRARY_PATH`, which Lambda sets, then
    /// `DT_RUNPATH`, then the system's directories.
    pub(super) fn new(context: &CheckContext, entry: &ZipEntry, elf: &Elf, inherited: &[String]) -> Self {
        let origin = format!("{}/{}", context.root(), directory_of(&entry.path()));
        let own_rpath = if elf.runpath.is_empty() { expand(context, &elf.rpath, &origin) } else { Vec::new() };
        // A `DT_RPATH` applies to the libraries further down as well, a `DT_RUNPATH` does not.
        let mut inherited: Vec<_> = own_rpath.into_iter().chain(inherited.iter().cloned()).collect();
        if inherited.len() > DIRECTORIES_LIMIT {
            context.mark_incomplete();
            inherited.truncate(DIRECTORIES_LIMIT);
        }
        let rpath = if elf.runpath.is_empty() { inherited.clone() } else { Vec::new() };
        let library_path = LIBRARY_PATH.iter().map(|directory| (*directory).to_owned());
        let runpath = expand(context, &elf.runpath, &origin);
        let directories = rpath.into_iter().chain(library_path).chain(runpath);
        let mut steps: Vec<_> = directories.map(Step::at).collect();
        steps.push(Step::Runtime);
        Self { steps, inherited }
    }

    /// How much work one search is.
    pub(super) fn cost(&self) -> usize {
        self.steps.len()
    }
}

impl Step {
    fn at(directory: String) -> Self {
        if SYSTEM_LIBRARY_DIRECTORIES.contains(&directory.as_str()) {
            Self::Runtime
        } else {
            Self::Directory(directory)
        }
    }
}

/// Replaces the variables in the directories of a run path.
fn expand(context: &CheckContext, directories: &[String], origin: &str) -> Vec<String> {
    let expand = |directory: &String| {
        let directory = directory.replace("${ORIGIN}", "$ORIGIN").replacen("$ORIGIN", origin, 1);
        let directory = directory.replace("${LIB}", "$LIB").replace("$LIB", "lib64");
        // The working directory of a function is that of its zip.
        Some(normalize(TASK_ROOT, &directory)).filter(|path| path.len() < PATH_LIMIT)
    };
    if directories.len() > DIRECTORIES_LIMIT {
        context.mark_incomplete();
    }
    directories.iter().take(DIRECTORIES_LIMIT).filter_map(expand).collect()
}

/// Looks for a library as the loader does.
pub(super) fn find<'a>(context: &CheckContext<'a>, search: &Search, elf: &Elf, name: &str) -> Place<'a> {
    if name.contains('/') {
        return at_path(context, elf, &normalize(TASK_ROOT, name)).unwrap_or(Place::Nowhere);
    }
    let loader = elf.interpreter.as_deref();
    let is_loader = loader.is_some_and(|loader| file_name(loader) == name && !brings(context, loader));
    let presence = elf.arch().map_or(LibraryPresence::Unknown, |arch| library_presence(context.runtime(), arch, name));
    let mut in_image = false;
    let mut skipped = None;
    // The kernel has started the loader already, so no other file of that name is loaded.
    if is_loader {
        return Place::Runtime { is_certain: true, packed: None };
    }
    for step in &search.steps {
        let directory = match step {
            Step::Runtime if presence == LibraryPresence::Always => {
                return Place::Runtime { is_certain: true, packed: packed(context, search, elf, name) };
            }
            Step::Runtime => {
                in_image |= presence == LibraryPresence::InImage;
                continue;
            }
            Step::Directory(directory) => directory,
        };
        match at_path(context, elf, &format!("{directory}/{name}")) {
            None => {}
            Some(Place::WrongArchitecture(entry, library)) => {
                skipped = skipped.or(Some(Place::WrongArchitecture(entry, library)));
            }
            Some(Place::InZip(entry, library)) if in_image => {
                return Place::Runtime { is_certain: false, packed: Some((entry, Some(library))) };
            }
            Some(Place::InLayer) if in_image => return Place::Runtime { is_certain: false, packed: None },
            Some(place) => return place,
        }
    }
    if in_image {
        return Place::Runtime { is_certain: false, packed: None };
    }
    skipped.unwrap_or(Place::Nowhere)
}

/// The packed library that the runtime's own one hides.
fn packed<'a>(
    context: &CheckContext<'a>,
    search: &Search,
    elf: &Elf,
    name: &str,
) -> Option<(&'a ZipEntry, Option<&'a Elf>)> {
    let directories = search.steps.iter().filter_map(|step| match step {
        Step::Directory(directory) => Some(directory),
        Step::Runtime => None,
    });
    directories.into_iter().find_map(|directory| match at_path(context, elf, &format!("{directory}/{name}"))? {
        Place::InZip(entry, library) => Some((entry, Some(library))),
        Place::Refused(entry, _) | Place::WrongArchitecture(entry, _) => Some((entry, None)),
        _ => None,
    })
}

/// What the loader makes of the file at a path; `None` if there is none.
fn at_path<'a>(context: &CheckContext<'a>, elf: &Elf, path: &str) -> Option<Place<'a>> {
    match context.find(path) {
        Found::InZip(entry, Contents::Elf(library)) => {
            let fits = library.is_64 == elf.is_64 && library.machine == elf.machine;
            Some(if fits { Place::InZip(entry, library) } else { Place::WrongArchitecture(entry, library) })
        }
        Found::InLayer(_, Contents::Elf(library)) if library.machine != elf.machine => None,
        // What it contains is not known: another finding says why.
        Found::InZip(_, contents) if contents.is_unknown() => Some(Place::InLayer),
        Found::InZip(entry, contents) => Some(Place::Refused(entry, contents)),
        Found::InLayer(..) => Some(Place::InLayer),
        Found::Directory | Found::Nothing | Found::Outside | Found::Loop => None,
    }
}

/// Whether a file at this absolute path comes with the zip or a layer.
pub(super) fn brings(context: &CheckContext, path: &str) -> bool {
    matches!(context.find(path), Found::InZip(..) | Found::InLayer(..))
}

/// Reports the libraries of an ELF file that the loader does not find, may not find, or refuses.
pub(super) fn check(context: &CheckContext, image: &Image, findings: &mut Findings) {
    for (library, place) in &image.needed {
        match place {
            Place::Runtime { is_certain: true, .. } | Place::Runtime { packed: Some(_), .. } => {}
            Place::InZip(..) | Place::InLayer => {}
            Place::Runtime { is_certain: false, packed: None } => {
                uncertain(context, image, library, findings);
            }
            Place::Refused(entry, contents) => refused(context, image, entry, contents, findings),
            Place::WrongArchitecture(entry, found) => wrong_architecture(context, image, entry, found, findings),
            Place::Nowhere => missing(context, image, library, findings),
        }
    }
}

fn report(context: &CheckContext, image: &Image, rule: Rule, message: String, findings: &mut Findings) {
    let worst = image.role.worst(context.expectation.kind);
    findings.add_at_most(worst, rule, Some(&image.entry.name), message, rule.facts().hint);
}

fn uncertain(context: &CheckContext, image: &Image, library: &str, findings: &mut Findings) {
    let (name, runtime) = (&image.entry.name, context.runtime());
    let message = format!("`{name}` needs `{library}`: the image of `{runtime}` has it, but the service may not");
    report(context, image, Rule::LibraryUncertain, message, findings);
}

fn missing(context: &CheckContext, image: &Image, library: &str, findings: &mut Findings) {
    let (name, runtime) = (&image.entry.name, context.runtime());
    let presence =
        image.elf.arch().map_or(LibraryPresence::Unknown, |arch| library_presence(runtime, arch, file_name(library)));
    if presence == LibraryPresence::Unknown {
        let message = format!("`{name}` needs `{library}`, and it is not known whether `{runtime}` has it");
        return report(context, image, Rule::LibraryUncertain, message, findings);
    }
    let message = match context.view.path_of(library) {
        Some(path) => {
            format!("`{name}` needs `{library}`, which is in the zip as `{path}`, where the loader does not look")
        }
        None => format!("`{name}` needs `{library}`, which is neither in `{runtime}` nor in the zip"),
    };
    report(context, image, Rule::LibraryMissing, message, findings);
}

fn refused(context: &CheckContext, image: &Image, entry: &ZipEntry, contents: &Contents, findings: &mut Findings) {
    let worst = image.role.worst(context.expectation.kind);
    let (name, needed_by) = (&entry.name, &image.entry.name);
    let rule = Rule::LibraryNotElf;
    let (message, hint) = match contents {
        Contents::BrokenElf(reason) => {
            let rule = Rule::ElfUnreadable;
            let message = format!("`{name}`, which `{needed_by}` needs, is not a valid ELF file: {reason}");
            return findings.add_at_most(worst, rule, Some(name), message, rule.facts().hint);
        }
        Contents::Other(format) => (
            format!("`{name}`, which `{needed_by}` needs, is {format}, not a library"),
            format.hint().unwrap_or(rule.facts().hint),
        ),
        contents => (
            format!("`{name}`, which `{needed_by}` needs, is {}, not a Linux library", contents.name()),
            rule.facts().hint,
        ),
    };
    findings.add_at_most(worst, rule, Some(name), message, hint);
}

fn wrong_architecture(context: &CheckContext, image: &Image, entry: &ZipEntry, library: &Elf, findings: &mut Findings) {
    let worst = image.role.worst(context.expectation.kind);
    let built = library.arch().map_or_else(|| format!("ELF machine {}", library.machine), |arch| format!("`{arch}`"));
    let expected = image.elf.arch().map_or_else(String::new, |arch| format!(", not for `{arch}`"));
    let message = format!("`{}`, which `{}` needs, is built for {built}{expected}", entry.name, image.entry.name);
    let rule = Rule::WrongArchitecture;
    findings.add_at_most(worst, rule, Some(&entry.name), message, rule.facts().hint);
}

/// Whether the zip or a layer has a glibc of its own that a script can start programs with.
pub(super) fn brings_own_glibc(context: &CheckContext) -> bool {
    let is_function = context.expectation.kind == ArchiveKind::Function;
    let views = std::iter::once(context.view).chain(context.layers);
    let has = |name: &str| views.clone().any(|view| view.path_of(name).is_some());
    is_function && has("libc.so.6") && (has("ld-linux-x86-64.so.2") || has("ld-linux-aarch64.so.1"))
}
