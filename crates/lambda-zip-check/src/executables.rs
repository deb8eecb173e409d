//! Executables and libraries: whether Linux on Lambda's processors can start and load them.

use super::ArchiveKind;
use super::contents::Contents;
use super::context::CheckContext;
use super::entry::{ZipEntry, directory_of, file_name};
use super::finding::Findings;
use super::images::{Image, Role, started};
use super::layout::EXTENSIONS;
use super::libraries::{self, Place};
use super::rule::Rule;
use crate::elf::ElfType;
use lambda_platform::image::loaders;
use lambda_platform::limits::DEBUG_INFORMATION_LIMIT;
use lambda_platform::runtimes::{RUNTIMES, RuntimeFacts};
use lambda_platform::{Arch, SymbolVersion};

pub(super) fn check(context: &CheckContext, images: &[Image], findings: &mut Findings) {
    exec_format(context, findings);
    elf_unreadable(context, images, findings);
    wrong_system(context, images, findings);
    for image in images {
        check_image(context, image, images, findings);
    }
    mixed_architectures(context, images, findings);
    unstripped(context, findings);
}

fn check_image(context: &CheckContext, image: &Image, images: &[Image], findings: &mut Findings) {
    if image.role == Role::Loadable {
        // What such a library needs may be loaded before it, so only the versions of the runtime's own libraries count.
        if image.elf.arch().is_some() && image.elf.arch() == reference_arch(context, images).or(image.elf.arch()) {
            check_versions(context, image, findings);
        }
        return;
    }
    // One cause, one finding: Lambda would not get past the first of these either.
    let stops = wrong_class(context, image, findings)
        || wrong_endianness(context, image, findings)
        || wrong_architecture(context, image, images, findings)
        || not_a_program(context, image, findings)
        || no_loader(context, image, findings)
        || loader_missing(context, image, findings);
    if !stops {
        check_versions(context, image, findings);
        libraries::check(context, image, findings);
    }
    executable_stack(context, image, findings);
}

fn check_versions(context: &CheckContext, image: &Image, findings: &mut Findings) {
    glibc_too_new(context, image, findings);
    family_too_new(context, image, &["GLIBCXX", "CXXABI"], Rule::LibstdcxxTooNew, findings);
    family_too_new(context, image, &["GCC"], Rule::LibgccTooNew, findings);
}

fn exec_format(context: &CheckContext, findings: &mut Findings) {
    for program in started(context).iter().filter(|program| program.contents.is_not_executable()) {
        let name = &program.entry.name;
        let (message, hint) = match program.contents {
            Contents::MachO | Contents::PortableExecutable => (
                format!("`{name}` is {}", program.contents.name()),
                "build for Linux, for example with `cargo lambda-zip`",
            ),
            Contents::Other(format) => (
                format!("`{name}` is {format}: neither an ELF executable nor a script with `#!`"),
                format.hint().unwrap_or(Rule::ExecFormat.facts().hint),
            ),
            contents => (format!("`{name}` is {}", contents.name()), "check what the zip was made from"),
        };
        let is_extension = directory_of(&program.entry.path) == EXTENSIONS && is_data(&program.entry.path);
        let hint = if is_extension {
            "move it out of `extensions/`: Lambda starts every file that is directly in this directory"
        } else {
            hint
        };
        findings.add_with_hint(Rule::ExecFormat, Some(name), message, hint);
    }
}

