//! One executable on its way to one zip: its files are collected, packed next to the final path, and checked against the
//! rules. Several jobs run at the same time, so nothing here prints or publishes.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use time::OffsetDateTime;

use super::packed_view::packed_view;
use super::{debug_symbols, files};
use crate::cache::{Digest, FileDigests, ZipInputs};
use crate::plan::{BuildPlan, Packaging, PlannedFunction};
use crate::report::ZipDescription;
use crate::shell::Shell;
use deployment_zip::{
    ArchiveOptions, Collected, Entry, EntryName, EntrySource, ModificationTime, OutputPaths, Progress, StagedArchive,
};
use lambda_zip_check::{Expectation, Finding, Levels, Rule, ZipView};
use lambda_zip_error::{ErrorKind, Failure};

/// The path of a zip that goes to stdout.
pub(crate) const STDOUT: &str = "-";

/// One zip to make.
#[derive(Debug)]
pub(crate) struct PackageJob<'a> {
    pub(crate) description: ZipDescription,
    pub(crate) packaging: &'a Packaging,
    /// The entry of the executable, and others that no include asks for.
    pub(crate) entries: Vec<Entry>,
    /// The path of the zip, absolute, or [`STDOUT`].
    pub(crate) path: PathBuf,
    /// The files that the run itself reads and writes. They are left out of included directories.
    pub(crate) output_paths: &'a OutputPaths,
    /// The levels of the rules, unless the user sets others.
    pub(crate) levels: Levels,
    /// The date of the entries.
    pub(crate) modified: ModificationTime,
    /// The directory for the files, if they are written in place of the zip. `path` is then that of the executable.
    pub(crate) files_directory: Option<PathBuf>,
    /// True if debug information is split from the executable on its way into the zip.
    pub(crate) debug_symbols: bool,
}

/// A zip under a scratch name, with its findings.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) staged: StagedArchive,
    pub(crate) findings: Vec<Finding>,
    /// The contents of a zip that breaks a rule: the zip itself will be deleted.
    pub(crate) refused: Option<ZipView>,
    /// How long packing and checking took.
    pub(crate) package_time: Duration,
}

impl<'a> PackageJob<'a> {
    /// The job of a planned function. `executable` is the source of its executable.
    pub(crate) fn new(
        planned: &'a PlannedFunction,
        executable: EntrySource,
        output_paths: &'a OutputPaths,
        modified: ModificationTime,
    ) -> Result<Self> {
        let packaging = &planned.packaging;
        let name = EntryName::new(packaging.kind.executable_name(&planned.function.name))?;
        let mut levels = Levels::default();
        // The warning about the runtime was printed once, before the build.
        levels.allow(Rule::RuntimeDeprecated);
        Ok(Self {
            description: ZipDescription::of(planned),
            packaging,
            entries: vec![Entry { name, source: executable, mode: Some(0o755) }],
            path: planned.path.clone(),
            output_paths,
            levels,
            modified,
            files_directory: planned.files_directory(),
            debug_symbols: false,
        })
    }

    /// Finds the files that go into the zip.
    pub(crate) fn collect(&self) -> Result<Collected> {
        self.packaging.files.collect(self.entries.clone(), self.output_paths)
    }

