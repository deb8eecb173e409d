//! The `check` command: each zip against the rules, whoever made it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Result;
use time::OffsetDateTime;

use crate::cli::{CheckArguments, CheckFormat, parse_rule};
use crate::report::{self, CheckOutcome, CheckReport, CheckedZip, Fit, HtmlPage, ZipContents, code_sha256};
use crate::shell::Shell;
use lambda_zip_check::{Expectation, ZipView};
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &CheckArguments, shell: &Shell) -> Result<u8> {
    if let Some(id) = &arguments.explain {
        let rule = parse_rule(id)?;
        return print_data(arguments, || report::print_rule(rule), || report::print_rule_json(rule));
    }
    if arguments.list {
        return print_data(arguments, report::print_rules, report::print_rules_json);
    }
    let folder = env::current_dir().unwrap_or_default();
    let inputs = arguments.zips.iter().chain(&arguments.layer).map(|path| folder.join(path)).collect::<Vec<_>>();
    let page = HtmlPage::asked_for(arguments.report_html.as_deref(), &folder, inputs.iter().map(PathBuf::as_path))?;
    let (report, contents) = check_zips(arguments, shell)?;
    match arguments.message_format {
        CheckFormat::Human => report.print_lines()?,
        CheckFormat::Json => report.print_json()?,
        CheckFormat::Github => report.print_annotations()?,
    }
    page.publish_checked(&report, contents, shell)?;
    // That a zip could not be judged weighs more than the judgement of another.
    Ok(if !report.is_complete() {
        ErrorKind::Archive.exit_code()
    } else if report.is_broken() {
        ErrorKind::Rule.exit_code()
    } else {
        0
    })
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
            let failure = Failure::new(ErrorKind::Usage, "there is nothing to annotate without a zip");
            return Err(failure.hint("use `--message-format json`, or leave it out").into());
        }
    }
    Ok(0)
}

/// Checks each zip. With a report to write, what is in each is kept for it.
fn check_zips<'a>(arguments: &'a CheckArguments, shell: &Shell) -> Result<(CheckReport<'a>, Vec<Option<ZipContents>>)> {
    let levels = arguments.levels.levels()?;
    // A slip in one path is told before time goes into the others.
    arguments.zips.iter().chain(&arguments.layer).try_for_each(|path| must_be_a_file(path))?;
    let layers: Vec<_> = arguments.layer.iter().map(|path| read(path)).collect::<Result<_>>()?;
    let expectation = Expectation {
        kind: arguments.kind,
        arch: arguments.arch,
        runtime: arguments.runtime,
        today: OffsetDateTime::now_utc().date(),
        levels,
    };
    let keep = |path: &Path, view: &ZipView| {
        let contents = || code_sha256(path).map(|sha256| ZipContents::of(view, sha256));
        arguments.report_html.is_some().then(contents).transpose()
    };
    let check = |path: &'a Path| {
        shell.status("Checking", path.display());
        let read = read(path).and_then(|view| Ok((keep(path, &view)?, view)));
        let (contents, outcome) = match read {
            Ok((contents, view)) => (contents, judge(&view, &layers, &expectation)),
            Err(failure) => {
                shell.error(&failure);
                (None, CheckOutcome::Unreadable { error: format!("{failure:#}") })
            }
        };
        // Annotations repeat what they say in the workflow's log.
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

fn judge(view: &ZipView, layers: &[ZipView], expectation: &Expectation) -> CheckOutcome {
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

fn must_be_a_file(path: &Path) -> Result<()> {
    let what = match path.metadata() {
        Ok(metadata) if metadata.is_file() => return Ok(()),
        Ok(metadata) if metadata.is_dir() => "a folder, not a zip",
        Ok(_) => "not a file that can be read twice",
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "not there",
        // Reading it will tell.
        Err(_) => return Ok(()),
    };
    Err(Failure::new(ErrorKind::Usage, format!("`{}` is {what}", path.display())).into())
}

fn read(path: &Path) -> Result<ZipView> {
    ZipView::read(path).or_fail(ErrorKind::Archive, || format!("`{}` cannot be checked", path.display()))
}