/// Whether a file name has an extension of documents or data.
fn is_data(path: &str) -> bool {
    const EXTENSIONS: [&str; 13] =
        ["cfg", "conf", "csv", "html", "ini", "json", "md", "pem", "toml", "txt", "xml", "yaml", "yml"];
    let name = file_name(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_lowercase();
    EXTENSIONS.contains(&extension.as_str()) || matches!(name, "LICENSE" | "NOTICE" | "README")
}

fn elf_unreadable(context: &CheckContext, images: &[Image], findings: &mut Findings) {
    let programs: Vec<_> = started(context).iter().map(|program| program.entry.header_start).collect();
    let needed = refused_libraries(images);
    for (entry, contents) in context.view.entries() {
        let Contents::BrokenElf(reason) = contents else { continue };
        if needed.contains(&entry.header_start) {
            continue;
        }
        let message = format!("`{}` is not a valid ELF file: {reason}", entry.name);
        let role = if programs.contains(&entry.header_start) { Role::Started } else { Role::Helper };
        let rule = Rule::ElfUnreadable;
        findings.add_at_most(role.worst(context.expectation.kind), rule, Some(&entry.name), message, rule.facts().hint);
    }
}

/// The files that are needed as a library but refused by the loader. Each is reported with the program that needs it.
fn refused_libraries(images: &[Image]) -> Vec<u64> {
    let needed = images.iter().filter(|image| image.role != Role::Loadable).flat_map(|image| &image.needed);
    let refused = needed.filter_map(|(_, place)| match place {
        Place::Refused(entry, _) | Place::WrongArchitecture(entry, _) => Some(entry.header_start),
        _ => None,
    });
    refused.collect()
}

/// Libraries and programs for macOS and Windows. Packages that bring builds for several systems keep them in directories
/// named after the system, and choose the right one when they run.
fn wrong_system(context: &CheckContext, images: &[Image], findings: &mut Findings) {
    let programs: Vec<_> = started(context).iter().map(|program| program.entry.header_start).collect();
    let needed = refused_libraries(images);
    let is_layer = context.expectation.kind != ArchiveKind::Function;
    for (entry, contents) in context.view.entries() {
        let is_native = match contents {
            Contents::MachO => true,
            // Python's packaging tools bring launchers for Windows.
            Contents::PortableExecutable => !has_extension(&entry.path, "exe"),
            _ => false,
        };
        let is_reported = programs.contains(&entry.header_start) || needed.contains(&entry.header_start);
        if !is_native || is_reported || names_another_system(&entry.path) {
            continue;
        }
        let rule = Rule::WrongSystem;
        let worst = if is_layer { Role::Loaded } else { Role::Helper }.worst(context.expectation.kind);
        let message = format!("`{}` is {}", entry.name, contents.name());
        findings.add_at_most(worst, rule, Some(&entry.name), message, rule.facts().hint);
    }
}

fn has_extension(path: &str, wanted: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case(wanted))
}

/// Whether a path names macOS or Windows, as `prebuilds/darwin-arm64/node.napi.node` does.
fn names_another_system(path: &str) -> bool {
    let path = path.to_lowercase();
    let is_system = |word: &str| {
        matches!(
            word,
            "darwin" | "macos" | "macosx" | "osx" | "apple" | "win" | "win32" | "win64" | "windows" | "dylib"
        )
    };
    path.split(|c: char| !c.is_ascii_alphanumeric()).any(is_system)
}

/// Adds a finding about an image, no more severe than its role allows.
fn report(
    context: &CheckContext,
    image: &Image,
    rule: Rule,
    message: String,
    hint: Option<String>,
    findings: &mut Findings,
) {
    let hint = hint.unwrap_or_else(|| rule.facts().hint.into());
    findings.add_at_most(image.role.worst(context.expectation.kind), rule, Some(&image.entry.name), message, hint);
}

fn wrong_class(context: &CheckContext, image: &Image, findings: &mut Findings) -> bool {
    let broken = !image.elf.is_64;
    if broken {
        report(context, image, Rule::WrongClass, format!("`{}` is a 32-bit file", image.entry.name), None, findings);
    }
    broken
}

fn wrong_endianness(context: &CheckContext, image: &Image, findings: &mut Findings) -> bool {
    let broken = !image.elf.is_little_endian;
    if broken {
        report(context, image, Rule::WrongEndianness, format!("`{}` is big-endian", image.entry.name), None, findings);
    }
    broken
}

