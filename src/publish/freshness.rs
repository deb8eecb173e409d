//! Which zips are up to date: made by an earlier run from the same inputs, and unchanged since.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::files;
use crate::cache::{Cache, Digest, FileDigests, ZipRecord};
use crate::plan::BuildPlan;
use deployment_zip::Collected;

/// What earlier runs stored about the zips of a plan, and the digests of the files that they depend on.
#[derive(Debug)]
pub(crate) struct Freshness {
    pub(crate) cache: Cache,
    pub(super) digests: FileDigests,
    /// By the path of the zip.
    records: HashMap<PathBuf, ZipRecord>,
}

impl Freshness {
    /// Loads the records of the planned zips.
    pub(crate) fn load(cache: Cache, plan: &BuildPlan) -> Self {
        let zips = plan.functions.iter().map(|planned| &planned.path);
        let records: HashMap<_, _> =
            zips.filter_map(|zip| Some((zip.clone(), ZipRecord::load(&cache, zip)?))).collect();
        let digests = FileDigests::default();
        for record in records.values() {
            digests.add_known(&record.known);
        }
        Self { cache, digests, records }
    }

    /// Reads the files that decide whether the zips are up to date. `collected` is in the order of the plan's functions.
    /// Errors surface when the file is read again for packing.
    pub(crate) fn read_ahead(&self, plan: &BuildPlan, collected: &[Collected]) {
        let mut paths: HashSet<&OsStr> = HashSet::new();
        for (planned, collected) in plan.functions.iter().zip(collected) {
            if let Some(record) = self.records.get(&planned.path) {
                paths.extend(record.files().chain(collected.files()).map(Path::as_os_str));
            }
        }
        for path in paths {
            let _ = self.digests.of(Path::new(path));
        }
    }

    /// The files and links that an earlier run wrote for the executable at `path`.
    pub(super) fn written_files(&self, path: &Path) -> Vec<PathBuf> {
        let Some(record) = self.records.get(path) else { return Vec::new() };
        let directory = record.files_directory.iter();
        directory.flat_map(|directory| files::paths(&record.archive, directory)).collect()
    }

    /// The record of the zip at `path`, if the zip is the one that these inputs make.
    pub(super) fn fresh_record(&self, path: &Path, inputs: Digest, collected: &Collected) -> Option<ZipRecord> {
        let record = self.records.get(path).filter(|record| record.holds(inputs, &self.digests))?;
        let mut record = record.clone();
        let known = self.digests.known(record.files().chain(collected.files()));
        if record.known != known {
            record.known = known;
            record.store(&self.cache);
        }
        Some(record)
    }
}
