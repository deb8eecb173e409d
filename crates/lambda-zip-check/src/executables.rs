//! Executables and what they load: whether Linux on Lambda's processors starts them at all.

use super::contents::Contents;
use super::context::CheckContext;
use super::finding::Findings;
use super::images::{Image, Role, started};
use super::libraries::{self, Place};
use super::rule::Rule;
use crate::elf::ElfType;
use lambda_platform::Arch;
use lambda_platform::SymbolVersion;
use lambda_platform::image::loaders;
use lambda_platform::limits::DEBUG_INFORMATION_LIMIT;
use lambda_platform::runtimes::{RUNTIMES, RuntimeFacts};

pub(super) fn check(context: &CheckContext, images: &[Image], findings: &mut Findings) {
    exec_format(context, findings);
    elf_unreadable(context, findings);
    for image in images {
        // One cause, one finding: what comes after the first of these would not be reached on Lambda, either.
        let stops = wrong_class(image, findings)
            || wrong_endianness(image, findings)
            || wrong_architecture(context, image, images, findings)
            || not_a_program(image, findings)
            || loader_missing(context, image, findings);
        if !stops {
            glibc_too_new(context, image, findings);
            libstdcxx_too_new(context, image, findings);
            libgcc_too_new(context, image, findings);
            libraries::check(context, image, findings);
        }
        executable_stack(image, findings);
    }
    mixed_architectures(context, images, findings);
    unstripped(context, findings);
}

fn exec_format(context: &CheckContext, findings: &mut Findings) {
    for program in started(context) {
        let (kind, hint) = match program.contents {
            Contents::MachO => ("an executable of macOS", "build for Linux, for example with `cargo lambda-zip`"),
            Contents::PortableExecutable => {
                ("an executable of Windows", "build for Linux, for example with `cargo lambda-zip`")
            }
            Contents::Empty => ("an empty file", "check what the zip was made from"),
            Contents::Other => {
                ("neither an ELF executable nor a script with `#!`", "if it is a script, start it with `#!/bin/sh`")
            }
            Contents::PrivateKey => ("a private key", "check what the zip was made from"),
            _ => continue,
        };
        let message = format!("`{}` is {kind}", program.entry.name);
        findings.add_with_hint(Rule::ExecFormat, Some(&program.entry.name), message, hint);
    }
}

fn elf_unreadable(context: &CheckContext, findings: &mut Findings) {
    let programs: Vec<_> = started(context).iter().map(|program| program.entry.header_start).collect();
    for (entry, contents) in context.view.entries() {
        let Contents::BrokenElf(reason) = contents else { continue };
        let message = format!("`{}` is not a sound ELF file: {reason}", entry.name);
        let is_started = programs.contains(&entry.header_start);
        let worst = if is_started { Role::Started.worst() } else { Role::Helper.worst() };
        let rule = Rule::ElfUnreadable;
        findings.add_at_most(worst, rule, Some(&entry.name), message, rule.facts().hint);
    }
}

/// Adds a finding about an image, no worse than its role allows.
fn report(image: &Image, rule: Rule, message: String, hint: Option<String>, findings: &mut Findings) {
    let hint = hint.unwrap_or_else(|| rule.facts().hint.into());
    findings.add_at_most(image.role.worst(), rule, Some(&image.entry.name), message, hint);
}

fn wrong_class(image: &Image, findings: &mut Findings) -> bool {
    let broken = !image.elf.is_64;
    if broken {
        report(image, Rule::WrongClass, format!("`{}` is a 32-bit file", image.entry.name), None, findings);
    }
    broken
}

fn wrong_endianness(image: &Image, findings: &mut Findings) -> bool {
    let broken = !image.elf.is_little_endian;
    if broken {
        report(image, Rule::WrongEndianness, format!("`{}` is big-endian", image.entry.name), None, findings);
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
            format!("`{name}` is built for `{built}`, the function is for `{expected}`")
        }
        (Some(built), Some(expected)) if built != expected => {
            format!("`{name}` is built for `{built}`, the rest of the zip for `{expected}`")
        }
        _ => return false,
    };
    // A helper for another processor may be there on purpose, beside one that fits.
    let rule = if image.role == Role::Helper { Rule::MixedArchitectures } else { Rule::WrongArchitecture };
    report(image, rule, message, None, findings);
    true
}

/// The function's architecture, or that of the first program that Lambda starts.
fn reference_arch(context: &CheckContext, images: &[Image]) -> Option<Arch> {
    let first = || images.iter().filter(|image| image.role == Role::Started).find_map(|image| image.elf.arch());
    context.expectation.arch.or_else(first)
}

fn not_a_program(image: &Image, findings: &mut Findings) -> bool {
    let name = &image.entry.name;
    let message = match image.elf.kind {
        ElfType::Other(1) => format!("`{name}` is an object file, which was not linked"),
        ElfType::Other(kind) => format!("`{name}` is an ELF file of type {kind}, not a program"),
        _ if image.role == Role::Started && image.elf.interpreter.is_none() && image.elf.entry_point == 0 => {
            format!("`{name}` is a shared library")
        }
        _ => return false,
    };
    report(image, Rule::NotAProgram, message, None, findings);
    true
}