    /// Refuses to replace a file that goes into the zip.
    pub(crate) fn refuse_own_zip(&self, collected: &Collected) -> Result<()> {
        if let Some(directory) = &self.files_directory {
            return files::refuse_own_files(collected, directory);
        }
        // If there is no zip yet, no file can be the same one.
        let Ok(size) = self.path.metadata().map(|metadata| metadata.len()) else { return Ok(()) };
        // Comparing sizes first avoids resolving the links of every path.
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

    /// A zip next to the files, which a tool that zips their directory would pack too.
    fn zip_beside_files(&self) -> Option<PathBuf> {
        let zip = self.files_directory.as_ref()?.join("bootstrap.zip");
        zip.is_file().then_some(zip)
    }

    /// Reports what was left out of included directories, and flags that matched no file.
    pub(crate) fn emit_warnings(&self, collected: &Collected, shell: &Shell) {
        let Collected { entries, default_excluded, excluded_outputs, excluded_directories } = collected;
        for path in excluded_directories {
            shell.status("Leaving out", format_args!("`{}`, which cargo or this program writes to", path.display()));
        }
        if let Some((first, rest)) = default_excluded.split_first() {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            let path = first.display();
            shell.status("Leaving out", format_args!("`{path}`{more} (`--no-default-excludes` includes such files)"));
            for path in rest {
                shell.detail("Leaving out", format_args!("`{}`", path.display()));
            }
        }
        for path in excluded_outputs {
            shell.detail("Leaving out", format_args!("`{}`, which this run reads or writes", path.display()));
        }
        if let Some(zip) = self.zip_beside_files() {
            let zip = zip.display();
            let warning = format!("`{zip}` is next to the files: a tool that zips their directory packs it too");
            shell.warn_with_hints(
                &warning,
                &[&"remove it, or write the files to another directory with `--output`".to_owned()],
            );
        }
        for rule in &self.packaging.files.modes_by_flag {
            let names = || entries.entries().iter().filter(|entry| matches!(entry.source, EntrySource::Disk(_)));
            if !names().any(|entry| rule.applies_to(entry.name.as_str())) {
                shell.warn(format_args!("`--mode {}` matched no files", rule.glob()));
            }
        }
    }

    /// Digest of everything that the bytes of the zip and its findings follow from.
    pub(crate) fn inputs(&self, collected: &Collected, digests: &FileDigests) -> Result<Digest> {
        let inputs = ZipInputs {
            entries: collected.entries.entries(),
            compression: self.packaging.compression,
            format: self.packaging.format,
            modified: self.modified,
            expectation: &self.expectation(),
            debug_symbols: self.debug_symbols,
        };
        inputs.digest(digests)
    }

    /// Packs the zip and checks it against the rules. The file at its final path is unchanged.
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
        let staged = if self.is_for_stdout() {
            deployment_zip::stage_temporary(entries, &options, progress)?
        } else {
            deployment_zip::stage(&self.path, entries, &options, progress)?
        };
        let view = packed_view(&staged, entries)?;
        let findings = lambda_zip_check::check_view(&view, &[], &self.expectation());
        let refused = lambda_zip_check::has_errors(&findings).then_some(view);
        Ok(Candidate { staged, findings, refused, package_time: started.elapsed() })
    }

    /// True if the zip goes to stdout and to no file.
    pub(super) fn is_for_stdout(&self) -> bool {
        self.path == Path::new(STDOUT)
    }

    /// The same files, with the executable stripped.
    fn collect_stripped(&self) -> Result<Collected> {
        let mut entries = self.entries.clone();
        let executable = self.executable().context("no executable to strip")?;
        entries[0].source = EntrySource::Disk(debug_symbols::split(executable)?);
        self.packaging.files.collect(entries, self.output_paths)
    }

    /// The executable, if it is a file.
    pub(crate) fn executable(&self) -> Option<&Path> {
        self.entries.first()?.file()
    }

    fn expectation(&self) -> Expectation {
        let mut levels = self.levels.clone();
        levels.extend(self.packaging.levels.clone());
        Expectation {
            kind: self.packaging.kind,
            arch: self.description.arch,
            runtime: self.description.runtime,
            today: OffsetDateTime::now_utc().date(),
            levels,
        }
    }
}

/// The files of each planned zip, with a placeholder for the executable, which is not built yet.
pub(crate) fn collect_ahead(plan: &BuildPlan, output_paths: &OutputPaths) -> Result<Vec<Collected>> {
    let placeholder = || EntrySource::Bytes(Vec::new());
    let collect =
        |planned| PackageJob::new(planned, placeholder(), output_paths, ModificationTime::default())?.collect();
    plan.functions.iter().map(collect).collect()
}
