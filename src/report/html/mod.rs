//! `--report-html`: one page about the zips of a run, to be looked at and handed on.
//!
//! The page is one file and asks for nothing else, neither from the network nor from the disk. Whatever is in it about a
//! zip comes from the zip, and so is escaped wherever it stands. The same zips give the same bytes.

mod contents;
mod document;
mod executable;
mod map;
mod page;
mod squarify;
mod tree;
mod zip_page;

use std::path::{Path, PathBuf};

use anyhow::Result;

use lambda_zip_check::Finding;
use lambda_zip_error::{ErrorKind, Failure};

pub(crate) use contents::{ZipContents, code_sha256};
pub(crate) use page::HtmlPage;

/// What a page shows of one zip.
#[derive(Debug)]
struct ZipPage {
    /// The function, or the name of the file.
    title: String,
    /// Where the zip is, as a person would name it.
    path: String,
    /// What became of it.
    verdict: Verdict,
    /// What is known of it that is not in it, each fact under its name.
    facts: Vec<(&'static str, String)>,
    findings: Vec<Finding>,
    contents: Option<ZipContents>,
}

/// What became of a zip.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// It was made, breaks no rule and lies at its path.
    Published,
    /// It was made, breaks a rule and was thrown away.
    Refused,
    /// It was there and breaks no rule.
    Good,
    /// It was there and breaks a rule.
    Broken,
    /// It could not be read, with the causes.
    Unreadable(String),
}

/// Where the page goes. `taken` are files of the run that it must not replace.
fn destination<'a>(typed: &Path, folder: &Path, taken: impl IntoIterator<Item = &'a Path>) -> Result<PathBuf> {
    let path: PathBuf = folder.join(typed).components().collect();
    let refused = |why: &str| {
        let failure = Failure::new(ErrorKind::Usage, format!("`--report-html {}` {why}", typed.display()));
        Err(failure.hint("name a file for the page, such as `--report-html report.html`").into())
    };
    if path.is_dir() || typed.to_string_lossy().ends_with(std::path::is_separator) {
        return refused("is a folder");
    }
    let is_taken = |other: &Path| match (path.canonicalize(), other.canonicalize()) {
        (Ok(path), Ok(other)) => path == other,
        _ => path == other,
    };
    if taken.into_iter().any(is_taken) {
        return refused("would replace a file that the run reads or makes");
    }
    Ok(path)
}
