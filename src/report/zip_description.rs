//! What is known about a zip besides its contents.

use std::fmt;

use cargo_metadata::semver::Version;
use serde::Serialize;

use crate::cli::OutputFormat;
use crate::linker::Linker;
use crate::plan::PlannedFunction;
use lambda_platform::{Arch, Libc, Runtime};
use lambda_zip_check::ArchiveKind;

/// Describes the zip of a planned function, or of an executable that was built elsewhere, for which less is known. Its
/// `Display` is the text of status lines.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ZipDescription {
    pub(crate) function: String,
    pub(crate) package: Option<String>,
    pub(crate) version: Option<Version>,
    pub(crate) kind: ArchiveKind,
    pub(crate) format: OutputFormat,
    pub(crate) arch: Option<Arch>,
    pub(crate) libc: Option<Libc>,
    pub(crate) runtime: Option<Runtime>,
    pub(crate) target: Option<String>,
    pub(crate) linker: Option<Linker>,
}

impl ZipDescription {
    /// Describes the zip of a planned function.
    pub(crate) fn of(planned: &PlannedFunction) -> Self {
        let PlannedFunction { function, packaging, target, .. } = planned;
        Self {
            function: function.name.clone(),
            package: Some(function.package.clone()),
            version: Some(function.version.clone()),
            kind: packaging.kind,
            format: packaging.format,
            arch: Some(target.target.arch),
            libc: Some(target.target.libc),
            runtime: Some(target.target.runtime),
            target: Some(target.target.triple()),
            linker: Some(target.linker.clone()),
        }
    }
}

impl fmt::Display for ZipDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            self.arch.map(|arch| arch.to_string()),
            self.libc.map(|libc| libc.to_string()),
            self.runtime.map(|runtime| runtime.to_string()),
            (self.kind != ArchiveKind::Function).then(|| self.kind.to_string()),
        ];
        let words: Vec<_> = words.into_iter().flatten().collect();
        f.write_str(&self.function)?;
        if words.is_empty() { Ok(()) } else { write!(f, " ({})", words.join(", ")) }
    }
}
