//! What a page shows about each zip.

use lambda_zip_check::Finding;

use super::contents::ZipContents;

/// The part of a page about one zip.
#[derive(Debug)]
pub(super) struct ZipPage<'a> {
    /// The name of the function, or of the file.
    pub(super) title: String,
    /// The path of the zip, relative to the working directory if it is below it.
    pub(super) path: String,
    pub(super) verdict: Verdict,
    /// What is known about the zip besides its contents, each fact with its name.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) findings: Vec<Finding>,
    /// `None` if the zip could not be read.
    pub(super) contents: Option<ZipContents<'a>>,
}

/// The result for a zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The run made the zip, and it breaks no rule.
    Published,
    /// The run made the zip, and deleted it because it breaks a rule.
    Refused,
    /// An existing zip that breaks no rule.
    Good,
    /// An existing zip that breaks a rule.
    Broken,
    /// An existing zip that could not be read, with the causes.
    Unreadable(String),
}
