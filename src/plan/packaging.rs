//! The contents of a zip and how it is written: flags and metadata tables, merged.
//!
//! Lists add up over all levels. A single value comes from the most specific level: a flag, then the table of the binary,
//! the package, the workspace.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::cli::{OutputFormat, PackagingFlags};
use crate::manifest::FunctionConfig;
use deployment_zip::with_slashes;
use deployment_zip::{Compression, Exclude, FileRules, Include, Symlinks};
use lambda_zip_check::{ArchiveKind, Levels};

/// How one zip is made.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Packaging {
    pub(crate) kind: ArchiveKind,
    pub(crate) format: OutputFormat,
    #[serde(skip)]
    pub(crate) files: FileRules,
    #[serde(skip)]
    pub(crate) compression: Compression,
    #[serde(skip)]
    pub(crate) levels: Levels,
}

impl Packaging {
    /// Merges flags and tables. `directory` is the working directory, which paths of the command line are relative to.
    pub(crate) fn new(flags: &PackagingFlags, directory: &Path, config: &FunctionConfig) -> Result<Self> {
        let mut files = FileRules::default();
        let (mut kind, mut symlinks, mut compression) = (None, None, None);
        let mut default_excludes = None;
        let mut levels = Levels::default();
        for table in config.layers() {
            files.includes.extend(table.include.iter().flatten().cloned());
            files.excludes.extend(table.exclude.iter().cloned());
            files.modes.extend(table.mode.iter().cloned());
            levels.extend(table.checks.clone());
            kind = table.kind.or(kind);
            symlinks = table.symlinks.or(symlinks);
            compression = table.compression.or(compression);
            default_excludes = table.default_excludes.or(default_excludes);
        }
        files.includes.extend(flags.include.iter().map(|text| Include::typed(text, directory)));
        for glob in &flags.exclude_path {
            files.excludes.push(Exclude::new(&with_slashes(glob), directory)?);
        }
        files.modes_by_flag.clone_from(&flags.mode);
        files.symlinks = flags.symlinks.or(symlinks).unwrap_or(Symlinks::Preserve);
        files.no_default_excludes = flags.no_default_excludes || default_excludes == Some(false);
        levels.extend(flags.levels.levels()?);
        Ok(Self {
            kind: flags.kind().or(kind).unwrap_or(ArchiveKind::Function),
            format: config.output_format().unwrap_or_default(),
            files,
            compression: flags.compression.or(compression).unwrap_or_default(),
            levels,
        })
    }
}