fn loader_missing(context: &CheckContext, image: &Image, findings: &mut Findings) -> bool {
    // Libraries may name a loader, too, which counts only when they are run.
    let (Some(path), Some(arch)) = (&image.elf.interpreter, image.elf.arch()) else { return false };
    let is_there = loaders(arch).contains(&path.as_str()) || brings_loader(context, image);
    if image.role == Role::Loaded || is_there {
        return false;
    }
    let hint = path.contains("ld-musl").then(|| {
        "link musl statically: Rust does so by default (`-C target-feature=+crt-static`), a C compiler with `-static`".into()
    });
    let message =
        format!("`{}` asks for the loader `{path}`, which `{}` does not have", image.entry.name, context.runtime());
    report(image, Rule::LoaderMissing, message, hint, findings);
    true
}

/// Whether the loader comes with the zip or a layer. Its glibc comes with it, then.
fn brings_loader(context: &CheckContext, image: &Image) -> bool {
    let path = image.elf.interpreter.as_deref().unwrap_or_default();
    !matches!(libraries::find_file(context, path), Place::Nowhere)
}

fn glibc_too_new(context: &CheckContext, image: &Image, findings: &mut Findings) {
    let Some((need, required)) = image.elf.highest_need("GLIBC") else { return };
    let facts = context.runtime().facts();
    if required <= glibc(facts) || brings_loader(context, image) || is_brought(image, &need.library) {
        return;
    }
    let message = format!(
        "`{}` needs `{}` of `{}`, and `{}` has glibc {}",
        image.entry.name, need.version, need.library, facts.id, facts.glibc
    );
    let suits = |other: &&RuntimeFacts| {
        glibc(other) >= required && image.elf.arch().is_some_and(|arch| other.architectures.contains(&arch))
    };
    let newer = RUNTIMES.iter().find(suits).map(|other| format!(", or move to `{}`", other.id));
    let hint = format!(
        "build with `--libc musl`, or on a system with glibc {} or older{}",
        facts.glibc,
        newer.unwrap_or_default()
    );
    report(image, Rule::GlibcTooNew, message, Some(hint), findings);
}

fn glibc(facts: &RuntimeFacts) -> SymbolVersion {
    SymbolVersion::new(facts.glibc.major, facts.glibc.minor, 0)
}

fn libstdcxx_too_new(context: &CheckContext, image: &Image, findings: &mut Findings) {
    family_too_new(context, image, &["GLIBCXX", "CXXABI"], Rule::LibstdcxxTooNew, findings);
}

fn libgcc_too_new(context: &CheckContext, image: &Image, findings: &mut Findings) {
    family_too_new(context, image, &["GCC"], Rule::LibgccTooNew, findings);
}

fn family_too_new(context: &CheckContext, image: &Image, prefixes: &[&str], rule: Rule, findings: &mut Findings) {
    let facts = context.runtime().facts();
    let known = facts.symbol_versions.iter().filter(|(prefix, _)| prefixes.contains(prefix));
    let broken = known.filter_map(|(prefix, offered)| {
        let (need, required) = image.elf.highest_need(prefix)?;
        (required > *offered && !is_brought(image, &need.library)).then_some((prefix, offered, need))
    });
    // One version of the family says enough: they rise together.
    if let Some((prefix, offered, need)) = broken.into_iter().next() {
        let message = format!(
            "`{}` needs `{}` of `{}`, and `{}` has `{prefix}_{offered}`",
            image.entry.name, need.version, need.library, facts.id
        );
        report(image, rule, message, None, findings);
    }
}

/// Whether a library that the file needs comes with the zip or a layer in place of the runtime's.
fn is_brought(image: &Image, library: &str) -> bool {
    image.needed.iter().any(|(name, place)| *name == library && !matches!(place, Place::Nowhere))
}

fn executable_stack(image: &Image, findings: &mut Findings) {
    if image.elf.executable_stack {
        let message = format!("`{}` asks for an executable stack", image.entry.name);
        report(image, Rule::ExecutableStack, message, None, findings);
    }
}

fn mixed_architectures(context: &CheckContext, images: &[Image], findings: &mut Findings) {
    let Some(expected) = reference_arch(context, images) else { return };
    let reached: Vec<_> = images.iter().map(|image| image.entry.header_start).collect();
    for (entry, contents) in context.view.entries() {
        if let Contents::Elf(elf) = contents
            && let Some(built) = elf.arch().filter(|built| *built != expected)
            && !reached.contains(&entry.header_start)
        {
            let message = format!("`{}` is built for `{built}`, the rest of the zip for `{expected}`", entry.name);
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
            let message = format!("`{name}` carries {size} bytes of debug information");
            findings.add(Rule::Unstripped, Some(name), message);
        }
    }
}
