//! `pack`: one executable, from any compiler, to one zip.

use std::io::{ErrorKind as IoErrorKind, IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;

use crate::cli::{MessageFormat, PackArguments};
use crate::context::working_directory;
use crate::interrupt;
use crate::manifest::FunctionConfig;
use crate::plan::Packaging;
use crate::publish::{PackageJob, STDOUT, modification_time, publish};
use crate::report::{self, ContentsList, Report, ZipDescription, print_lists, print_summary};
use crate::session::Session;
use deployment_zip::{Entry, EntryName, EntrySource, Include, OutputPaths};
use lambda_platform::Arch;
use lambda_zip_check::elf::Elf;
use lambda_zip_check::{ArchiveKind, Levels, Rule};
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &PackArguments, session: &Session) -> Result<u8> {
    let started = Instant::now();
    interrupt::handle();
    let shell = &session.shell;
    let directory = working_directory()?;
    let executable = &directory.join(&arguments.executable);
    refuse_non_file(&arguments.executable, executable)?;
    let name = base_name(&arguments.executable)?;
    let (path, output_directory) = output(arguments, &directory, name);
    let is_for_stdout = path == Path::new(STDOUT);
    if is_for_stdout {
        check_stdout(arguments)?;
    }
    let packaging = packaging(arguments, &directory)?;
    let taken = [path.as_path(), executable];
    let page = report::report_page_path(arguments.report_html.as_deref(), &directory, taken)?;
    let output_paths = OutputPaths::new(std::iter::once(path.clone()).chain(page.clone()), Some(executable))
        .with_directories(output_directory);
    let description = ZipDescription {
        function: Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        package: None,
        version: None,
        kind: packaging.kind,
        format: packaging.format,
        arch: arguments.arch.or_else(|| architecture(executable)),
        libc: None,
        runtime: arguments.runtime,
        target: None,
        linker: None,
    };
    let entries = entries(arguments, &packaging, executable, name)?;
    let modified = modification_time()?;
    let mut levels = Levels::default();
    if arguments.arch.is_some() && packaging.kind != ArchiveKind::Function {
        // A layer may hold programs for several architectures, but `--arch` names one.
        levels.deny(Rule::MixedArchitectures);
    }
    let job = PackageJob {
        description,
        packaging: &packaging,
        entries,
        path,
        output_paths: &output_paths,
        levels,
        modified,
        files_directory: None,
        debug_symbols: false,
    };
    if arguments.packaging.list {
        let collected = job.collect()?;
        job.emit_warnings(&collected, shell);
        let list = ContentsList::new(job.description, job.path, collected.entries.entries(), "")?;
        print_lists(&[list], arguments.message_format)?;
        return Ok(0);
    }
    let archives = publish(&[job], None, shell)?;
    let report = Report { archives, warnings: Vec::new(), build_time: None, total_time: started.elapsed() };
    print_summary(&report.archives, shell);
    if !is_for_stdout {
        report.print(arguments.message_format)?;
    }
    if let Some(page) = &page {
        report::write_page(page, &report.archives, &directory, shell)?;
    }
    Ok(report.exit_code())
}

fn refuse_non_file(typed: &Path, executable: &Path) -> Result<()> {
    let shown = typed.display();
    let metadata = match executable.metadata() {
        Err(error) if matches!(error.kind(), IoErrorKind::NotFound | IoErrorKind::NotADirectory) => {
            let failure = Failure::new(ErrorKind::Usage, format!("the executable `{shown}` does not exist"));
            return Err(failure.hint("build it first, or give its path").into());
        }
        metadata => metadata.or_fail(ErrorKind::Archive, || format!("failed to look at `{shown}`"))?,
    };
    if metadata.is_dir() {
        let failure = Failure::new(ErrorKind::Usage, format!("`{shown}` is a directory, not an executable"));
        return Err(failure.hint("name the executable first, then the directory").into());
    }
    if !metadata.is_file() {
        return Err(Failure::new(ErrorKind::Usage, format!("`{shown}` is not a file")).into());
    }
    Ok(())
}

fn base_name(executable: &Path) -> Result<&str> {
    let name = executable.file_name().and_then(|name| name.to_str());
    let unnamed = || {
        let shown = executable.display();
        Failure::new(ErrorKind::Usage, format!("the name of `{shown}` is not UTF-8")).hint("rename the executable")
    };
    Ok(name.ok_or_else(unnamed)?)
}

/// Refuses what cannot be combined with a zip on stdout.
fn check_stdout(arguments: &PackArguments) -> Result<()> {
    let refused = |what: &str, hint: &str| {
        let message = format!("{what} cannot be combined with a zip on stdout");
        Err(Failure::new(ErrorKind::Usage, message).hint(hint).into())
    };
    if arguments.message_format == MessageFormat::Json && !arguments.packaging.list {
        return refused("`--message-format json`", "write the zip to a file with `--output FILE`");
    }
    if arguments.report_html.is_some() {
        return refused("`--report-html`", "write the zip to a file with `--output FILE`");
    }
    if !arguments.packaging.list && stdout().is_terminal() {
        return refused("a terminal", "redirect stdout to a file or a pipe");
    }
    Ok(())
}

/// The path of the zip: `--output`, else `<name>.zip` in the working directory. `-` and `/dev/stdout` are stdout. If
/// `--output` is a directory, it is returned too.
fn output(arguments: &PackArguments, directory: &Path, name: &str) -> (PathBuf, Option<PathBuf>) {
    let file = format!("{name}.zip");
    let (path, output_directory) = match &arguments.output {
        None => (directory.join(file), None),
        Some(output) if [STDOUT, "/dev/stdout"].iter().any(|stdout| output == Path::new(stdout)) => {
            (STDOUT.into(), None)
        }
        Some(output) => {
            let path = directory.join(output);
            let is_directory = path.is_dir() || output.to_string_lossy().ends_with(std::path::is_separator);
            if is_directory { (path.join(file), Some(path)) } else { (path, None) }
        }
    };
    (path.components().collect(), output_directory)
}

/// The flags, and the paths after the executable.
fn packaging(arguments: &PackArguments, directory: &Path) -> Result<Packaging> {
    let mut flags = arguments.packaging.clone();
    flags.exclude_path.extend(arguments.exclude.iter().cloned());
    let mut packaging = Packaging::new(&flags, directory, &FunctionConfig::default())?;
    let paths = arguments.paths.iter().map(|path| Include {
        origin: format!("`{}`", path.display()),
        base: directory.to_owned(),
        source: path.clone(),
        has_destination: false,
        destination: None,
        mode: None,
    });
    packaging.files.includes.splice(0..0, paths);
    Ok(packaging)
}

/// The architecture of an ELF file. Whether the file is valid is for the check to say.
fn architecture(executable: &Path) -> Option<Arch> {
    Elf::read(fs::open(executable).ok()?).ok()?.arch()
}

fn entries(arguments: &PackArguments, packaging: &Packaging, executable: &Path, name: &str) -> Result<Vec<Entry>> {
    let source = EntrySource::Disk(executable.to_owned());
    let standard = packaging.kind.executable_name(name);
    if !arguments.keep_name || standard == name {
        return Ok(vec![entry(standard, source, 0o755)?]);
    }
    Ok(vec![entry(name.to_owned(), source, 0o755)?, entry(standard, EntrySource::Symlink(name.to_owned()), 0o777)?])
}

fn entry(name: String, source: EntrySource, mode: u32) -> Result<Entry> {
    let name = EntryName::new(name).or_fail(ErrorKind::Usage, || "the executable cannot keep its name".into())?;
    Ok(Entry { name, source, mode: Some(mode) })
}
