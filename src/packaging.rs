//! What is to be in a zip, and how it is written: flags and declarations, resolved to one answer.
//!
//! Lists add up over all levels. A question with one answer gets that of the most specific level: a flag, then the
//! binary's table, the package's, the workspace's.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::cli::PackagingFlags;
use crate::config::Declared;
use deployment_zip::with_slashes;
use deployment_zip::{Compression, Exclude, FileRules, Include, Symlinks};
use lambda_zip_check::{ArchiveKind, Levels};

/// The answers for one zip.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Packaging {
    pub(crate) kind: ArchiveKind,
    #[serde(skip)]
    pub(crate) files: FileRules,
    #[serde(skip)]
    pub(crate) compression: Compression,
    #[serde(skip)]
    pub(crate) levels: Levels,
}

impl Packaging {
    /// Resolves. `folder` is the working directory, against which paths of the command line are read.
    pub(crate) fn new(flags: &PackagingFlags, folder: &Path, declared: Declared) -> Result<Self> {
        let mut files = FileRules::default();
        let (mut kind, mut symlinks, mut compression) = (None, None, None);
        let mut default_excludes = None;
        let mut levels = Levels::default();
        for table in declared.tables {
            files.includes.extend(table.include.unwrap_or_default());
            files.excludes.extend(table.exclude);
            files.modes.extend(table.mode);
            levels.extend(table.checks);
            kind = table.kind.or(kind);
            symlinks = table.symlinks.or(symlinks);
            compression = table.compression.or(compression);
            default_excludes = table.default_excludes.or(default_excludes);
        }
        files.includes.extend(flags.include.iter().map(|text| Include::typed(text, folder)));
        for glob in &flags.exclude_path {
            files.excludes.push(Exclude::new(&with_slashes(glob), folder)?);
        }
        files.modes_by_flag.clone_from(&flags.mode);
        files.symlinks = flags.symlinks.or(symlinks).unwrap_or(Symlinks::Preserve);
        files.no_default_excludes = flags.no_default_excludes || default_excludes == Some(false);
        levels.extend(flags.levels.levels()?);
        Ok(Self {
            kind: flags.kind().or(kind).unwrap_or(ArchiveKind::Function),
            files,
            compression: flags.compression.or(compression).unwrap_or_default(),
            levels,
        })
    }
}
