//! Turns a Rust package, or any Linux executable, into an AWS Lambda deployment zip that boots.
//!
//! [`run`] is the program: arguments in, exit code out. The parts that know nothing of cargo or a terminal are crates of
//! their own: `lambda_platform`, `deployment_zip`, `lambda_zip_check`.

mod cache;
mod cargo;
mod cli;
mod commands;
mod context;
mod invoke;
mod linker;
mod manifest;
mod plan;
mod platform;
mod publish;
mod report;
mod shell;
mod suggest;

use std::env;
use std::ffi::OsString;

use cargo::TerminalSettings;
use cli::{Arguments, Command, TerminalFlags};

use lambda_zip_error::ErrorKind;
use linker::zig;
use shell::Shell;

/// Runs the program with these arguments and returns its exit code.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let args: Vec<_> = args.into_iter().collect();
    if let Some(answer) = cargo::sccache::answer(&args) {
        return answer.unwrap_or_else(|failure| {
            Shell::default().error(&failure);
            ErrorKind::Setup.exit_code()
        });
    }
    if let Some(answer) = zig::answer(&args) {
        return match answer.and_then(|text| report::print_text(&text)) {
            Ok(()) => 0,
            Err(failure) => {
                Shell::default().error(&failure);
                ErrorKind::Setup.exit_code()
            }
        };
    }
    if let Some(code) = invoke::answer(&args) {
        return code;
    }
    // The folder may be gone: the command says so, if it needs one.
    let folder = env::current_dir().unwrap_or_default();
    let configured = cargo::config::resolve(&folder);
    let settings = configured.as_ref().map(TerminalSettings::of).unwrap_or_default();
    let Arguments { command, build } = match cli::parse(args, settings.color) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to stdout and is a success. A closed stream is no reason to fail.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(ErrorKind::Usage.exit_code());
        }
    };
    let plain = TerminalFlags::default();
    let (flags, arguments): (_, Option<&[String]>) = match &command {
        Some(Command::Check(check)) => (&check.terminal, None),
        Some(Command::Invoke(invoke)) => (&invoke.terminal, None),
        Some(Command::Pack(pack)) => (&pack.terminal, None),
        Some(Command::Doctor(doctor)) => (&doctor.terminal, Some(&doctor.config)),
        // They print the same whatever is configured.
        Some(Command::Completions(_) | Command::Man(_)) => (&plain, Some(&[])),
        None => (&build.cargo.terminal, Some(&build.cargo.config)),
    };
    let shell = Shell::new(flags, &settings.with_arguments(&folder, arguments.unwrap_or_default()));
    // A command that asks cargo for more than colours fails for this.
    if let (Err(problem), None) = (&configured, arguments) {
        shell.warn(format_args!("{problem:#}"), Some("mend it, or see `cargo build` for what is wrong with it"));
    }
    let outcome = match &command {
        Some(Command::Check(check)) => commands::check(check, &shell),
        Some(Command::Invoke(invoke)) => invoke::invoke(invoke, &shell),
        Some(Command::Pack(pack)) => commands::pack(pack, &shell),
        Some(Command::Doctor(doctor)) => commands::doctor(doctor, configured),
        Some(Command::Completions(completions)) => commands::completions(completions),
        Some(Command::Man(man)) => commands::man(man),
        None => commands::build(&build, configured, &shell),
    };
    outcome.unwrap_or_else(|failure| {
        shell.error(&failure);
        lambda_zip_error::exit_code(&failure)
    })
}
