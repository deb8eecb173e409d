//! `-h` fits a screen: it shows the flags of every day, `--help` shows all. A flag that is not listed here is for
//! `--help` alone.

use clap::Command;

const OF_EVERY_COMMAND: [&str; 3] = ["verbose", "quiet", "color"];

const OF_BUILD: [&str; 11] = [
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

const OF_PACK: [&str; 13] = [
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

pub(super) const SHORT_HELP_ENDS: &str = "\
Cargo's own options mean what they mean for `cargo build`: -p, --workspace, --bin, --example, -F,
--all-features, --profile, -j, --manifest-path, --locked and the others.

Run `cargo lambda-zip --help` for all options, and examples.";

/// Leaves what is not listed out of `-h`.
pub(super) fn fit_a_screen(command: Command) -> Command {
    shorten(command, &OF_BUILD).mut_subcommand("pack", |pack| shorten(pack, &OF_PACK))
}

fn shorten(command: Command, shown: &[&str]) -> Command {
    command.mut_args(|arg| {
        let id = arg.get_id().as_str();
        let is_shown = shown.contains(&id) || OF_EVERY_COMMAND.contains(&id);
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
        for id in OF_BUILD.iter().chain(&OF_EVERY_COMMAND) {
            assert!(exists(main, id), "{id}");
        }
        for id in OF_PACK {
            assert!(exists(main.find_subcommand("pack").unwrap(), id), "{id}");
        }
    }

    #[test]
    fn short_help_fits_a_screen() {
        for command in ["pack", "check", "invoke", "doctor", ""] {
            let mut main = crate::cli::command().find_subcommand(crate::cli::SUBCOMMAND).unwrap().clone();
            main.build();
            let shown = if command.is_empty() { &mut main } else { main.find_subcommand_mut(command).unwrap() };
            let lines = shown.clone().term_width(100).render_help().to_string().lines().count();
            assert!(lines <= 50, "`{command} -h` has {lines} lines");
        }
    }
}
