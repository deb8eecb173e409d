//! The command line as types. This module only parses; decisions are made in `plan`.

mod build;
mod cargo_flags;
mod check;
mod doctor;
mod extras;
mod function;
mod help;
mod invoke;
mod levels;
mod pack;
mod packaging;
mod run;
mod single_dash;
mod terminal;
mod unknown_word;

use std::ffi::OsString;

use anstyle::{AnsiColor, Effects, Style};
use clap::builder::Styles;
use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub(crate) use build::{BuildArguments, LinkerChoice, OutputFormat};
pub(crate) use cargo_flags::CargoFlags;
pub(crate) use check::{CheckArguments, CheckFormat};
pub(crate) use doctor::DoctorArguments;
pub(crate) use extras::{CompletionsArguments, ManArguments};
pub(crate) use function::FunctionFlags;
pub(crate) use invoke::{FUNCTION_NAME_LIMIT, InvokeArguments, IsolationChoice};
pub(crate) use levels::{LevelFlags, parse_rule};
pub(crate) use pack::PackArguments;
pub(crate) use packaging::PackagingFlags;
pub(crate) use run::RunFlags;
pub(crate) use terminal::{ColorWhen, TerminalFlags};

/// The colours of cargo's help.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default())
    .error(AnsiColor::BrightRed.on_default().effects(Effects::BOLD))
    .valid(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD))
    .invalid(Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::BrightYellow))).effects(Effects::BOLD));

/// Headings in the help of several commands.
const LAMBDA_OPTIONS: &str = "Lambda Options";
const OUTPUT_OPTIONS: &str = "Output Options";

/// The name of the subcommand, which cargo passes as the first argument.
const SUBCOMMAND: &str = "lambda-zip";

/// The file name of the program.
pub(crate) const PROGRAM: &str = "cargo-lambda-zip";

/// The command that users type.
pub(crate) const TYPED_COMMAND: &str = "cargo lambda-zip";

/// Cargo, with this program as its only subcommand, so that help and usage start with `cargo lambda-zip`.
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
/// Compiles the selected binaries for Lambda, packages each one as `bootstrap` in its own zip, checks the zip against the
/// rules of the runtime, and prints its path.
#[derive(Debug, Args)]
#[command(version, after_help = help::SHORT_HELP_ENDS)]
#[command(after_long_help = EXAMPLES, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) build: BuildArguments,
}

impl Arguments {
    /// The flags for verbosity and colours; `None` for a command that has none.
    pub(crate) fn terminal_flags(&self) -> Option<&TerminalFlags> {
        match &self.command {
            None => Some(&self.build.cargo.terminal),
            Some(Command::Pack(pack)) => Some(&pack.terminal),
            Some(Command::Check(check)) => Some(&check.terminal),
            Some(Command::Invoke(invoke)) => Some(&invoke.terminal),
            Some(Command::Doctor(doctor)) => Some(&doctor.terminal),
            Some(Command::Completions(_) | Command::Man(_)) => None,
        }
    }

    /// The `--config` arguments; `None` for a command that does not take them, because it does not need cargo.
    pub(crate) fn cargo_config_arguments(&self) -> Option<&[String]> {
        match &self.command {
            None => Some(&self.build.cargo.config),
            Some(Command::Doctor(doctor)) => Some(&doctor.config),
            Some(_) => None,
        }
    }
}

/// The commands besides the main one.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Package an executable from any compiler, with additional files
    ///
    /// The executable becomes `bootstrap` with mode 0755 on every operating system. Additional files and directories keep
    /// their relative paths. The zip is checked against the rules of the runtime before it gets its final name.
    #[command(after_long_help = PACK_EXAMPLES)]
    Pack(PackArguments),
    Check(CheckArguments),
    Invoke(Box<InvokeArguments>),
    /// Show what this machine can build, with which linkers, and how to install what is missing
    Doctor(DoctorArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
}

const PACK_EXAMPLES: &str = "\
Examples:
  cargo lambda-zip pack main                            main.zip with `bootstrap` in it
  cargo lambda-zip pack -o api.zip main conf templates  with two more directories
  cargo lambda-zip pack main --include ../certs=certs   with a directory from elsewhere
  cargo lambda-zip pack --arch arm64 --list main        list the entries only";

const EXAMPLES: &str = "\
Examples:
  cargo lambda-zip --arch arm64                   one zip for each binary, for Graviton
  cargo lambda-zip -p api --arch x86_64,arm64     one package, both architectures, one build
  cargo lambda-zip --libc musl -o out/            static executables, zips under out/
  cargo lambda-zip --message-format json          sizes, code_sha256 and paths for a pipeline
  cargo lambda-zip --http --watch                 a function URL, rebuilt when a source changes

One-time setup:
  cargo lambda-zip completions --help             completion in your shell
  cargo lambda-zip man --help                     manual pages";

/// The format of results on stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// The path of each zip, one per line
    #[default]
    Human,
    /// One JSON document that describes all zips
    Json,
}

/// Parses the arguments of the process. Cargo passes the name of the subcommand as the first argument; a user who runs
/// `cargo-lambda-zip` directly does not. `configured` is the choice of colours in cargo's configuration.
pub(crate) fn parse(
    args: impl IntoIterator<Item = OsString>,
    configured: Option<ColorWhen>,
) -> Result<Arguments, clap::Error> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_none_or(|first| first != SUBCOMMAND) {
        args.insert(args.len().min(1), SUBCOMMAND.into());
    }
    let command = command().color(color_of(&args, configured));
    let program = command.find_subcommand(SUBCOMMAND).expect("the definition has this subcommand");
    let typed = args.split_off(args.len().min(2));
    let typed = single_dash::resolve(program, typed)?;
    args.extend(typed.iter().cloned());
    let matches = command.try_get_matches_from(args).map_err(|error| unknown_word::explain(error, &typed))?;
    let Cargo { subcommand: CargoSubcommand::LambdaZip(arguments) } = Cargo::from_arg_matches(&matches)?;
    Ok(arguments)
}

/// The definition of the command line, including cargo.
pub(crate) fn command() -> clap::Command {
    Cargo::command().mut_subcommand(SUBCOMMAND, help::shorten_short_help)
}

/// The definition of the command line without cargo, under the file name of the program.
pub(crate) fn program() -> clap::Command {
    let program = command().find_subcommand(SUBCOMMAND).cloned();
    program.expect("the definition has this subcommand").name(PROGRAM)
}

/// Finds `--color` before the command line is parsed, since it also applies to errors in the command line.
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
    fn the_subcommand_name_is_optional() {
        for words in [&["cargo-lambda-zip", "lambda-zip", "--bin", "a"][..], &["cargo-lambda-zip", "--bin", "a"]] {
            assert_eq!(parse_words(words).unwrap().build.cargo.bin, ["a"]);
        }
    }

    #[test]
    fn conflicting_flags_are_refused() {
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
