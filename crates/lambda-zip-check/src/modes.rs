//! Permissions. A function runs as a user who owns none of the unpacked files, so only the permissions of others count.

use super::ArchiveKind;
use super::contents::Contents;
use super::context::CheckContext;
use super::entry::{ZipEntry, directory_of};
use super::finding::Findings;
use super::images::started;
use super::layout::BOOTSTRAP;
use super::rule::{Rule, Severity};

/// What other users need to read a file.
const READ: u32 = 0o004;

/// What other users need to list and enter a directory.
const ENTER: u32 = 0o005;

pub(super) fn check(context: &CheckContext, findings: &mut Findings) {
    let programs = started(context);
    for program in &programs {
        not_unix(program.entry, findings);
        // A file that cannot be executed at all is reported for what it is.
        if !program.contents.is_not_executable() {
            not_executable(program.entry, findings);
        }
    }
    let is_started = |entry: &ZipEntry| programs.iter().any(|program| program.entry.path == entry.path);
    for (entry, contents) in context.view.entries() {
        if entry.is_directory() {
            directory_mode(entry, findings);
        } else if !entry.is_link() {
            not_readable(entry, findings);
            setuid(entry, findings);
            file_type(context, entry, findings);
            if !is_started(entry) && is_program(context, entry, contents) {
                helper_not_executable(entry, findings);
            }
        }
    }
}

/// The systems of the zip format, by their number.
const HOSTS: [(u8, &str); 10] = [
    (0, "MS-DOS or Windows"),
    (1, "Amiga"),
    (2, "OpenVMS"),
    (4, "VM/CMS"),
    (6, "OS/2"),
    (7, "classic Mac OS"),
    (10, "Windows NTFS"),
    (11, "MVS"),
    (14, "Windows VFAT"),
    (18, "OS/400"),
];

fn not_unix(entry: &ZipEntry, findings: &mut Findings) {
    if entry.mode().is_none() {
        let name = &entry.name;
        let host = HOSTS.iter().find(|(number, _)| *number == entry.host).map(|(_, name)| *name);
        let host = host.map_or_else(|| format!("system number {}", entry.host), str::to_owned);
        let message = format!("`{name}` has no Unix mode: its attributes are those of {host}");
        findings.add(Rule::HostNotUnix, Some(name), message);
    }
}

fn not_executable(entry: &ZipEntry, findings: &mut Findings) {
    if let Some(mode) = entry.mode().filter(|_| !entry.is_runnable_by_others()) {
        let problem = if entry.is_runnable() {
            "others may not run it, and Lambda runs as another user"
        } else {
            "nobody may run it"
        };
        let message = format!("`{}` has the mode {:04o}: {problem}", entry.name, mode & 0o7777);
        findings.add(Rule::NotExecutable, Some(&entry.name), message);
    }
}

/// Whether a file is meant to be run as a program. A script is data to its interpreter unless it is where programs belong.
fn is_program(context: &CheckContext, entry: &ZipEntry, contents: &Contents) -> bool {
    let is_layer = context.expectation.kind != ArchiveKind::Function;
    match contents {
        Contents::Elf(elf) => elf.is_program() && !entry.path.contains(".so"),
        Contents::Script(_) => is_layer && (directory_of(&entry.path) == "bin" || entry.path == BOOTSTRAP),
        _ => false,
    }
}

fn helper_not_executable(entry: &ZipEntry, findings: &mut Findings) {
    if let Some(mode) = entry.mode().filter(|_| !entry.is_runnable_by_others()) {
        let rule = Rule::NotExecutable;
        let message = format!("`{}` is a program, but has the mode {:04o}", entry.name, mode & 0o7777);
        findings.add_at_most(Severity::Warning, rule, Some(&entry.name), message, rule.facts().hint);
    }
}

fn not_readable(entry: &ZipEntry, findings: &mut Findings) {
    if let Some(mode) = entry.mode().filter(|mode| mode & READ == 0) {
        let message = format!(
            "`{}` has the mode {:04o}: others may not read it, and Lambda runs as another user",
            entry.name,
            mode & 0o7777
        );
        findings.add(Rule::NotReadable, Some(&entry.name), message);
    }
}

fn directory_mode(entry: &ZipEntry, findings: &mut Findings) {
    if let Some(mode) = entry.mode().filter(|mode| mode & ENTER != ENTER) {
        let message =
            format!("the directory `{}` has the mode {:04o}: others may not enter it", entry.name, mode & 0o7777);
        findings.add(Rule::DirectoryMode, Some(&entry.name), message);
    }
}

fn setuid(entry: &ZipEntry, findings: &mut Findings) {
    if let Some(mode) = entry.mode().filter(|mode| mode & 0o6000 != 0) {
        let message =
            format!("`{}` has the mode {:04o}: it asks for its owner's or group's rights", entry.name, mode & 0o7777);
        findings.add(Rule::Setuid, Some(&entry.name), message);
    }
}

fn file_type(context: &CheckContext, entry: &ZipEntry, findings: &mut Findings) {
    if entry.mode().is_none() || entry.is_marked_file() {
        return;
    }
    let name = &entry.name;
    match entry.special_type() {
        // A special `bootstrap` is an error of its own.
        Some(_) if name == BOOTSTRAP && context.expectation.kind == ArchiveKind::Function => {}
        Some(special) => {
            let message = format!("`{name}` is marked as {special}, not as a file");
            findings.add_with_hint(Rule::MissingTypeBits, Some(name), message, "pack a regular file, or leave it out");
        }
        None => findings.add(Rule::MissingTypeBits, Some(name), format!("the mode of `{name}` has no file type")),
    }
}