fn wrong_architecture(context: &CheckContext, image: &Image, images: &[Image], findings: &mut Findings) -> bool {
    let name = &image.entry.name;
    let expected = reference_arch(context, images);
    let message = match (image.elf.arch(), expected) {
        (None, _) => {
            format!("`{name}` is built for a processor that Lambda does not have (ELF machine {})", image.elf.machine)
        }
        (Some(built), Some(expected)) if built != expected && context.expectation.arch.is_some() => {
            format!("`{name}` is built for `{built}`, but the function is for `{expected}`")
        }
        (Some(built), Some(expected)) if built != expected => {
            format!("`{name}` is built for `{built}`, but the rest of the zip for `{expected}`")
        }
        _ => return false,
    };
    // A helper for another processor may be there on purpose, next to one that fits.
    let rule = if image.role == Role::Helper { Rule::MixedArchitectures } else { Rule::WrongArchitecture };
    report(context, image, rule, message, None, findings);
    true
}

/// The function's architecture, or that of the first program that Lambda starts.
fn reference_arch(context: &CheckContext, images: &[Image]) -> Option<Arch> {
    let first = || images.iter().filter(|image| image.role == Role::Started).find_map(|image| image.elf.arch());
    context.expectation.arch.or_else(first)
}

fn not_a_program(context: &CheckContext, image: &Image, findings: &mut Findings) -> bool {
    let name = &image.entry.name;
    let message = match image.elf.kind {
        ElfType::Other(1) => format!("`{name}` is an object file that was not linked"),
        ElfType::Other(kind) => format!("`{name}` is an ELF file of type {kind}, not a program"),
        _ if image.role == Role::Started && image.elf.interpreter.is_none() && image.elf.entry_point == 0 => {
            format!("`{name}` is a shared library")
        }
        _ => return false,
    };
    report(context, image, Rule::NotAProgram, message, None, findings);
    true
}

/// Programs that need shared libraries but have no loader to load them: they crash at their first call.
fn no_loader(context: &CheckContext, image: &Image, findings: &mut Findings) -> bool {
    let is_program = image.role == Role::Started || image.role == Role::Helper && image.elf.is_program();
    let Some((first, rest)) = image.elf.needed.split_first() else { return false };
    if !is_program || image.elf.interpreter.is_some() {
        return false;
    }
    let others = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    let message = format!("`{}` needs `{first}`{others}, but names no loader that would load it", image.entry.name);
    report(context, image, Rule::NoLoader, message, None, findings);
    true
}

fn loader_missing(context: &CheckContext, image: &Image, findings: &mut Findings) -> bool {
    // A library may name a loader too, which counts only if the library is run as a program.
    let (Some(path), Some(arch)) = (&image.elf.interpreter, image.elf.arch()) else { return false };
    let exists = loaders(arch).contains(&path.as_str()) || libraries::brings(context, path);
    if image.role == Role::Loaded || exists {
        return false;
    }
    let hint = path.contains("ld-musl").then(|| {
        "link musl statically: Rust does so by default (`-C target-feature=+crt-static`), a C compiler with `-static`".into()
    });
    let message =
        format!("`{}` asks for the loader `{path}`, which `{}` does not have", image.entry.name, context.runtime());
    report(context, image, Rule::LoaderMissing, message, hint, findings);
    true
}

fn glibc_too_new(context: &CheckContext, image: &Image, findings: &mut Findings) {
    // A script may start its helpers with a loader and a glibc that it brings.
    let is_script = !started(context).iter().any(|program| matches!(program.contents, Contents::Elf(_)));
    if image.role == Role::Helper && is_script && libraries::brings_own_glibc(context) {
        return;
    }
    let facts = context.runtime().facts();
    let Some((library, version, required)) = highest_need_of_runtime(image, "GLIBC") else { return };
    if required <= glibc(facts) {
        return;
    }
    let message = format!(
        "`{}` needs `{version}` of `{library}`, but `{}` has glibc {}{}",
        image.entry.name,
        facts.id,
        facts.glibc,
        hidden(image, library)
    );
    let fits = |other: &&RuntimeFacts| {
        glibc(other) >= required && image.elf.arch().is_some_and(|arch| other.architectures.contains(&arch))
    };
    let newer = RUNTIMES.iter().find(fits).map(|other| format!(", or move to `{}`", other.id));
    let hint = format!(
        "build with `--libc musl`, or on a system with glibc {} or older{}",
        facts.glibc,
        newer.unwrap_or_default()
    );
    report(context, image, Rule::GlibcTooNew, message, Some(hint), findings);
}

