//! `man`: the manual pages, made from the same definition as the help.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Command;
use clap_mangen::Man;

use crate::cli::{self, ManArguments};
use crate::report::{print_paths, print_text};
use crate::session::Session;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, ResultExt};

const MANUAL: &str = "Cargo Lambda Zip Manual";

/// A manual page and the file name by which `man` finds it.
struct ManPage {
    file_name: String,
    text: String,
}

/// Writes all pages to a directory, or prints the main one, and returns the exit code.
pub(crate) fn run(arguments: &ManArguments, _: &Session) -> Result<u8> {
    let pages = pages()?;
    match &arguments.directory {
        None => print_text(&pages[0].text)?,
        Some(directory) => {
            let write = || pages.iter().map(|page| save(directory, page)).collect::<Result<Vec<_>>>();
            let failed = || format!("failed to write the manual pages to `{}`", directory.display());
            print_paths(&write().or_fail(ErrorKind::Archive, failed)?)?;
        }
    }
    Ok(0)
}

fn save(directory: &Path, page: &ManPage) -> Result<std::path::PathBuf> {
    fs::create_dir_all(directory)?;
    let path = directory.join(&page.file_name);
    fs::write(&path, page.text.as_bytes())?;
    Ok(path)
}

/// The page of the main command, followed by the pages of the other commands.
fn pages() -> Result<Vec<ManPage>> {
    let mut program = complete(cli::program()).bin_name(cli::TYPED_COMMAND).display_name(cli::PROGRAM);
    program.build();
    let commands = program.get_subcommands().filter(|command| command.get_name() != "help").cloned();
    let pages = std::iter::once(program.clone()).chain(commands).map(page);
    pages.collect()
}

/// The command including what `-h` hides.
fn complete(command: Command) -> Command {
    command.mut_args(|arg| arg.hide_short_help(false)).mut_subcommands(|command| complete(command).hide(false))
}

fn page(mut command: Command) -> Result<ManPage> {
    let name = command.get_display_name().unwrap_or(cli::PROGRAM).to_owned();
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).lines().map(|line| escaped(line.trim()));
    let usage = usage.collect::<Vec<_>>().join("\n.br\n");
    let is_main = name == cli::PROGRAM;
    let examples = command.get_after_long_help().map(ToString::to_string);
    let version = env!("CARGO_PKG_VERSION");
    let man = Man::new(command).title(&name).source(format!("{} {version}", cli::PROGRAM)).manual(MANUAL);
    let mut text = Vec::new();
    let render = |text: &mut Vec<u8>| -> std::io::Result<()> {
        man.render_title(text)?;
        man.render_name_section(text)?;
        // Shorter than clap's own synopsis, which repeats all flags.
        write!(text, ".SH SYNOPSIS\n{usage}\n")?;
        man.render_description_section(text)?;
        man.render_options_section(text)?;
        if is_main {
            man.render_subcommands_section(text)?;
        }
        for (title, lines) in sections(examples.as_deref().unwrap_or_default()) {
            write!(text, ".SH {title}\n.nf\n{lines}.fi\n")?;
        }
        writeln!(text, ".SH SEE ALSO")?;
        let see =
            if is_main { "\\fBcargo\\fR(1), \\fBcargo\\-build\\fR(1)" } else { "\\fBcargo\\-lambda\\-zip\\fR(1)" };
        writeln!(text, "{see}")
    };
    render(&mut text).context("failed to render a manual page")?;
    Ok(ManPage { file_name: format!("{name}.1"), text: String::from_utf8(text).context("a manual page is not UTF-8")? })
}

/// The sections at the end of a help text: a title that ends in a colon, and the lines below it, as roff.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_suffix(':').filter(|_| !line.starts_with(' ')), sections.last_mut()) {
            (Some(title), _) => sections.push((title.to_uppercase(), String::new())),
            (None, Some((_, lines))) => {
                lines.push_str(&escaped(line));
                lines.push('\n');
            }
            (None, None) => {}
        }
    }
    sections
}

/// Escapes a line for roff, which shortens hyphens and takes a `.` or `'` at the start for a request.
fn escaped(line: &str) -> String {
    let text = line.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_examples() {
        let pages = pages().unwrap();
        let names: Vec<_> = pages.iter().map(|page| page.file_name.as_str()).collect();
        assert_eq!(names[0], "cargo-lambda-zip.1");
        for command in ["pack", "check", "doctor", "completions", "man"] {
            assert!(names.contains(&format!("cargo-lambda-zip-{command}.1").as_str()), "{names:?}");
        }
        assert!(
            pages[0].text.contains(".SH EXAMPLES") && pages[0].text.contains("cargo lambda\\-zip \\-\\-arch arm64")
        );
    }

    #[test]
    fn lines_are_escaped() {
        assert_eq!(escaped(".a \\ -b"), "\\&.a \\e \\-b");
        assert_eq!(
            sections("Examples:\n  a\nMore:\n  b:\n"),
            [("EXAMPLES".to_owned(), "  a\n".to_owned()), ("MORE".to_owned(), "  b:\n".to_owned())]
        );
    }
}
