//! Writes the page, about zips that a run made or about zips that were checked.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::contents::{CheckedContents, ZipContents};
use super::document;
use super::model::{Verdict, ZipPage};
use crate::report::check::{CheckOutcome, CheckReport, CheckedZip, fits_as_text};
use crate::report::{ArchiveReport, ZipDescription};
use crate::shell::Shell;
use deployment_zip::with_slashes;
use lambda_zip_check::ZipView;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, ResultExt};

/// Writes a page about the zips of a run. Paths on the page are relative to `directory`.
pub(crate) fn write_page(path: &Path, archives: &[ArchiveReport], directory: &Path, shell: &Shell) -> Result<()> {
    let published = archives.iter().map(read_published).collect::<Result<Vec<_>>>();
    let published = published.or_fail(ErrorKind::Archive, || failure_message(path))?;
    let digests: Vec<_> = archives.iter().map(|report| report.archive.code_sha256()).collect();
    let zips = archives.iter().zip(&published).zip(&digests);
    let pages: Vec<_> = zips
        .map(|((report, published), digest)| {
            let view = report.refused.as_ref().or(published.as_ref()).expect("a zip is either refused or published");
            archive_page(report, ZipContents::new(view, digest), directory)
        })
        .collect();
    write(path, &pages, directory, shell)
}

/// Writes a page about zips that were checked. `contents` has one element for each zip: `None` if it could not be read.
pub(crate) fn write_checked_page(
    path: &Path,
    report: &CheckReport<'_>,
    contents: &[Option<CheckedContents>],
    directory: &Path,
    shell: &Shell,
) -> Result<()> {
    let zips = report.zips.iter().zip(contents);
    let pages: Vec<_> = zips
        .map(|(zip, contents)| {
            let contents = contents.as_ref().map(|contents| ZipContents::new(&contents.view, &contents.code_sha256));
            checked_page(report, zip, contents, directory)
        })
        .collect();
    write(path, &pages, directory, shell)
}

fn write(path: &Path, pages: &[ZipPage<'_>], directory: &Path, shell: &Shell) -> Result<()> {
    let page = document::render(pages);
    fs::replace(path, |mut file| Ok(file.write_all(page.as_bytes())?))
        .or_fail(ErrorKind::Archive, || failure_message(path))?;
    shell.status("Report", shown_path(path, directory));
    Ok(())
}

fn failure_message(path: &Path) -> String {
    format!("failed to write the page `{}`", path.display())
}

/// Reads a published zip; `None` for a refused one, whose file is gone.
fn read_published(report: &ArchiveReport) -> Result<Option<ZipView>> {
    Ok(report.refused.is_none().then(|| ZipView::read(&report.archive.path)).transpose()?)
}

fn archive_page<'a>(report: &ArchiveReport, contents: ZipContents<'a>, directory: &Path) -> ZipPage<'a> {
    ZipPage {
        title: report.description.function.clone(),
        path: shown_path(&report.archive.path, directory),
        verdict: if report.published { Verdict::Published } else { Verdict::Refused },
        facts: facts(&report.description),
        findings: report.findings.clone(),
        contents: Some(contents),
    }
}

/// A path relative to the working directory if it is below it. Such a path is the same on every machine.
fn shown_path(path: &Path, directory: &Path) -> String {
    with_slashes(&path.strip_prefix(directory).unwrap_or(path).display().to_string())
}

fn facts(description: &ZipDescription) -> Vec<(&'static str, String)> {
    let package = description.package.as_ref().map(|package| match &description.version {
        Some(version) => format!("{package} {version}"),
        None => package.clone(),
    });
    let facts = [
        ("Package", package),
        ("Uploaded as", Some(description.kind.to_string())),
        ("Architecture", description.arch.map(|arch| arch.to_string())),
        ("Runtime", description.runtime.map(|runtime| runtime.to_string())),
        ("Target", description.target.clone()),
        ("Linked by", description.linker.as_ref().map(ToString::to_string)),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn checked_page<'a>(
    report: &CheckReport<'_>,
    zip: &CheckedZip<'_>,
    contents: Option<ZipContents<'a>>,
    directory: &Path,
) -> ZipPage<'a> {
    let mut facts = vec![("Uploaded as", report.kind.to_string())];
    facts.extend(report.arch.map(|arch| ("Architecture", arch.to_string())));
    facts.extend(report.runtime.map(|runtime| ("Runtime", runtime.to_string())));
    let (verdict, findings) = match &zip.outcome {
        CheckOutcome::Checked { broken, findings, fits, .. } => {
            facts.extend(fits.as_deref().map(|fits| ("Fits", fits_as_text(fits))));
            (if *broken { Verdict::Broken } else { Verdict::Good }, findings.clone())
        }
        CheckOutcome::Unreadable { error } => (Verdict::Unreadable(error.clone()), Vec::new()),
    };
    ZipPage { title: title(zip.path), path: shown_path(zip.path, directory), verdict, facts, findings, contents }
}

/// The name of the file. Many zips are called `bootstrap.zip`: their names include the directory.
fn title(zip: &Path) -> String {
    let last = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = last(zip).unwrap_or_else(|| zip.display().to_string());
    match zip.parent().and_then(last) {
        Some(directory) if name == "bootstrap.zip" => format!("{directory}/{name}"),
        _ => name,
    }
}
