//! From one executable to one published zip: entries, a staged archive, the rules, and only then the final name.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::Result;
use time::OffsetDateTime;

use crate::check::{self, Expectation, Levels, Rule, ZipView};
use crate::error::{ErrorKind, Failure, ResultExt};
use crate::package::{self, ArchiveOptions, Collected, Entry, EntryName, EntrySource, ModificationTime, OwnFiles};
use crate::packaging::Packaging;
use crate::plan::PlannedFunction;
use crate::report::{ArchiveReport, Subject, ZipContents, human_bytes, print_findings};
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
    /// The date of its entries.
    pub(crate) modified: ModificationTime,
}

impl<'a> Job<'a> {
    /// The zip of a planned function, with the executable from this source.
    pub(crate) fn of(
        planned: &'a PlannedFunction,
        executable: EntrySource,
        own: &'a OwnFiles,
        modified: ModificationTime,
    ) -> Result<Self> {
        let packaging = &planned.packaging;
        let name = EntryName::new(packaging.kind.executable_name(&planned.function.name))?;
        let mut levels = Levels::default();
        // Said once for the whole run, before the build.
        levels.allow(Rule::RuntimeDeprecated.id())?;
        Ok(Self {
            subject: Subject::of(planned),
            packaging,
            entries: vec![Entry { name, source: executable, mode: 0o755 }],
            path: planned.path.clone(),
            own,
            levels,
            modified,
        })
    }

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
        let options = ArchiveOptions {
            compression: self.packaging.compression,
            modified: self.modified,
            threads: available_parallelism().unwrap_or(NonZeroUsize::MIN),
        };
        let staged = package::stage(&self.path, &entries, &options, &|done| progress.set_position(done))?;
        progress.finish_and_clear();

        let view = ZipView::of_made(staged.reader(), staged.archive().size, entries.entries())?;
        let findings = check::check_view(&view, &[], &self.expectation());
        print_findings(&findings, shell);
        let published = !check::any_broken(&findings);
        let refused = (!published).then(|| ZipContents::of(&view, staged.archive().code_sha256()));
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
            invocations: None,
            refused,
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

/// The date of the entries: the earliest that a zip can hold, or that of `SOURCE_DATE_EPOCH`, the one thing of the
/// environment that reaches a zip: <https://reproducible-builds.org/specs/source-date-epoch/>.
pub(crate) fn modification_time() -> Result<ModificationTime> {
    let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") else { return Ok(ModificationTime::default()) };
    text.parse()
        .map_err(anyhow::Error::from)
        .and_then(ModificationTime::from_epoch)
        .or_fail(ErrorKind::Usage, || format!("`SOURCE_DATE_EPOCH={text}` is no date that a zip can hold"))
}
