//! Words where no word belongs: a subcommand of another tool, a misspelled one, or the name of something to build.

use std::ffi::OsString;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

/// Adds a tip to clap's error about an unexpected word. `typed` are the arguments after the name of the program.
pub(super) fn explain(mut error: Error, typed: &[OsString]) -> Error {
    let command = super::command();
    let program = command.find_subcommand(super::SUBCOMMAND).expect("the definition has this subcommand");
    let commands: Vec<_> = program.get_subcommands().map(Command::get_name).collect();
    let has_command = typed.iter().any(|arg| commands.iter().any(|command| arg == command));
    if error.kind() != ErrorKind::UnknownArgument || has_command {
        return error;
    }
    let word = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) if !word.starts_with('-') => word,
        _ => return error,
    };
    let similar =
        commands.into_iter().find(|command| strsim::damerau_levenshtein(word, command) <= 1 + command.len() / 4);
    let tip = match (similar, other_tools(word)) {
        (Some(command), _) => format!("a similar command exists: `{command}`"),
        (None, Some(tip)) => tip.to_owned(),
        (None, None) if is_zip(word) => {
            format!("check a zip with `cargo lambda-zip check {word}`, or run it with `cargo lambda-zip invoke {word}`")
        }
        (None, None) if Path::new(word).is_file() => {
            format!("package an executable with `cargo lambda-zip pack {word}`")
        }
        (None, None) if Path::new(word).join("Cargo.toml").is_file() => {
            format!("build the package in that directory with `--manifest-path {word}/Cargo.toml`")
        }
        (None, None) => format!("to choose what is built, use `--package {word}` or `--bin {word}`"),
    };
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    error
}

/// What to type in place of a command of cargo or of cargo-lambda.
fn other_tools(word: &str) -> Option<&'static str> {
    Some(match word {
        "build" | "b" | "package" | "zip" => {
            "`cargo lambda-zip` builds and packages without a command: leave out the word"
        }
        "help" => "`cargo lambda-zip --help` shows all flags and commands",
        "new" | "init" => {
            "create a package with `cargo new`, then run `cargo add lambda_runtime serde_json tokio --features tokio/macros`"
        }
        "deploy" => {
            "deploy the zip with `aws lambda update-function-code --zip-file fileb://PATH`, or with SAM, CDK or Terraform"
        }
        "run" | "start" => {
            "build and serve with `cargo lambda-zip --http`, or run a zip with `cargo lambda-zip invoke PATH`"
        }
        "watch" => "build and serve, and again after each change, with `cargo lambda-zip --http --watch`",
        _ => return None,
    })
}

fn is_zip(word: &str) -> bool {
    Path::new(word).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}
