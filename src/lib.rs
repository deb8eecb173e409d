//! Turns a Rust package, or any Linux executable, into an AWS Lambda deployment zip that boots.
//!
//! [`run`] is the whole program: arguments in, exit code out. Code that needs neither cargo nor a terminal is in crates
//! of its own: `lambda_platform`, `deployment_zip`, `lambda_zip_check` and `lambda_local`.

mod cache;
mod cargo;
mod cli;
mod commands;
mod context;
mod interrupt;
mod linker;
mod manifest;
mod plan;
mod platform;
mod publish;
mod reexec;
mod report;
mod session;
mod shell;
mod suggest;
mod watch;

use std::env;
use std::ffi::OsString;

use anyhow::Result;

use cargo::TerminalSettings;
use cargo::config::ConfigFiles;
use cli::{Arguments, Command};
use session::Session;

/// Runs the program with these arguments and returns its exit code.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let args: Vec<_> = args.into_iter().collect();
    if let Some(exit_code) = reexec::try_reexec(&args) {
        return exit_code;
    }
    // A command that needs the working directory reports that it is gone.
    let directory = env::current_dir().unwrap_or_default();
    let cargo_config = ConfigFiles::load(&directory);
    let settings = cargo_config.as_ref().map(TerminalSettings::of).unwrap_or_default();
    let arguments = match cli::parse(args, settings.color) {
        Ok(arguments) => arguments,
        Err(help_or_error) => return report::print_help_or_error(&help_or_error),
    };
    let session = Session::new(&arguments, &settings, directory, cargo_config);
    dispatch(&arguments, &session).unwrap_or_else(|failure| {
        session.shell.error(&failure);
        lambda_zip_error::exit_code(&failure)
    })
}

/// Runs the command that was typed and returns its exit code.
fn dispatch(arguments: &Arguments, session: &Session) -> Result<u8> {
    match &arguments.command {
        None => commands::build(&arguments.build, session),
        Some(Command::Pack(pack)) => commands::pack(pack, session),
        Some(Command::Check(check)) => commands::check(check, session),
        Some(Command::Invoke(invoke)) => commands::invoke(invoke, session),
        Some(Command::Doctor(doctor)) => commands::doctor(doctor, session),
        Some(Command::Completions(completions)) => commands::completions(completions, session),
        Some(Command::Man(man)) => commands::man(man, session),
    }
}
