//! From one executable to one published zip: entries, a staged archive, the rules, and only then the final name.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::Result;
use time::OffsetDateTime;

use crate::check::{self, Expectation, Finding, Levels, Severity};
use crate::error::{ErrorKind, Failure, ResultExt};
use crate::package::{self, ArchiveOptions, Collected, Entry, EntrySource, ModificationTime, OwnFiles};
use crate::packaging::Packaging;
use crate::report::{ArchiveReport, Subject, human_bytes};
use crate::shell::Shell;

/// One zip to make.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) subject: Subject,
    pub(crate) packaging: &'a Packaging,
    /// The executable's entry, and what else is there without being asked for.
    pub(crate) entries: Vec<Entry>,
    /// Where the zip goes, absolute.
    pub(crate) path: PathBuf,
    /// What the run itself reads and writes.
    pub(crate) own: &'a OwnFiles,
    /// The rules that are silent where the user says nothing else.
    pub(crate) levels: Levels,
}

impl Job<'_> {
    /// Finds the files that go into the zip.
    pub(crate) fn collect(&self) -> Result<Collected> {
        let collected = self.packaging.files.collect(self.entries.clone(), self.own)?;
        let entries = collected.entries.entries();
        for entry in entries {
            if let EntrySource::Disk(source) = &entry.source
                && is_same_file(source, &self.path)
            {
                let path = self.path.display();
                let message = format!("the zip would replace `{path}`, which goes into it as `{}`", entry.name);
                return Err(Failure::new(ErrorKind::Usage, message).hint("name another file with `--output`").into());
            }
        }
        Ok(collected)
    }

    /// Says what folders are packed without, and which flags turned out to be about nothing.
    pub(crate) fn tell(&self, collected: &Collected, shell: &Shell) {
        let Collected { entries, litter, own } = collected;
        if let Some((first, rest)) = litter.split_first() {
            let rest = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            let path = first.display();
            shell
                .status("Leaving out", format_args!("`{path}`{rest} (`--no-default-excludes` takes such files along)"));
            rest_of(litter).for_each(|path| shell.detail("Leaving out", format_args!("`{}`", path.display())));
        }
        for path in own {
            shell.detail("Leaving out", format_args!("`{}`, which is this run's own", path.display()));
        }
        for rule in &self.packaging.files.modes_by_flag {
            let names = || entries.entries().iter().filter(|entry| matches!(entry.source, EntrySource::Disk(_)));
            if !names().any(|entry| rule.applies_to(entry.name.as_str())) {
                shell.warn(format_args!("`--mode {}` applies to no file in the zip", rule.glob()), None);
            }
        }
    }

    /// Packages and publishes the zip, unless it breaks a rule: then what was at its path stays.
    pub(crate) fn publish(self, shell: &Shell) -> Result<ArchiveReport> {
        let started = Instant::now();
        shell.status("Packaging", &self.subject);
        let collected = self.collect()?;
        self.tell(&collected, shell);
        let entries = collected.entries;
        let progress = shell.progress("Compressing", total_size(entries.entries()));
        let staged =
            package::stage(&self.path, &entries, &options(self.packaging)?, &|done| progress.set_position(done))?;
        progress.finish_and_clear();

        let findings = check::check_file(staged.path(), &self.expectation())?;
        print_findings(&findings, shell);
        let published = !check::any_broken(&findings);
        let archive = if published { staged.publish()? } else { staged.archive().clone() };
        let name = &self.subject.function;
        if published {
            let (unpacked, packed) = (human_bytes(archive.uncompressed_size), human_bytes(archive.size));
            let count = match archive.entries.len() {
                1 => String::new(),
                count => format!("{count} entries, "),
            };
            shell.status("Packaged", format_args!("{name}, {count}{unpacked} ({packed} compressed)"));
        } else {
            let path = self.path.display();
            shell.status("Refused", format_args!("{name}: Lambda would not run it, `{path}` is as it was"));
        }
        Ok(ArchiveReport {
            subject: self.subject,
            archive,
            published,
            findings,
            debug_symbols: None,
            package_time: started.elapsed(),
        })
    }

    fn expectation(&self) -> Expectation<'static> {
        let mut levels = self.levels.clone();
        levels.extend(self.packaging.levels.clone());
        Expectation {
            kind: self.packaging.kind,
            arch: self.subject.arch,
            runtime: self.subject.runtime,
            today: OffsetDateTime::now_utc().date(),
            levels,
            layers: &[],
        }
    }
}

fn rest_of(paths: &[PathBuf]) -> impl Iterator<Item = &PathBuf> {
    paths.iter().skip(1)
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// In bytes, for the progress bar. What cannot be read is found out where it is read.
fn total_size(entries: &[Entry]) -> u64 {
    let size = |entry: &Entry| match &entry.source {
        EntrySource::Disk(path) => path.metadata().map_or(0, |metadata| metadata.len()),
        _ => 0,
    };
    entries.iter().map(size).sum()
}

/// The one thing of the environment that reaches a zip is the date that `SOURCE_DATE_EPOCH` asks for:
/// <https://reproducible-builds.org/specs/source-date-epoch/>.
fn options(packaging: &Packaging) -> Result<ArchiveOptions> {
    let modified = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text
            .parse()
            .map_err(anyhow::Error::from)
            .and_then(ModificationTime::from_epoch)
            .or_fail(ErrorKind::Usage, || format!("`SOURCE_DATE_EPOCH={text}` is no date that a zip can hold"))?,
        Err(_) => ModificationTime::default(),
    };
    Ok(ArchiveOptions {
        modified,
        threads: available_parallelism().unwrap_or(NonZeroUsize::MIN),
        compression: packaging.compression,
    })
}

fn print_findings(findings: &[Finding], shell: &Shell) {
    for finding in findings {
        let at = finding.entry.as_ref().map(|entry| format!("`{entry}`: ")).unwrap_or_default();
        let text = format!("{at}{} [{}]", finding.message, finding.rule.id());
        match finding.severity {
            Severity::Error => shell.broken(text, &finding.hint),
            Severity::Warning => shell.warn(text, Some(&finding.hint)),
            Severity::Note => shell.detail("Note", text),
        }
    }
}
