//! What goes onto the page from a run: of zips that were made, and of zips that were checked.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::contents::ZipContents;
use super::{Verdict, ZipPage, destination, document};
use crate::report::findings::{CheckOutcome, CheckReport, in_words};
use crate::report::{ArchiveReport, Subject};
use crate::shell::Shell;
use deployment_zip::with_slashes;
use lambda_zip_check::ZipView;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, ResultExt};

/// The page that `--report-html` asks for, or none.
#[derive(Debug)]
pub(crate) struct HtmlPage<'a> {
    path: Option<PathBuf>,
    /// The working directory: paths on the page are told from there.
    folder: &'a Path,
}

impl<'a> HtmlPage<'a> {
    /// Finds its place, before anything is done. `taken` are files of the run that it must not replace.
    pub(crate) fn asked_for<'t>(
        typed: Option<&Path>,
        folder: &'a Path,
        taken: impl IntoIterator<Item = &'t Path>,
    ) -> Result<Self> {
        let path = typed.map(|typed| destination(typed, folder, taken)).transpose()?;
        Ok(Self { path, folder })
    }

    /// Where it goes, absolute.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.path.clone()
    }

    /// Writes the page about zips that were made.
    pub(crate) fn publish(&self, archives: &[ArchiveReport], shell: &Shell) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let pages = archives.iter().map(|archive| self.made(archive)).collect::<Result<Vec<_>>>();
        self.finish(path, &pages.or_fail(ErrorKind::Archive, || failed(path))?, shell)
    }

    /// Writes the page about zips that were checked; `contents` has what is in each that could be read.
    pub(crate) fn publish_checked(
        &self,
        report: &CheckReport<'_>,
        contents: Vec<Option<ZipContents>>,
        shell: &Shell,
    ) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let zips = report.zips.iter().zip(contents);
        let pages: Vec<_> =
            zips.map(|(zip, contents)| checked(report, zip.path, &zip.outcome, contents, self.folder)).collect();
        self.finish(path, &pages, shell)
    }

    fn finish(&self, path: &Path, pages: &[ZipPage], shell: &Shell) -> Result<()> {
        let page = document::render(pages);
        fs::replace(path, |file| Ok(file.write_all(page.as_bytes())?)).or_fail(ErrorKind::Archive, || failed(path))?;
        shell.status("Report", self.shown(path));
        Ok(())
    }

    fn made(&self, report: &ArchiveReport) -> Result<ZipPage> {
        let archive = &report.archive;
        let contents = match &report.refused {
            Some(contents) => contents.clone(),
            None => ZipContents::of(&ZipView::read(&archive.path)?, archive.code_sha256()),
        };
        Ok(ZipPage {
            title: report.subject.function.clone(),
            path: self.shown(&archive.path),
            verdict: if report.published { Verdict::Published } else { Verdict::Refused },
            facts: facts(&report.subject),
            findings: report.findings.clone(),
            contents: Some(contents),
        })
    }

    fn shown(&self, path: &Path) -> String {
        shown(path, self.folder)
    }
}

fn failed(path: &Path) -> String {
    format!("failed to write the page `{}`", path.display())
}

/// A path without the part that only this machine has, where it lies below the working directory.
fn shown(path: &Path, folder: &Path) -> String {
    with_slashes(&path.strip_prefix(folder).unwrap_or(path).display().to_string())
}

fn facts(subject: &Subject) -> Vec<(&'static str, String)> {
    let package = subject.package.as_ref().map(|package| match &subject.version {
        Some(version) => format!("{package} {version}"),
        None => package.clone(),
    });
    let facts = [
        ("Package", package),
        ("Uploaded as", Some(subject.kind.to_string())),
        ("Architecture", subject.arch.map(|arch| arch.to_string())),
        ("Runtime", subject.runtime.map(|runtime| runtime.to_string())),
        ("Target", subject.target.clone()),
        ("Linked by", subject.linker.as_ref().map(ToString::to_string)),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn checked(
    report: &CheckReport<'_>,
    path: &Path,
    outcome: &CheckOutcome,
    contents: Option<ZipContents>,
    folder: &Path,
) -> ZipPage {
    let mut facts = vec![("Uploaded as", report.kind.to_string())];
    facts.extend(report.arch.map(|arch| ("Architecture", arch.to_string())));
    facts.extend(report.runtime.map(|runtime| ("Runtime", runtime.to_string())));
    let (verdict, findings) = match outcome {
        CheckOutcome::Checked { broken, findings, fits, .. } => {
            facts.extend(
                fits.as_deref()
                    .map(|fits| ("Fits", if fits.is_empty() { "no runtime".to_owned() } else { in_words(fits) })),
            );
            (if *broken { Verdict::Broken } else { Verdict::Good }, findings.clone())
        }
        CheckOutcome::Unreadable { error } => (Verdict::Unreadable(error.clone()), Vec::new()),
    };
    ZipPage { title: title(path), path: shown(path, folder), verdict, facts, findings, contents }
}

/// The name of the file; what everybody calls `bootstrap.zip` is known by its folder.
fn title(zip: &Path) -> String {
    let last = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = last(zip).unwrap_or_else(|| zip.display().to_string());
    match zip.parent().and_then(last) {
        Some(folder) if name == "bootstrap.zip" => format!("{folder}/{name}"),
        _ => name,
    }
}
