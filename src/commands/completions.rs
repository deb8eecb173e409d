//! `completions`: a script that lets a shell complete the command line, from the definition that parses it.

use anyhow::{Context, Result};
use clap::Command;
use clap::builder::PossibleValuesParser;
use clap_complete::{Shell, generate};

use crate::cli::{self, CompletionsArguments};
use crate::report::print_text;
use lambda_platform::Arch;
use lambda_platform::runtimes::RUNTIMES;
use lambda_zip_check::Rule;

/// Cargo's completions for fish hand nothing on to its subcommands, so those of `cargo lambda-zip` are asked for here.
const FISH_SUBCOMMAND: &str = include_str!("completions/subcommand.fish");

/// Prints the script and returns the exit code.
pub(crate) fn run(arguments: &CompletionsArguments) -> Result<u8> {
    print_text(&script(arguments.shell)?)?;
    Ok(0)
}

fn script(shell: Shell) -> Result<String> {
    let mut script = Vec::new();
    // Cargo's own completions for bash and zsh look for those of a subcommand under the name of its program.
    generate(shell, &mut definition(), cli::PROGRAM, &mut script);
    let script = String::from_utf8(script).context("the completions are not UTF-8")?;
    Ok(match shell {
        Shell::Bash => mended_for_bash(&script),
        Shell::Fish => mended_for_fish(&script) + FISH_SUBCOMMAND,
        _ => script,
    })
}

/// `clap_complete` 4.6.11 spells a hyphen in the program's name in two ways, so that commands never find their flags.
fn mended_for_bash(script: &str) -> String {
    script.replace("cargo__subcmd__lambda__subcmd__zip", "cargo__lambda__zip")
}

/// `clap_complete` 4.6.11 takes a flag that still waits for its value for a mistake, and offers no values.
fn mended_for_fish(script: &str) -> String {
    let parse = "argparse -s (__fish_cargo_lambda_zip_global_optspecs) -- $cmd";
    let given_up = format!("    {parse} 2>/dev/null\n    or return\n");
    let tried_again = format!("    {parse} 2>/dev/null\n    or {parse} '' 2>/dev/null\n    or return\n");
    script.replace(&given_up, &tried_again)
}

/// The command line with the words that the parser's own types know, and do not list.
fn definition() -> Command {
    let program = cli::program();
    // What follows `--` is cargo's. Shells would offer it in the place of the commands.
    let flags = program.get_arguments().filter(|arg| !arg.is_positional()).cloned();
    with_values(Command::new(cli::PROGRAM).args(flags).subcommands(program.get_subcommands().cloned()))
}

fn with_values(command: Command) -> Command {
    let command = command.mut_args(|arg| match words(arg.get_id().as_str()) {
        Some(words) => arg.value_parser(PossibleValuesParser::new(words)),
        None => arg,
    });
    command.mut_subcommands(with_values)
}

/// The values of an argument.
fn words(id: &str) -> Option<Vec<&'static str>> {
    Some(match id {
        "arch" => Arch::ALL.map(Arch::aws_name).to_vec(),
        "libc" => vec!["musl", "gnu"],
        "runtime" => RUNTIMES.iter().map(|facts| facts.id).collect(),
        "kind" => vec!["function", "extension", "internal-extension", "layer"],
        "symlinks" => vec!["preserve", "follow", "reject"],
        "compression" => vec!["fast", "default", "best", "store"],
        "deny" | "warn" | "allow" | "explain" => Rule::all().map(Rule::id).collect(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use deployment_zip::{Compression, Symlinks};
    use lambda_platform::{Libc, Runtime};
    use lambda_zip_check::ArchiveKind;

    #[test]
    fn the_offered_words_are_understood() {
        let words = |id| words(id).unwrap().into_iter();
        assert!(words("arch").all(|word| word.parse::<Arch>().is_ok()));
        assert!(words("libc").all(|word| word.parse::<Libc>().is_ok()));
        assert!(words("runtime").all(|word| word.parse::<Runtime>().is_ok()));
        assert!(words("kind").all(|word| word.parse::<ArchiveKind>().is_ok()));
        assert!(words("symlinks").all(|word| word.parse::<Symlinks>().is_ok()));
        assert!(words("compression").all(|word| word.parse::<Compression>().is_ok()));
        assert!(words("explain").all(|word| word.parse::<Rule>().is_ok()));
    }

    #[test]
    fn there_is_a_script_for_each_shell() {
        for (shell, line) in [
            (Shell::Bash, "complete -F _cargo__lambda__zip"),
            (Shell::Zsh, "#compdef cargo-lambda-zip"),
            (Shell::Fish, "complete -c cargo -n"),
            (Shell::PowerShell, "Register-ArgumentCompleter -Native -CommandName 'cargo-lambda-zip'"),
            (Shell::Elvish, "set edit:completion:arg-completer[cargo-lambda-zip]"),
        ] {
            let script = script(shell).unwrap();
            for text in [line, "message-format", "internal-extension", "provided.al2023", "doctor"] {
                assert!(
                    script.contains(text) || shell == Shell::PowerShell || shell == Shell::Elvish,
                    "{shell}: {text}"
                );
            }
            assert!(script.contains(line) && script.contains("message-format"), "{shell}");
        }
    }
}