fn glibc(facts: &RuntimeFacts) -> SymbolVersion {
    SymbolVersion::new(facts.glibc.major, facts.glibc.minor, 0)
}

/// The library, the name and the number of the highest version with this prefix that the runtime's libraries must have.
fn highest_need_of_runtime<'a>(image: &'a Image, prefix: &str) -> Option<(&'a str, &'a str, SymbolVersion)> {
    let needs = image.elf.version_needs.iter().filter(|need| is_from_runtime(image, &need.library));
    let versions =
        needs.filter_map(|need| Some((need.library.as_str(), need.version.as_str(), need.number_after(prefix)?)));
    // The first of equal versions wins.
    versions.fold(None, |best, next| match best {
        Some((_, _, version)) if version >= next.2 => best,
        _ => Some(next),
    })
}

/// Whether the loader takes a library from the runtime. One that it does not find at all would come from there too.
fn is_from_runtime(image: &Image, library: &str) -> bool {
    let place = image.needed.iter().find(|(name, _)| *name == library).map(|(_, place)| place);
    place.is_none_or(|place| place.is_runtime() || matches!(place, Place::Nowhere))
}

/// Says that a packed library is not used.
fn hidden(image: &Image, library: &str) -> String {
    let place = image.needed.iter().find(|(name, _)| *name == library).map(|(_, place)| place);
    match place {
        Some(Place::Runtime { packed: Some((entry, _)), .. }) => {
            format!("; `{}` is not used, because Lambda's search path has the runtime's libraries first", entry.name)
        }
        _ => String::new(),
    }
}

fn family_too_new(context: &CheckContext, image: &Image, prefixes: &[&str], rule: Rule, findings: &mut Findings) {
    let facts = context.runtime().facts();
    let known = facts.symbol_versions.iter().filter(|(prefix, _)| prefixes.contains(prefix));
    let mut broken = known.filter_map(|(prefix, offered)| {
        let (library, version, required) = highest_need_of_runtime(image, prefix)?;
        (required > *offered).then_some((prefix, offered, library, version))
    });
    // The versions of a family rise together, so one finding is enough.
    if let Some((prefix, offered, library, version)) = broken.next() {
        let message = format!(
            "`{}` needs `{version}` of `{library}`, but `{}` has `{prefix}_{offered}`{}",
            image.entry.name,
            facts.id,
            hidden(image, library)
        );
        report(context, image, rule, message, None, findings);
    }
}

fn executable_stack(context: &CheckContext, image: &Image, findings: &mut Findings) {
    if image.elf.executable_stack {
        let message = format!("`{}` asks for an executable stack", image.entry.name);
        report(context, image, Rule::ExecutableStack, message, None, findings);
    }
}

fn mixed_architectures(context: &CheckContext, images: &[Image], findings: &mut Findings) {
    let Some(expected) = reference_arch(context, images) else { return };
    let checked = images.iter().filter(|image| image.role != Role::Loadable).map(|image| image.entry.header_start);
    let reported: Vec<_> = checked.chain(refused_libraries(images)).collect();
    let is_odd = |entry: &ZipEntry, built: Arch| built != expected && !reported.contains(&entry.header_start);
    for (entry, contents) in context.view.entries() {
        if let Contents::Elf(elf) = contents
            && let Some(built) = elf.arch().filter(|built| is_odd(entry, *built))
        {
            let message = format!("`{}` is built for `{built}`, but the rest of the zip for `{expected}`", entry.name);
            findings.add(Rule::MixedArchitectures, Some(&entry.name), message);
        }
    }
}

fn unstripped(context: &CheckContext, findings: &mut Findings) {
    for (entry, contents) in context.view.entries() {
        if let Contents::Elf(elf) = contents
            && elf.debug_size > DEBUG_INFORMATION_LIMIT
        {
            let (name, size) = (&entry.name, elf.debug_size);
            let message = format!("`{name}` contains {size} bytes of debug information");
            findings.add(Rule::Unstripped, Some(name), message);
        }
    }
}
