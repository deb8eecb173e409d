//! Turns a Rust package, or any Linux executable, into an AWS Lambda deployment zip that boots.
//!
//! The program is [`run`]. The modules that are public are the ones without a terminal in them: what Lambda requires
//! ([`lambda`]), what is built for ([`target`]), what an executable says of itself ([`elf`]), how a zip is made
//! ([`package`]) and what is held against one ([`check`]).

mod build;
mod cargo;
pub mod check;
mod check_zips;
mod cli;
pub mod elf;
pub mod error;
pub mod fs;
pub mod lambda;
pub mod package;
mod plan;
mod publish;
mod report;
mod shell;
mod suggest;
pub mod target;
mod toolchain;

use std::env;
use std::ffi::OsString;
use std::time::Instant;

use anyhow::Result;
use time::{Date, OffsetDateTime};

use cargo::Settings;
use cargo::config::CargoConfig;
use cli::{Arguments, BuildArguments, Command, MessageFormat};
use error::{ErrorKind, ResultExt};
use plan::{BuildPlan, Surroundings};
use report::Report;
use shell::Shell;
use toolchain::Survey;

/// Runs the program with these arguments and returns its exit code.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let Arguments { command, build } = match cli::parse(args) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to stdout and is a success. A closed stream is no reason to fail.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(ErrorKind::Usage.exit_code());
        }
    };
    let shell = Shell::new(match &command {
        Some(Command::Check(check)) => &check.terminal,
        None => &build.cargo.terminal,
    });
    let outcome = match &command {
        Some(Command::Check(check)) => check_zips::run(check, &shell),
        None => build_and_package(&build, &shell),
    };
    outcome.unwrap_or_else(|failure| {
        shell.error(&failure);
        error::exit_code(&failure)
    })
}

/// The main command. Returns its exit code.
fn build_and_package(arguments: &BuildArguments, shell: &Shell) -> Result<u8> {
    let started = Instant::now();
    let folder = env::current_dir().or_fail(ErrorKind::Setup, || "the working directory is gone".into())?;
    let today = OffsetDateTime::now_utc().date();
    let targets = plan::targets(arguments, today)?;
    let metadata = cargo::read_metadata(&arguments.cargo)?;
    let config = CargoConfig::load(&folder, &arguments.cargo.config)?;
    let rustc = config.rustc()?;
    let survey = Survey::take(&config, &rustc, &targets)?;
    let settings = Settings::new(arguments, &targets, &metadata, &config, &rustc)?;
    let output_is_folder = arguments.output.as_ref().is_some_and(|output| folder.join(output).is_dir());
    let surroundings = Surroundings { folder: &folder, output_is_folder };
    let plan = plan::plan(arguments, &targets, &metadata, &survey, &settings, surroundings)?;

    let warnings = warnings(arguments, &plan, today);
    for warning in &warnings {
        shell.warn(warning, None);
    }
    if arguments.dry_run {
        match arguments.message_format {
            MessageFormat::Human => report::print_plan(&plan)?,
            MessageFormat::Json => report::print_json(&plan)?,
        }
        return Ok(0);
    }

    let build_started = Instant::now();
    let artifacts = build::build(&plan, !arguments.no_install, &config, shell)?;
    let build_time = build_started.elapsed();
    let archives = artifacts.iter().map(|artifact| publish::publish(artifact, shell)).collect::<Result<_>>()?;
    let report = Report { archives, warnings, build_time, total_time: started.elapsed() };
    match arguments.message_format {
        MessageFormat::Human => report.print_paths()?,
        MessageFormat::Json => report.print_json()?,
    }
    Ok(if report.is_success() { 0 } else { ErrorKind::Rule.exit_code() })
}

/// What the user should know of the plan before it is carried out.
fn warnings(arguments: &BuildArguments, plan: &BuildPlan, today: Date) -> Vec<String> {
    let skipped = plan.skipped.iter().map(|binary| {
        let features = binary.required_features.join(",");
        format!("left out `{}` of `{}`: it needs `--features {features}`", binary.name, binary.package)
    });
    arguments.runtime.deprecation(today).into_iter().chain(skipped).collect()
}
