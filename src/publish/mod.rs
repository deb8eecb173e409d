//! All zips of a run: those that are up to date are kept, the others are packed, checked and published.
//!
//! Small zips are packed at the same time, one on each core. A large one, or a single one, uses all cores. Messages and
//! publication follow the order of the plan, whichever zip is ready first.

mod debug_symbols;
mod files;
mod freshness;
mod glibc;
mod outputs;
mod package_job;
mod packed_view;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;

use crate::cache::{Digest, ZipRecord, files_digest};
use crate::plan::debug_path;
use crate::report::{ArchiveReport, human_bytes, print_findings, print_zip};
use crate::shell::Shell;
use deployment_zip::{Collected, ModificationTime, in_order};
use lambda_zip_error::{ErrorKind, Failure, ResultExt};
use package_job::Candidate;

pub(crate) use freshness::Freshness;
pub(crate) use glibc::check_glibc;
pub(crate) use outputs::check_outputs;
pub(crate) use package_job::{PackageJob, STDOUT, collect_ahead};

/// A zip with more bytes of input than this has enough chunks for several cores.
const LARGE: u64 = 8 << 20;

/// The least cost of a job, in bytes. It bounds how many packed zips wait for their turn, each with an open file.
const LEAST_COST: u64 = 1 << 20;

/// A job whose files are known.
struct PreparedJob<'a> {
    job: &'a PackageJob<'a>,
    collected: Collected,
    /// Digest of everything that the zip follows from. `None` if every zip is packed anyway.
    inputs: Option<Digest>,
    /// The record of the zip at the job's path, if it is up to date.
    fresh: Option<ZipRecord>,
    /// The bytes to pack.
    size: u64,
    /// How long preparing took.
    time: Duration,
}

