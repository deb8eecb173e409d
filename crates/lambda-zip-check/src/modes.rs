//! Permissions: what the zip says of who may read and run the unpacked files.

use super::context::CheckContext;
use super::entry::ZipEntry;
use super::finding::Findings;
use super::images::started;
use super::rule::Rule;

pub(super) fn check(context: &CheckContext, findings: &mut Findings) {
    for program in started(context) {
        not_unix(program.entry, findings);
        not_executable(program.entry, findings);
    }
    for (entry, _) in context.view.entries().filter(|(entry, _)| !entry.is_directory() && !entry.is_link()) {
        not_readable(entry, findings);
        setuid(entry, findings);
        missing_type_bits(entry, findings);
    }
}

fn not_unix(entry: &ZipEntry, findings: &mut Findings) {
    if entry.mode().is_none() {
        let name = &entry.name;
        let message =
            format!("`{name}` carries no Unix mode: the zip was made for another system (number {})", entry.host);
        findings.add(Rule::HostNotUnix, Some(name), message);
    }
}

fn not_executable(entry: &ZipEntry, findings: &mut Findings) {
    if let Some(mode) = entry.mode().filter(|_| !entry.is_runnable()) {
        let message = format!("`{}` has the mode {:04o}: nobody may run it", entry.name, mode & 0o7777);
        findings.add(Rule::NotExecutable, Some(&entry.name), message);
    }
}

fn not_readable(entry: &ZipEntry, findings: &mut Findings) {
    if let Some(mode) = entry.mode().filter(|mode| mode & 0o444 != 0o444) {
        let message = format!("`{}` has the mode {:04o}: not everybody may read it", entry.name, mode & 0o7777);
        findings.add(Rule::NotReadable, Some(&entry.name), message);
    }
}

fn setuid(entry: &ZipEntry, findings: &mut Findings) {
    if let Some(mode) = entry.mode().filter(|mode| mode & 0o6000 != 0) {
        let message = format!("`{}` has the mode {:04o}: it takes over its owner's rights", entry.name, mode & 0o7777);
        findings.add(Rule::Setuid, Some(&entry.name), message);
    }
}

fn missing_type_bits(entry: &ZipEntry, findings: &mut Findings) {
    if entry.mode().is_some() && !entry.is_marked_file() {
        let message = format!("the mode of `{}` does not say that it is a file", entry.name);
        findings.add(Rule::MissingTypeBits, Some(&entry.name), message);
    }
}
