//! One executable on its way to one zip: its entries are collected, packed beside the final path, and held against the
//! rules. Nothing here prints or publishes: several jobs are under way at once.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use time::OffsetDateTime;

use crate::debug_symbols;
use crate::memory::{Digest, FileDigests, Inputs};
use crate::packaging::Packaging;
use crate::plan::{BuildPlan, PlannedFunction};
use crate::report::{Subject, ZipContents};
use crate::shell::Shell;
use deployment_zip::{
    self, ArchiveOptions, Collected, Entry, EntryName, EntrySource, ModificationTime, OwnFiles, Progress,
    SortedEntries, StagedArchive,
};
use lambda_zip_check::{Expectation, Finding, Levels, PackedEntry, PackedSource, Rule, ZipView};
use lambda_zip_error::{ErrorKind, Failure};

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
    /// Whether the executable is parted from its debug information on its way into the zip.
    pub(crate) debug_symbols: bool,
}

/// A zip under a scratch name, with what the rules say of it.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) staged: StagedArchive,
    pub(crate) findings: Vec<Finding>,
    /// What is in it, if it breaks a rule: it will be gone.
    pub(crate) refused: Option<ZipContents>,
    /// How long packing and checking took.
    pub(crate) package_time: Duration,
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
        levels.allow(Rule::RuntimeDeprecated);
        Ok(Self {
            subject: Subject::of(planned),
            packaging,
            entries: vec![Entry { name, source: executable, mode: Some(0o755) }],
            path: planned.path.clone(),
            own,
            levels,
            modified,
            debug_symbols: false,
        })
    }

    /// Finds the files that go into the zip.
    pub(crate) fn collect(&self) -> Result<Collected> {
        self.packaging.files.collect(self.entries.clone(), self.own)
    }

    /// Refuses to replace a file that goes into the zip.
    pub(crate) fn refuse_own_zip(&self, collected: &Collected) -> Result<()> {
        // Where there is no zip yet, none of the files is it.
        let Ok(size) = self.path.metadata().map(|metadata| metadata.len()) else { return Ok(()) };
        // Looking at a size takes a fraction of what following all links of a path does.
        let is_zip = |source: &Path| {
            source.metadata().is_ok_and(|metadata| metadata.len() == size)
                && matches!((source.canonicalize(), self.path.canonicalize()), (Ok(source), Ok(zip)) if source == zip)
        };
        if let Some(entry) = collected.entries.entries().iter().find(|entry| entry.file().is_some_and(is_zip)) {
            let path = self.path.display();
            let message = format!("the zip would replace `{path}`, which goes into it as `{}`", entry.name);
            return Err(Failure::new(ErrorKind::Usage, message).hint("name another file with `--output`").into());
        }
        Ok(())
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

    /// The digest of everything that the zip and the verdict over it follow from.
    pub(crate) fn inputs(&self, collected: &Collected, digests: &FileDigests) -> Result<Digest> {
        let inputs = Inputs {
            entries: collected.entries.entries(),
            compression: self.packaging.compression,
            modified: self.modified,
            expectation: &self.expectation(),
            debug_symbols: self.debug_symbols,
        };
        inputs.digest(digests)
    }

    /// Packs the zip and holds it against the rules. What is at its path stays as it is.
    pub(crate) fn pack(
        &self,
        collected: &Collected,
        threads: NonZeroUsize,
        progress: Progress<'_>,
    ) -> Result<Candidate> {
        let started = Instant::now();
        let stripped = self.debug_symbols.then(|| self.collect_stripped()).transpose()?;
        let entries = &stripped.as_ref().unwrap_or(collected).entries;
        let options = ArchiveOptions { compression: self.packaging.compression, modified: self.modified, threads };
        let staged = deployment_zip::stage(&self.path, entries, &options, progress)?;
        let view = ZipView::from_packed(staged.reader(), staged.archive().size, &packed_entries(&staged, entries))?;
        let findings = lambda_zip_check::check_view(&view, &[], &self.expectation());
        let is_broken = lambda_zip_check::has_errors(&findings);
        let refused = is_broken.then(|| ZipContents::of(&view, staged.archive().code_sha256()));
        Ok(Candidate { staged, findings, refused, package_time: started.elapsed() })
    }

    /// The same files with the executable stripped.
    fn collect_stripped(&self) -> Result<Collected> {
        let mut entries = self.entries.clone();
        let executable = self.executable().context("there is no executable to strip")?;
        entries[0].source = EntrySource::Disk(debug_symbols::split(executable)?);
        self.packaging.files.collect(entries, self.own)
    }

    /// The executable, where it is a file.
    pub(crate) fn executable(&self) -> Option<&Path> {
        self.entries.first()?.file()
    }

    fn expectation(&self) -> Expectation {
        let mut levels = self.levels.clone();
        levels.extend(self.packaging.levels.clone());
        Expectation {
            kind: self.packaging.kind,
            arch: self.subject.arch,
            runtime: self.subject.runtime,
            today: OffsetDateTime::now_utc().date(),
            levels,
        }
    }
}

/// The entries of a staged zip, for the check to look at without unpacking them.
fn packed_entries<'a>(staged: &'a StagedArchive, entries: &'a SortedEntries) -> Vec<PackedEntry<'a>> {
    let source = |entry: &'a Entry| match &entry.source {
        EntrySource::Disk(path) => PackedSource::File(path),
        EntrySource::Bytes(bytes) => PackedSource::Bytes(bytes),
        EntrySource::Symlink(target) => PackedSource::Link(target),
        EntrySource::Directory => PackedSource::Directory,
    };
    let packed = entries.entries().iter().zip(staged.heads());
    packed.map(|(entry, head)| PackedEntry { source: source(entry), head }).collect()
}

/// The files of each planned zip, of which the executable is yet to be built.
pub(crate) fn collect_ahead(plan: &BuildPlan) -> Result<Vec<Collected>> {
    let own = plan.own_files();
    let of = |planned| Job::of(planned, EntrySource::Bytes(Vec::new()), &own, ModificationTime::default())?.collect();
    plan.functions.iter().map(of).collect()
}

fn rest_of(paths: &[PathBuf]) -> impl Iterator<Item = &PathBuf> {
    paths.iter().skip(1)
}
