//! Where the loader finds shared libraries: in the runtime, in the zip, in a layer, or nowhere.

use super::contents::Contents;
use super::context::CheckContext;
use super::entry::{ZipEntry, directory_of, resolve};
use super::finding::Findings;
use super::images::Image;
use super::rule::Rule;
use super::view::Found;
use super::{ArchiveKind, entry};
use crate::elf::Elf;
use lambda_platform::Runtime;
use lambda_platform::image::{
    LAYER_LIBRARY_DIRECTORY, LAYERS_ROOT, SAFE_LIBRARIES, TASK_LIBRARY_DIRECTORIES, TASK_ROOT, al2023_libraries,
};

/// More directories than any real file names in its run path.
const DIRECTORIES_LIMIT: usize = 64;

/// The longest path that Linux takes.
const PATH_LIMIT: usize = 4096;

/// Where a library is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// In the zip that is checked.
    InZip(&'a ZipEntry, &'a Elf),
    /// In a layer, or a file of the zip whose contents say nothing.
    Elsewhere,
    /// Not where the loader looks.
    Nowhere,
}

/// Where the loader looks for what one file needs.
pub(super) struct Search {
    /// Absolute directories, in the loader's order.
    pub(super) directories: Vec<String>,
    /// Those of them that hold for what the file loads, too.
    pub(super) inherited: Vec<String>,
}

impl Search {
    pub(super) fn new(context: &CheckContext, entry: &ZipEntry, elf: &Elf, inherited: &[String]) -> Self {
        let path = entry.path();
        let origin = format!("{}/{}", context.root(), directory_of(&path));
        let expand = |directories: &[String]| -> Vec<String> {
            let expand = |directory: &String| {
                let directory = directory.replace("${ORIGIN}", "$ORIGIN").replacen("$ORIGIN", &origin, 1);
                let directory = directory.replace("${LIB}", "$LIB").replace("$LIB", "lib64");
                resolve("", &directory).map(|path| format!("/{path}")).filter(|path| path.len() < PATH_LIMIT)
            };
            if directories.len() > DIRECTORIES_LIMIT {
                context.mark_incomplete();
            }
            directories.iter().take(DIRECTORIES_LIMIT).filter_map(expand).collect()
        };
        // A DT_RUNPATH makes the loader ignore every DT_RPATH; only a DT_RPATH holds for the libraries further down.
        let own_rpath = if elf.runpath.is_empty() { expand(&elf.rpath) } else { Vec::new() };
        let mut inherited: Vec<_> = own_rpath.into_iter().chain(inherited.iter().cloned()).collect();
        if inherited.len() > DIRECTORIES_LIMIT {
            context.mark_incomplete();
            inherited.truncate(DIRECTORIES_LIMIT);
        }
        let mut directories = if elf.runpath.is_empty() { inherited.clone() } else { Vec::new() };
        if context.expectation.kind == ArchiveKind::Function {
            directories.extend(TASK_LIBRARY_DIRECTORIES.map(|directory| format!("{TASK_ROOT}/{directory}")));
        }
        directories.push(format!("{LAYERS_ROOT}/{LAYER_LIBRARY_DIRECTORY}"));
        directories.extend(expand(&elf.runpath));
        Self { directories, inherited }
    }
}

/// Looks for a library as the loader would, outside of the runtime's own directories.
pub(super) fn find<'a>(context: &CheckContext<'a>, search: &Search, elf: &Elf, name: &str) -> Place<'a> {
    if name.contains('/') {
        let absolute = if name.starts_with('/') { name.to_owned() } else { format!("{TASK_ROOT}/{name}") };
        return find_file(context, &absolute);
    }
    let mut places = search.directories.iter().map(|directory| find_file(context, &format!("{directory}/{name}")));
    // The loader passes over files for other processors.
    let fits = |place: &Place| match place {
        Place::InZip(_, library) => library.is_64 == elf.is_64 && library.machine == elf.machine,
        Place::Elsewhere => true,
        Place::Nowhere => false,
    };
    places.find(fits).unwrap_or(Place::Nowhere)
}

/// The file at an absolute path, if it is in the zip or in a layer.
pub(super) fn find_file<'a>(context: &CheckContext<'a>, path: &str) -> Place<'a> {
    let below = |root: &str| {
        let rest = path.strip_prefix(root)?;
        rest.starts_with('/').then(|| entry::join(rest.split('/')))
    };
    if let Some(inside) = below(context.root()) {
        match context.view.find(&inside, context.root()) {
            Some(Found::File(entry, Contents::Elf(elf))) => return Place::InZip(entry, elf),
            Some(Found::File(..)) => return Place::Elsewhere,
            _ => {}
        }
    }
    let in_layer = below(LAYERS_ROOT).is_some_and(|inside| {
        context.layers.iter().any(|layer| matches!(layer.find(&inside, LAYERS_ROOT), Some(Found::File(..))))
    });
    if in_layer { Place::Elsewhere } else { Place::Nowhere }
}

/// Reports the libraries of an ELF file that the loader does not find, or may not find.
pub(super) fn check(context: &CheckContext, image: &Image, findings: &mut Findings) {
    let runtime = context.runtime();
    let name = &image.entry.name;
    for (library, place) in &image.needed {
        if !matches!(place, Place::Nowhere) || SAFE_LIBRARIES.contains(library) {
            continue;
        }
        let (rule, message) = match image.elf.arch() {
            Some(arch) if runtime == Runtime::AL2023 && !al2023_libraries(arch).any(|listed| listed == *library) => {
                let message = match context.view.path_of(library) {
                    Some(path) => format!(
                        "`{name}` needs `{library}`, which is in the zip as `{path}`, where the loader \
                                           does not look"
                    ),
                    None => format!("`{name}` needs `{library}`, which is neither in `{runtime}` nor in the zip"),
                };
                (Rule::LibraryMissing, message)
            }
            _ if runtime == Runtime::AL2023 => (
                Rule::LibraryUncertain,
                format!("`{name}` needs `{library}`: the image of `{runtime}` has it, the service may not"),
            ),
            _ => (
                Rule::LibraryUncertain,
                format!("`{name}` needs `{library}`, and what `{runtime}` has beside glibc is not known"),
            ),
        };
        findings.add_at_most(image.role.worst(), rule, Some(name), message, rule.facts().hint);
    }
}