/// Packs the zips that are not up to date and publishes those that break no rule. A zip that breaks a rule leaves the file at
/// its path unchanged. Without `freshness` every zip is packed.
pub(crate) fn publish(
    jobs: &[PackageJob<'_>],
    freshness: Option<&Freshness>,
    shell: &Shell,
) -> Result<Vec<ArchiveReport>> {
    // On one thread: if nothing changed, starting a thread takes longer than the job.
    let prepared = jobs.iter().map(|job| PreparedJob::new(job, freshness)).collect::<Result<Vec<_>>>()?;
    let stale = prepared.iter().filter(|prepared| prepared.fresh.is_none()).count();
    let threads = if stale == 0 { NonZeroUsize::MIN } else { available_parallelism().unwrap_or(NonZeroUsize::MIN) };
    let at_once = threads.min(NonZeroUsize::new(stale).unwrap_or(NonZeroUsize::MIN));
    let bar = shell.progress("Compressing", prepared.iter().map(|prepared| prepared.size).sum());
    let done = AtomicU64::new(0);
    let announce = |index: usize| {
        if let Some(next) = prepared.get(index) {
            bar.suspend(|| next.announce(shell));
        }
    };
    let mut reports = Vec::with_capacity(prepared.len());
    announce(0);
    in_order(
        at_once,
        prepared.iter(),
        |prepared| prepared.size.max(LEAST_COST),
        || (),
        |(), prepared| {
            let is_spread = prepared.size >= LARGE || at_once == NonZeroUsize::MIN;
            prepared.pack(if is_spread { threads } else { NonZeroUsize::MIN }, &bar, &done)
        },
        |prepared, candidate| {
            reports.push(bar.suspend(|| prepared.finish(candidate, freshness, shell))?);
            announce(reports.len());
            anyhow::Ok(())
        },
    )?;
    bar.finish_and_clear();
    Ok(reports)
}

impl<'a> PreparedJob<'a> {
    fn new(job: &'a PackageJob<'a>, freshness: Option<&Freshness>) -> Result<Self> {
        let started = Instant::now();
        let collected = job.collect()?;
        let mut prepared = Self { job, collected, inputs: None, fresh: None, size: 0, time: Duration::ZERO };
        if let Some(freshness) = freshness {
            let inputs = job.inputs(&prepared.collected, &freshness.digests)?;
            prepared.inputs = Some(inputs);
            prepared.fresh = freshness.fresh_record(&job.path, inputs, &prepared.collected);
        }
        if prepared.fresh.is_none() {
            job.refuse_own_zip(&prepared.collected)?;
            prepared.size = size(&prepared.collected);
        }
        prepared.time = started.elapsed();
        Ok(prepared)
    }

    /// Prints what is about to be packed, or that it is up to date.
    fn announce(&self, shell: &Shell) {
        let verb = if self.fresh.is_some() { "Fresh" } else { "Packaging" };
        shell.status(verb, &self.job.description);
        self.job.emit_warnings(&self.collected, shell);
    }

    /// Packs the zip unless it is up to date. `bar` and `done` count the bytes of the whole run.
    fn pack(&self, threads: NonZeroUsize, bar: &ProgressBar, done: &AtomicU64) -> Option<Result<Candidate>> {
        if self.fresh.is_some() {
            return None;
        }
        let of_this = AtomicU64::new(0);
        Some(self.job.pack(&self.collected, threads, &|now| {
            let more = now - of_this.swap(now, Ordering::Relaxed);
            bar.set_position(done.fetch_add(more, Ordering::Relaxed) + more);
        }))
    }

    /// Publishes the packed zip, unless it breaks a rule.
    fn finish(
        &self,
        candidate: Option<Result<Candidate>>,
        freshness: Option<&Freshness>,
        shell: &Shell,
    ) -> Result<ArchiveReport> {
        let Some(candidate) = candidate else { return Ok(self.report_fresh(shell)) };
        let Candidate { staged, findings, refused, package_time } = candidate?;
        print_findings(&findings, shell);
        let name = &self.job.description.function;
        let mut report = ArchiveReport {
            description: self.job.description.clone(),
            archive: staged.archive().clone(),
            published: !lambda_zip_check::has_errors(&findings),
            fresh: false,
            findings,
            debug_symbols: None,
            invocations: None,
            refused,
            package_time: self.time + package_time,
        };
        if !report.published {
            self.announce_refusal(&report, shell);
            return Ok(report);
        }
        let mut zip = freshness.map(|_| Digest::of_reader(staged.reader())).transpose()?;
        let archive = if self.job.is_for_stdout() {
            print_zip(&staged)?;
            staged.archive().clone()
        } else if let Some(directory) = &self.job.files_directory {
            let previous = freshness.map(|freshness| freshness.written_files(&self.job.path)).unwrap_or_default();
            let archive = files::publish(&staged, directory, &previous)?;
            zip = freshness.map(|freshness| files_digest(directory, &archive, &freshness.digests)).transpose()?;
            archive
        } else {
            staged.publish()?
        };
        let (unpacked, packed) = (human_bytes(archive.uncompressed_size), human_bytes(archive.size));
        let count = match archive.entries.len() {
            1 => String::new(),
            count => format!("{count} entries, "),
        };
        shell.status("Packaged", format_args!("{name}, {count}{unpacked} ({packed} compressed)"));
        if self.job.debug_symbols
            && let Some(executable) = self.job.executable()
        {
            let path = debug_path(name, &archive.path, self.job.files_directory.as_deref());
            debug_symbols::publish(executable, &path)?;
            shell.status("Symbols", path.display());
            report.debug_symbols = Some(path);
        }
        self.store(&report, zip, freshness);
        Ok(report)
    }

    fn announce_refusal(&self, report: &ArchiveReport, shell: &Shell) {
        let name = &self.job.description.function;
        let path = self.job.path.display();
        let rules = match report.findings.iter().filter(|finding| finding.is_error()).count() {
            1 => "it breaks 1 rule".to_owned(),
            count => format!("it breaks {count} rules"),
        };
        let kept = if self.job.path.exists() { format!("; `{path}` is unchanged") } else { String::new() };
        shell.status("Refused", format_args!("{name}: {rules}{kept}"));
    }

    /// The report of a zip that is up to date, from the run that made it.
    fn report_fresh(&self, shell: &Shell) -> ArchiveReport {
        let record = self.fresh.clone().expect("a zip that is not fresh was packed");
        print_findings(&record.findings, shell);
        ArchiveReport {
            description: self.job.description.clone(),
            archive: record.archive,
            published: true,
            fresh: true,
            findings: record.findings,
            debug_symbols: record.debug_symbols,
            invocations: None,
            refused: None,
            package_time: self.time,
        }
    }

    /// Stores what the next run needs to know about the zip. `zip` is the digest of its bytes.
    fn store(&self, report: &ArchiveReport, zip: Option<Digest>, freshness: Option<&Freshness>) {
        let (Some(freshness), Some(inputs), Some(zip)) = (freshness, self.inputs, zip) else { return };
        let files_directory = self.job.files_directory.clone();
        let written = files_directory.iter().flat_map(|directory| files::paths(&report.archive, directory));
        let record = ZipRecord {
            inputs,
            written: written.filter(|path| !path.is_symlink()).collect(),
            files_directory,
            archive: report.archive.clone(),
            zip,
            findings: report.findings.clone(),
            executable: self.job.executable().map(Path::to_owned).unwrap_or_default(),
            debug_symbols: report.debug_symbols.clone(),
            known: freshness.digests.known(self.collected.files()),
        };
        record.store(&freshness.cache);
    }
}

/// The bytes to pack. Errors surface when a file is read.
fn size(collected: &Collected) -> u64 {
    collected.files().map(|path| path.metadata().map_or(0, |metadata| metadata.len())).sum()
}

/// The date of the entries: `SOURCE_DATE_EPOCH`, else the earliest date that a zip can hold. It is the only variable of the
/// environment that reaches a zip: <https://reproducible-builds.org/specs/source-date-epoch/>.
pub(crate) fn modification_time() -> Result<ModificationTime> {
    let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") else { return Ok(ModificationTime::default()) };
    let seconds: u64 = text.parse().map_err(|_| {
        let message = format!("`SOURCE_DATE_EPOCH={text}` is not a number of seconds since 1970");
        Failure::new(ErrorKind::Usage, message).hint("set it to the output of `date +%s`, or unset it")
    })?;
    ModificationTime::from_epoch(seconds)
        .or_fail(ErrorKind::Usage, || format!("`SOURCE_DATE_EPOCH={text}` is out of range for a zip (1980 to 2107)"))
}
