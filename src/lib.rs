//! Turns a Rust package, or any Linux executable, into an AWS Lambda deployment zip that boots.
//!
//! [`run`] is the program: arguments in, exit code out. The parts that know nothing of cargo or a terminal are crates of
//! their own: `lambda_platform`, `deployment_zip`, `lambda_zip_check`.

mod answers;
mod build;
mod cargo;
mod cargo_lambda;
mod check_zips;
mod cli;
mod completions;
mod config;
mod debug_symbols;
mod doctor;
mod invoke;
mod job;
mod manual;
mod memory;
mod pack;
mod packaging;
mod plan;
mod platform;
mod preview;
mod publish;
mod report;
mod shell;
mod suggest;
mod toolchain;

use std::env;
use std::ffi::OsString;
use std::time::Instant;

use anyhow::Result;
use cargo_config2::Config;

use answers::Inquiry;
use build::Built;
use cargo::TerminalSettings;
use cli::{Arguments, BuildArguments, Command, TerminalFlags};

use deployment_zip::EntrySource;
use job::Job;
use lambda_zip_error::ErrorKind;
use memory::FileDigests;
use publish::Freshness;
use report::Report;
use shell::Shell;
use toolchain::zig;

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
        Some(Command::Check(check)) => check_zips::run(check, &shell),
        Some(Command::Invoke(invoke)) => invoke::invoke(invoke, &shell),
        Some(Command::Pack(pack)) => pack::pack(pack, &shell),
        Some(Command::Doctor(doctor)) => doctor::doctor(doctor, configured),
        Some(Command::Completions(completions)) => completions::print(completions),
        Some(Command::Man(man)) => manual::write(man),
        None => build_and_package(&build, configured, &shell),
    };
    outcome.unwrap_or_else(|failure| {
        shell.error(&failure);
        lambda_zip_error::exit_code(&failure)
    })
}

/// The main command, where cargo is configured like this. Returns its exit code.
fn build_and_package(arguments: &BuildArguments, configured: Result<Config>, shell: &Shell) -> Result<u8> {
    let started = Instant::now();
    let events = invoke::events_after_build(&arguments.invoke_event)?;
    let inquiry = Inquiry::new(arguments, configured?)?;
    if inquiry.only_looks() {
        return preview::show(&inquiry, shell);
    }
    // A wrong date must not cost a build.
    let modified = publish::modification_time()?;
    let digests = FileDigests::default();
    let Built { draft, executables, records, time } = build::build(&inquiry, &digests, shell)?;

    let own = draft.plan.own_files();
    let jobs = draft.plan.functions.iter().zip(executables).map(|(planned, executable)| {
        let job = Job::of(planned, EntrySource::Disk(executable), &own, modified)?;
        Ok(Job { debug_symbols: draft.plan.debug_symbols, ..job })
    });
    let freshness = Freshness { memory: &draft.memory, digests: &digests, records: &records };
    let mut archives = publish::publish(&jobs.collect::<Result<Vec<_>>>()?, Some(freshness), shell)?;

    let invoked = invoke::smoke_test(&mut archives, &events, shell);
    let warnings = draft.warnings();
    let report = Report { archives, warnings, build_time: Some(time), total_time: started.elapsed() };
    report::print_summary(&report.archives, shell);
    report.print(arguments.message_format)?;
    inquiry.page(&draft.plan)?.publish(&report.archives, shell)?;
    Ok(match report.exit_code() {
        0 => invoked,
        broken => broken,
    })
}
