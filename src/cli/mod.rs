//! The command line: what was typed, as types. Nothing here decides anything; `plan` does.

mod build;
mod cargo_flags;
mod check;
mod doctor;
mod extras;
mod help;
mod invoke;
mod levels;
mod pack;
mod packaging;
mod terminal;

use std::ffi::OsString;

use anstyle::{AnsiColor, Effects, Style};
use clap::builder::Styles;
use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub(crate) use build::{BuildArguments, LinkerChoice};
pub(crate) use cargo_flags::CargoFlags;
pub(crate) use check::{CheckArguments, CheckFormat};
pub(crate) use doctor::DoctorArguments;
pub(crate) use extras::{CompletionsArguments, ManArguments};
pub(crate) use invoke::{FUNCTION_NAME_LIMIT, FunctionFlags, InvokeArguments, IsolationChoice};
pub(crate) use levels::LevelFlags;
pub(crate) use pack::PackArguments;
pub(crate) use packaging::PackagingFlags;
pub(crate) use terminal::{ColorWhen, TerminalFlags};

/// The colours of cargo's own help.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default())
    .error(AnsiColor::BrightRed.on_default().effects(Effects::BOLD))
    .valid(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD))
    .invalid(Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::BrightYellow))).effects(Effects::BOLD));

/// The headings in the help that several commands have.
const LAMBDA_OPTIONS: &str = "Lambda Options";
const OUTPUT_OPTIONS: &str = "Output Options";

/// The name under which cargo starts the program, and which it passes as the first argument.
const SUBCOMMAND: &str = "lambda-zip";

/// The name of the program's file.
pub(crate) const PROGRAM: &str = "cargo-lambda-zip";

/// How people start it.
pub(crate) const TYPED: &str = "cargo lambda-zip";

/// Cargo, as far as this program is concerned: it makes help and usage read `cargo lambda-zip …`.
#[derive(Debug, Parser)]
#[command(name = "cargo", bin_name = "cargo", styles = STYLES, disable_help_subcommand = true)]
struct Cargo {
    #[command(subcommand)]
    subcommand: CargoSubcommand,
}

#[derive(Debug, Subcommand)]
enum CargoSubcommand {
    #[command(name = SUBCOMMAND)]
    LambdaZip(Arguments),
}

/// Build a Rust package for AWS Lambda and package each binary as a deployment zip
///
/// Compiles the selected binaries for Lambda's Linux, writes each one as `bootstrap` into a zip of its own, holds the zip
/// against the rules of the runtime, and prints its path.
#[derive(Debug, Args)]
#[command(version, after_help = help::SHORT_HELP_ENDS)]
#[command(after_long_help = EXAMPLES, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) build: BuildArguments,
}

/// What the program does other than its main command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Package an executable from any compiler, with further files
    ///
    /// The executable becomes `bootstrap`, mode 0755, whatever the machine that packs it; further files and folders keep
    /// their relative names. The zip is held against the rules of the runtime before it gets its final name.
    #[command(after_long_help = PACK_EXAMPLES)]
    Pack(PackArguments),
    Check(CheckArguments),
    Invoke(Box<InvokeArguments>),
    /// Show what this machine can build, with which linker, and the command for what is missing
    Doctor(DoctorArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
}

const PACK_EXAMPLES: &str = "\
Examples:
  cargo lambda-zip pack main                            main.zip with `bootstrap` in it
  cargo lambda-zip pack -o api.zip main conf templates  with two folders beside it
  cargo lambda-zip pack main --include ../certs=certs   with a folder from elsewhere
  cargo lambda-zip pack --arch arm64 --list main        only look";

const EXAMPLES: &str = "\
Examples:
  cargo lambda-zip --arch arm64                   one zip for each binary, static, for Graviton
  cargo lambda-zip -p api --arch x86_64,arm64     one package, both architectures, one build
  cargo lambda-zip --libc gnu -o out/             linked with the runtime's glibc, zips under out/
  cargo lambda-zip --message-format json          sizes, code_sha256 and paths for a pipeline

To set up once:
  cargo lambda-zip completions --help             let your shell complete the command line
  cargo lambda-zip man --help                     manual pages";

/// How results are printed on stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// The path of each zip, one a line
    #[default]
    Human,
    /// One JSON document that describes each zip
    Json,
}

/// Parses what the operating system passed, whether cargo started the program (`cargo lambda-zip …`, with the
/// subcommand's name as the first argument) or the user did (`cargo-lambda-zip …`, without). `configured` is how cargo's
/// configuration wants help and errors coloured.
pub(crate) fn parse(
    args: impl IntoIterator<Item = OsString>,
    configured: Option<ColorWhen>,
) -> Result<Arguments, clap::Error> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_none_or(|first| first != SUBCOMMAND) {
        args.insert(args.len().min(1), SUBCOMMAND.into());
    }
    let matches = command().color(color_of(&args, configured)).try_get_matches_from(args)?;
    let Cargo { subcommand: CargoSubcommand::LambdaZip(arguments) } = Cargo::from_arg_matches(&matches)?;
    Ok(arguments)
}

/// The definition that the parser, the help and the tests share.
pub(crate) fn command() -> clap::Command {
    Cargo::command().mut_subcommand(SUBCOMMAND, help::fit_a_screen)
}

/// The program's part of the definition, under the name of its file.
pub(crate) fn program() -> clap::Command {
    let program = command().find_subcommand(SUBCOMMAND).cloned();
    program.expect("it is a part of the definition").name(PROGRAM)
}

/// `--color` also has to hold for the messages about a command line that cannot be parsed.
fn color_of(args: &[OsString], configured: Option<ColorWhen>) -> ColorChoice {
    let typed = args.iter().enumerate().find_map(|(index, arg)| match arg.to_str()? {
        "--color" => args.get(index + 1)?.to_str(),
        arg => arg.strip_prefix("--color="),
    });
    match typed.and_then(ColorWhen::of_name).or(configured) {
        Some(ColorWhen::Always) => ColorChoice::Always,
        Some(ColorWhen::Never) => ColorChoice::Never,
        Some(ColorWhen::Auto) | None => ColorChoice::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &[&str]) -> Result<Arguments, clap::Error> {
        parse(words.iter().map(OsString::from), None)
    }

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn cargo_and_the_user_start_it_alike() {
        for words in [&["cargo-lambda-zip", "lambda-zip", "--bin", "a"][..], &["cargo-lambda-zip", "--bin", "a"]] {
            assert_eq!(parse_words(words).unwrap().build.cargo.bin, ["a"]);
        }
    }

    #[test]
    fn contradictions_are_refused() {
        for flags in [
            &["--release", "--profile", "dev"][..],
            &["--quiet", "--verbose"],
            &["--exclude", "a"],
            &["--workspace", "--package", "a"],
            &["--bins", "--bin", "a"],
            &["--examples", "--example", "a"],
            &["--target", "x86_64-unknown-linux-musl", "--arch", "arm64"],
            &["--target", "x86_64-unknown-linux-musl", "--libc", "gnu"],
        ] {
            let words = [&["cargo-lambda-zip"], flags].concat();
            assert_eq!(parse_words(&words).unwrap_err().exit_code(), 2, "{flags:?}");
        }
    }
}
