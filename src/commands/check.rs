//! `check`: checks existing zips, made by any tool, against the rules.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Result;
use time::OffsetDateTime;

use crate::cli::{CheckArguments, CheckFormat, parse_rule};
use crate::report::{self, CheckOutcome, CheckReport, CheckedContents, CheckedZip, Fit};
use crate::session::Session;
use crate::shell::Shell;
use lambda_zip_check::{Expectation, ReadError, ZipView};
use lambda_zip_error::fs::temporary_directory_hint;
use lambda_zip_error::{ErrorKind, Failure};

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &CheckArguments, session: &Session) -> Result<u8> {
    if let Some(id) = &arguments.explain {
        let rule = parse_rule(id)?;
        return print_data(arguments, || report::print_rule(rule), || report::print_rule_json(rule));
    }
    if arguments.list {
        return print_data(arguments, report::print_rules, report::print_rules_json);
    }
    let shell = &session.shell;
    let directory = env::current_dir().unwrap_or_default();
    let inputs = arguments.zips.iter().chain(&arguments.layer).map(|path| directory.join(path)).collect::<Vec<_>>();
    let inputs = inputs.iter().map(PathBuf::as_path);
    let page = report::report_page_path(arguments.report_html.as_deref(), &directory, inputs)?;
    let (report, contents) = check_zips(arguments, shell)?;
    match arguments.message_format {
        CheckFormat::Human => report.print_lines()?,
        CheckFormat::Json => report.print_json()?,
        CheckFormat::Github => report.print_annotations()?,
    }
    if let Some(page) = &page {
        report::write_checked_page(page, &report, &contents, &directory, shell)?;
    }
    Ok(exit_code(&report))
}

/// A zip that could not be checked is worse than one that breaks a rule.
fn exit_code(report: &CheckReport<'_>) -> u8 {
    if !report.is_complete() {
        ErrorKind::Archive.exit_code()
    } else if report.is_broken() {
        ErrorKind::Rule.exit_code()
    } else {
        0
    }
}

fn print_data(
    arguments: &CheckArguments,
    print_text: impl FnOnce() -> Result<()>,
    print_json: impl FnOnce() -> Result<()>,
) -> Result<u8> {
    match arguments.message_format {
        CheckFormat::Human => print_text()?,
        CheckFormat::Json => print_json()?,
        CheckFormat::Github => {
            let failure = Failure::new(ErrorKind::Usage, "`--message-format github` needs a zip to check");
            return Err(failure.hint("use `--message-format json`, or leave it out").into());
        }
    }
    Ok(0)
}

/// Checks each zip. The second list has the contents of each zip, for the HTML page; without `--report-html`, and for zips
/// that cannot be read, its elements are `None`.
fn check_zips<'a>(
    arguments: &'a CheckArguments,
    shell: &Shell,
) -> Result<(CheckReport<'a>, Vec<Option<CheckedContents>>)> {
    let levels = arguments.levels.levels()?;
    // All paths are checked first: a typo in the last one must not cost the time that the others take.
    arguments.zips.iter().chain(&arguments.layer).try_for_each(|path| require_file(path))?;
    let layers: Vec<_> = arguments.layer.iter().map(|path| read(path)).collect::<Result<_>>()?;
    let expectation = Expectation {
        kind: arguments.kind,
        arch: arguments.arch,
        runtime: arguments.runtime,
        today: OffsetDateTime::now_utc().date(),
        levels,
    };
    let check = |path: &'a Path| {
        shell.status("Checking", path.display());
        let checked = read(path).and_then(|view| {
            let outcome = check_view(&view, &layers, &expectation);
            let contents = arguments.report_html.is_some().then(|| CheckedContents::new(path, view)).transpose()?;
            Ok((outcome, contents))
        });
        let (outcome, contents) = checked.unwrap_or_else(|failure| {
            shell.error(&failure);
            (CheckOutcome::Unreadable { error: format!("{failure:#}") }, None)
        });
        // In a GitHub workflow the annotations show the same text in the log.
        if let CheckOutcome::Checked { findings, .. } = &outcome
            && arguments.message_format != CheckFormat::Github
        {
            report::print_findings(findings, shell);
        }
        (CheckedZip { path, outcome }, contents)
    };
    let (zips, contents) = arguments.zips.iter().map(|path| check(path)).unzip();
    Ok((CheckReport::new(expectation.kind, expectation.arch, expectation.runtime, zips), contents))
}

/// Checks one zip. Unless both were named, it also finds the runtimes and architectures that the zip fits.
fn check_view(view: &ZipView, layers: &[ZipView], expectation: &Expectation) -> CheckOutcome {
    let findings = lambda_zip_check::check_view(view, layers, expectation);
    let is_open = expectation.arch.is_none() || expectation.runtime.is_none();
    let fits = is_open.then(|| {
        let fitting = lambda_zip_check::fitting(view, layers, expectation);
        fitting.into_iter().map(|(runtime, arch)| Fit { runtime, arch }).collect()
    });
    CheckOutcome::Checked {
        broken: lambda_zip_check::has_errors(&findings),
        size: view.size(),
        uncompressed_size: view.unpacked_size(),
        fits,
        findings,
    }
}

/// Refuses a path that is not a regular file.
fn require_file(path: &Path) -> Result<()> {
    let problem = match path.metadata() {
        Ok(metadata) if metadata.is_file() => return Ok(()),
        Ok(metadata) if metadata.is_dir() => "is a directory, not a zip",
        Ok(_) => "is not a regular file",
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "does not exist",
        // Reading the file reports what is wrong.
        Err(_) => return Ok(()),
    };
    Err(Failure::new(ErrorKind::Usage, format!("`{}` {problem}", path.display())).into())
}

fn read(path: &Path) -> Result<ZipView> {
    ZipView::read(path).map_err(|error| {
        let failure = Failure::new(ErrorKind::Archive, format!("cannot check `{}`", path.display()));
        let failure = match &error {
            ReadError::TemporaryFile(_) => failure.hint(temporary_directory_hint()),
            _ => failure,
        };
        anyhow::Error::from(error).context(failure)
    })
}
