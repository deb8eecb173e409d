//! Turns a Rust package, or any Linux executable, into an AWS Lambda deployment zip that boots.
//!
//! The program is [`run`]. The modules that are public are the ones without a terminal in them: what Lambda requires
//! ([`lambda`]), what is built for ([`target`]), what an executable says of itself ([`elf`]), how a zip is made
//! ([`package`]) and what is held against one ([`check`]).

mod build;
mod cargo;
mod cargo_lambda;
pub mod check;
mod check_zips;
mod cli;
mod completions;
mod config;
mod debug_symbols;
mod doctor;
pub mod elf;
pub mod error;
pub mod fs;
mod invoke;
pub mod lambda;
mod manual;
mod pack;
pub mod package;
mod packaging;
mod plan;
mod platform;
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
use cargo_config2::Config;
use time::{Date, OffsetDateTime};

use cargo::config::CargoConfig;
use cargo::{Settings, TerminalSettings};
use cli::{Arguments, BuildArguments, Command, MessageFormat, TerminalFlags};
use error::{ErrorKind, ResultExt};
use package::{EntrySource, ModificationTime, OwnFiles};
use plan::{BuildPlan, PlannedFunction, Surroundings};
use publish::Job;
use report::{ContentsList, HtmlPage, Report};
use shell::Shell;
use toolchain::{GraphSource, Survey, zig};

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
        error::exit_code(&failure)
    })
}

/// The main command, where cargo is configured like this. Returns its exit code.
fn build_and_package(arguments: &BuildArguments, configured: Result<Config>, shell: &Shell) -> Result<u8> {
    let started = Instant::now();
    let folder = env::current_dir().or_fail(ErrorKind::Setup, || "the working directory is gone".into())?;
    let today = OffsetDateTime::now_utc().date();
    let events = invoke::events_after_build(&arguments.invoke_event)?;
    let config = CargoConfig::new(configured?, &folder, &arguments.cargo.config)?;
    let metadata = cargo::read_metadata(&arguments.cargo)?;
    let selection = plan::select(&arguments.cargo, &metadata)?;
    let inherited = plan::inherited_target(arguments, &metadata, &selection)?;
    let targets = plan::targets(arguments, inherited, today)?;
    let rustc = config.rustc()?;
    let only_looks = arguments.dry_run || arguments.packaging.list;
    let graph = GraphSource {
        workspace: metadata.workspace_root.as_std_path(),
        has_dependencies: metadata.packages.iter().any(|package| !package.dependencies.is_empty()),
        may_lock: !only_looks,
        metadata: cargo::graph_command(&arguments.cargo, &targets, only_looks),
        tree: cargo::tree_command(&arguments.cargo, &targets, only_looks),
    };
    let mut survey = Survey::take(&config, &rustc, &targets, arguments.linker, &graph)?;
    if arguments.install_zig && !arguments.dry_run {
        survey.install_zig(shell)?;
    }
    let cpu = plan::target_cpu(arguments, &metadata, &selection)?;
    let settings = Settings::new(arguments, cpu.as_ref(), &targets, &metadata, &config, &rustc)?;
    let output_is_folder = arguments.output.as_ref().is_some_and(|output| folder.join(output).is_dir());
    let surroundings = Surroundings { folder: &folder, output_is_folder };
    let plan = plan::plan(arguments, &targets, &metadata, selection, &survey, &settings, surroundings)?;

    let mut warnings = warnings(arguments, &plan, &survey, today);
    for warning in &warnings {
        shell.warn(warning, None);
    }
    for text in plan.inherited.read() {
        shell.status("Reading", text);
    }
    let file = folder.join(cargo_lambda::FILE).is_file().then(cargo_lambda::foreign_file);
    for foreign in plan.inherited.foreign.iter().chain(&file) {
        shell.warn(&foreign.message, Some(&foreign.hint));
        warnings.push(foreign.message.clone());
    }
    for doubt in &plan.doubts {
        shell.doubt(&doubt.message, &doubt.hints);
        warnings.push(doubt.message.clone());
    }
    if arguments.dry_run {
        match arguments.message_format {
            MessageFormat::Human => report::print_plan(&plan)?,
            MessageFormat::Json => report::print_json(&plan)?,
        }
        return Ok(0);
    }
    let zips = plan.functions.iter().map(|planned| planned.path.as_path());
    let page = HtmlPage::asked_for(arguments.report_html.as_deref(), &folder, zips)?;
    let zips = plan.functions.iter().map(|planned| planned.path.clone());
    let own = OwnFiles { zips: zips.chain(page.path()).collect(), executable: None };
    // A wrong date or include must not cost a build.
    let modified = publish::modification_time()?;
    let lists = plan.functions.iter().map(|planned| list(planned, &own, arguments.packaging.list.then_some(shell)));
    let lists = lists.collect::<Result<Vec<_>>>()?;
    if arguments.packaging.list {
        report::print_lists(&lists, arguments.message_format)?;
        return Ok(0);
    }

    let build_started = Instant::now();
    let roots: Vec<_> = plan.functions.iter().map(|planned| planned.function.package_id.repr.as_str()).collect();
    let advice = || toolchain::advice(&survey, &graph, &roots);
    let artifacts = build::build(&plan, !arguments.no_install, &config, shell, advice)?;
    let build_time = Some(build_started.elapsed());
    let archives = artifacts.iter().map(|artifact| {
        let executable = EntrySource::Disk(artifact.executable.clone());
        let mut report = Job::of(artifact.planned, executable, &own, modified)?.publish(shell)?;
        if let Some(debug) = artifact.debug.as_ref().filter(|_| report.published) {
            let path = debug_symbols::publish(debug, &artifact.planned.function.name, &report.archive.path)?;
            shell.status("Symbols", path.display());
            report.debug_symbols = Some(path);
        }
        Ok(report)
    });
    let mut archives = archives.collect::<Result<Vec<_>>>()?;
    let invoked = invoke::smoke_test(&mut archives, &events, shell);
    let report = Report { archives, warnings, build_time, total_time: started.elapsed() };
    report::print_summary(&report.archives, shell);
    report.print(arguments.message_format)?;
    page.publish(&report.archives, shell)?;
    Ok(match report.exit_code() {
        0 => invoked,
        broken => broken,
    })
}

/// What would be in the zip of a planned function. What is left out is said to `shell`.
fn list(planned: &PlannedFunction, own: &OwnFiles, shell: Option<&Shell>) -> Result<ContentsList> {
    let job = Job::of(planned, EntrySource::Bytes(Vec::new()), own, ModificationTime::default())?;
    let collected = job.collect()?;
    if let Some(shell) = shell {
        job.tell(&collected, shell);
    }
    let built = format!("cargo's build of `{}`", planned.function.name);
    Ok(ContentsList::new(job.subject, job.path, collected.entries.entries(), &built))
}

/// What the user should know of the plan before it is carried out.
fn warnings(arguments: &BuildArguments, plan: &BuildPlan, survey: &Survey, today: Date) -> Vec<String> {
    let skipped = plan.skipped.iter().map(|binary| {
        let features = binary.required_features.join(",");
        format!("left out `{}` of `{}`: it needs `--features {features}`", binary.name, binary.package)
    });
    let zig = survey.passed_over_zig();
    let of_flags = plan.warnings.iter().cloned();
    arguments.runtime.deprecation(today).into_iter().chain(skipped).chain(zig).chain(of_flags).collect()
}
