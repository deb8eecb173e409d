//! All zips of a run: those that are up to date are left alone, the others are packed and published.
//!
//! Small zips are packed side by side, one on each core; a large one, or one that is alone, is spread over all cores by
//! itself. Whatever is ready first, the user is told in the order of the plan, and zips are published in that order.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;

use crate::debug_symbols;
use crate::job::{Candidate, Job};
use crate::memory::{Digest, FileDigests, Memory, ZipRecord};
use crate::report::{ArchiveReport, human_bytes, print_findings};
use crate::shell::Shell;
use deployment_zip::{Collected, ModificationTime, in_order};
use lambda_zip_error::{ErrorKind, ResultExt};

/// In bytes of what goes into it. A zip from here on has enough chunks to keep several cores busy.
const LARGE: u64 = 8 << 20;

/// In bytes. It bounds how many zips are packed and yet wait for their turn, each with an open file.
const LEAST_COST: u64 = 1 << 20;

/// What tells zips that are up to date from others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshness<'a> {
    pub(crate) memory: &'a Memory,
    pub(crate) digests: &'a FileDigests,
    /// Of the zips that are there, by their paths.
    pub(crate) records: &'a HashMap<PathBuf, ZipRecord>,
}

/// A job whose files are known.
struct Prepared<'a> {
    job: &'a Job<'a>,
    collected: Collected,
    /// Of all that the zip follows from, where that is of interest.
    inputs: Option<Digest>,
    /// The zip that lies there, if it is the one that this job would make.
    fresh: Option<ZipRecord>,
    /// In bytes, of what has to be packed.
    size: u64,
    /// How long finding that out took.
    time: Duration,
}

/// Makes the zips of these jobs, unless they are there already, and publishes those that break no rule. In place of one
/// that breaks a rule stays what was there. Without `freshness` all are made.
pub(crate) fn publish(jobs: &[Job<'_>], freshness: Option<Freshness<'_>>, shell: &Shell) -> Result<Vec<ArchiveReport>> {
    // One after the other: where nothing has changed, handing a job to a thread takes longer than the job.
    let prepared = jobs.iter().map(|job| Prepared::new(job, freshness)).collect::<Result<Vec<_>>>()?;
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

impl<'a> Prepared<'a> {
    fn new(job: &'a Job<'a>, freshness: Option<Freshness<'_>>) -> Result<Self> {
        let started = Instant::now();
        let collected = job.collect()?;
        let mut prepared = Self { job, collected, inputs: None, fresh: None, size: 0, time: Duration::ZERO };
        if let Some(Freshness { memory, digests, records }) = freshness {
            let inputs = job.inputs(&prepared.collected, digests)?;
            prepared.inputs = Some(inputs);
            prepared.fresh = records.get(&job.path).filter(|record| record.holds(inputs, digests)).cloned();
            if let Some(record) = &mut prepared.fresh {
                let known = digests.known(record.files().chain(prepared.collected.files()));
                if record.known != known {
                    record.known = known;
                    record.remember(memory);
                }
            }
        }
        if prepared.fresh.is_none() {
            job.refuse_own_zip(&prepared.collected)?;
            prepared.size = size(&prepared.collected);
        }
        prepared.time = started.elapsed();
        Ok(prepared)
    }

    /// Says what is about to be made, or that it is there.
    fn announce(&self, shell: &Shell) {
        let verb = if self.fresh.is_some() { "Fresh" } else { "Packaging" };
        shell.status(verb, &self.job.subject);
        self.job.tell(&self.collected, shell);
    }

    /// Packs what is not there. The bar is that of the whole run.
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

    /// Publishes what was packed, unless it breaks a rule.
    fn finish(
        &self,
        candidate: Option<Result<Candidate>>,
        freshness: Option<Freshness<'_>>,
        shell: &Shell,
    ) -> Result<ArchiveReport> {
        let Some(candidate) = candidate else { return Ok(self.report_fresh(shell)) };
        let Candidate { staged, findings, refused, package_time } = candidate?;
        print_findings(&findings, shell);
        let name = &self.job.subject.function;
        let mut report = ArchiveReport {
            subject: self.job.subject.clone(),
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
            let path = self.job.path.display();
            shell.status("Refused", format_args!("{name}: Lambda would not run it, `{path}` is as it was"));
            return Ok(report);
        }
        let zip = freshness.map(|_| Digest::of_reader(staged.reader())).transpose()?;
        let archive = staged.publish()?;
        let (unpacked, packed) = (human_bytes(archive.uncompressed_size), human_bytes(archive.size));
        let count = match archive.entries.len() {
            1 => String::new(),
            count => format!("{count} entries, "),
        };
        shell.status("Packaged", format_args!("{name}, {count}{unpacked} ({packed} compressed)"));
        if self.job.debug_symbols
            && let Some(executable) = self.job.executable()
        {
            let path = debug_symbols::publish(executable, name, &archive.path)?;
            shell.status("Symbols", path.display());
            report.debug_symbols = Some(path);
        }
        self.remember(&report, zip, freshness);
        Ok(report)
    }

    /// The report of a zip that was not made again is that of the run that made it.
    fn report_fresh(&self, shell: &Shell) -> ArchiveReport {
        let record = self.fresh.clone().expect("what is not fresh was packed");
        print_findings(&record.findings, shell);
        ArchiveReport {
            subject: self.job.subject.clone(),
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

    fn remember(&self, report: &ArchiveReport, zip: Option<Digest>, freshness: Option<Freshness<'_>>) {
        let (Some(Freshness { memory, digests, .. }), Some(inputs), Some(zip)) = (freshness, self.inputs, zip) else {
            return;
        };
        let record = ZipRecord {
            inputs,
            archive: report.archive.clone(),
            zip,
            findings: report.findings.clone(),
            executable: self.job.executable().map(Path::to_owned).unwrap_or_default(),
            debug_symbols: report.debug_symbols.clone(),
            known: digests.known(self.collected.files()),
        };
        record.remember(memory);
    }
}

/// In bytes. What cannot be looked at is found out where it is read.
fn size(collected: &Collected) -> u64 {
    collected.files().map(|path| path.metadata().map_or(0, |metadata| metadata.len())).sum()
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
