//! Makes `-h` fit on one screen: it shows the most common flags, and `--help` shows all. Flags that are not listed here
//! are only shown by `--help`.

use clap::Command;

const COMMON: [&str; 3] = ["verbose", "quiet", "color"];

const BUILD: [&str; 11] = [
    "arch",
    "libc",
    "runtime",
    "linker",
    "output",
    "message_format",
    "report_html",
    "dry_run",
    "include",
    "exclude_path",
    "list",
];

const PACK: [&str; 13] = [
    "executable",
    "paths",
    "output",
    "message_format",
    "report_html",
    "arch",
    "runtime",
    "keep_name",
    "include",
    "exclude_path",
    "mode",
    "layer",
    "list",
];

const INVOKE: [&str; 15] = [
    "zips",
    "event",
    "list_events",
    "cold",
    "serve",
    "http",
    "watch",
    "env",
    "env_file",
    "timeout",
    "memory",
    "layer",
    "function_name",
    "isolation",
    "message_format",
];

pub(super) const SHORT_HELP_ENDS: &str = "\
Cargo's own options work as for `cargo build`: -p, --workspace, --bin, --example, -F,
--all-features, --profile, -j, --manifest-path, --locked and the others.

Run `cargo lambda-zip --help` for all options and examples.";

/// Hides the flags that are not listed from `-h`.
pub(super) fn shorten_short_help(command: Command) -> Command {
    shorten(command, &BUILD)
        .mut_subcommand("pack", |pack| shorten(pack, &PACK))
        .mut_subcommand("invoke", |invoke| shorten(invoke, &INVOKE))
}

fn shorten(command: Command, shown: &[&str]) -> Command {
    command.mut_args(|arg| {
        let id = arg.get_id().as_str();
        let is_shown = shown.contains(&id) || COMMON.contains(&id);
        arg.hide_short_help(!is_shown)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_flag_exists() {
        let command = crate::cli::command();
        let main = command.find_subcommand(crate::cli::SUBCOMMAND).unwrap();
        let exists = |command: &Command, id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
        for id in BUILD.iter().chain(&COMMON) {
            assert!(exists(main, id), "{id}");
        }
        for (name, ids) in [("pack", &PACK[..]), ("invoke", &INVOKE)] {
            for id in ids {
                assert!(exists(main.find_subcommand(name).unwrap(), id), "{id}");
            }
        }
    }

    #[test]
    fn short_help_fits_on_one_screen() {
        for command in ["pack", "check", "invoke", "doctor", ""] {
            let mut main = crate::cli::command().find_subcommand(crate::cli::SUBCOMMAND).unwrap().clone();
            main.build();
            let shown = if command.is_empty() { &mut main } else { main.find_subcommand_mut(command).unwrap() };
            let lines = shown.clone().term_width(100).render_help().to_string().lines().count();
            assert!(lines <= 50, "`{command} -h` has {lines} lines");
        }
    }
}
