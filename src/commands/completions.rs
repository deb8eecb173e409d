//! `completions`: a script that completes the command line in a shell, made from the definition that parses it.

use anyhow::{Context, Result};
use clap::Command;
use clap::builder::PossibleValuesParser;
use clap_complete::{Shell, generate};

use crate::cli::{self, CompletionsArguments};
use crate::report::print_text;
use crate::session::Session;
use lambda_platform::Arch;
use lambda_platform::runtimes::RUNTIMES;
use lambda_zip_check::Rule;

/// Completes `cargo lambda-zip` in fish, where cargo's own completions do not support external subcommands.
const FISH_SUBCOMMAND: &str = include_str!("completions/subcommand.fish");

/// Prints the script and returns the exit code.
pub(crate) fn run(arguments: &CompletionsArguments, _: &Session) -> Result<u8> {
    print_text(&script(arguments.shell)?)?;
    Ok(0)
}

fn script(shell: Shell) -> Result<String> {
    let script = generated(shell)?;
    Ok(match shell {
        Shell::Bash => script.replace(BASH_MISSPELLED_NAME, BASH_NAME),
        Shell::Fish => script.replace(FISH_STRICT_PARSE, FISH_TOLERANT_PARSE) + FISH_SUBCOMMAND,
        _ => script,
    })
}

/// The script as `clap_complete` generates it.
fn generated(shell: Shell) -> Result<String> {
    let mut script = Vec::new();
    // The completions of cargo for bash and zsh look up a subcommand by the file name of its program.
    generate(shell, &mut definition(), cli::PROGRAM, &mut script);
    String::from_utf8(script).context("the completions are not UTF-8")
}

// `clap_complete` 4.6.11 has two bugs that are fixed in its output. A test fails as soon as one of the texts is no longer
// generated; then the fix can be deleted.

/// In bash, the hyphen in the program's name is spelled in two ways. As a result, commands do not complete their flags.
const BASH_MISSPELLED_NAME: &str = "cargo__subcmd__lambda__subcmd__zip";
const BASH_NAME: &str = "cargo__lambda__zip";

/// In fish, a command line that ends in a flag without its value counts as an error. As a result, values are not
/// completed. The second attempt adds an empty value.
const FISH_STRICT_PARSE: &str = "    argparse -s (__fish_cargo_lambda_zip_global_optspecs) -- $cmd 2>/dev/null
    or return
";
const FISH_TOLERANT_PARSE: &str = "    argparse -s (__fish_cargo_lambda_zip_global_optspecs) -- $cmd 2>/dev/null
    or argparse -s (__fish_cargo_lambda_zip_global_optspecs) -- $cmd '' 2>/dev/null
    or return
";

/// The definition of the command line, plus the values of arguments whose types do not list them.
fn definition() -> Command {
    let program = cli::program();
    // Without the arguments after `--`, which shells would offer in place of the commands.
    let flags = program.get_arguments().filter(|arg| !arg.is_positional()).cloned();
    with_values(Command::new(cli::PROGRAM).args(flags).subcommands(program.get_subcommands().cloned()))
}

fn with_values(command: Command) -> Command {
    let command = command.mut_args(|arg| match values(arg.get_id().as_str()) {
        Some(values) => arg.value_parser(PossibleValuesParser::new(values)),
        None => arg,
    });
    command.mut_subcommands(with_values)
}

/// The values of the argument with this id.
fn values(id: &str) -> Option<Vec<&'static str>> {
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
    fn every_offered_value_is_accepted() {
        let values = |id| values(id).unwrap().into_iter();
        assert!(values("arch").all(|value| value.parse::<Arch>().is_ok()));
        assert!(values("libc").all(|value| value.parse::<Libc>().is_ok()));
        assert!(values("runtime").all(|value| value.parse::<Runtime>().is_ok()));
        assert!(values("kind").all(|value| value.parse::<ArchiveKind>().is_ok()));
        assert!(values("symlinks").all(|value| value.parse::<Symlinks>().is_ok()));
        assert!(values("compression").all(|value| value.parse::<Compression>().is_ok()));
        assert!(values("explain").all(|value| value.parse::<Rule>().is_ok()));
    }

    #[test]
    fn the_fixes_to_generated_scripts_are_still_needed() {
        for (shell, text) in [(Shell::Bash, BASH_MISSPELLED_NAME), (Shell::Fish, FISH_STRICT_PARSE)] {
            assert!(generated(shell).unwrap().contains(text), "{shell}: delete the fix, or adapt it to the new output");
            assert!(!script(shell).unwrap().contains(text), "{shell}");
        }
    }

    #[test]
    fn every_shell_has_a_script() {
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
