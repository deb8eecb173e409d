//! Runs the functions of a build: `--serve`, `--http`, and `--watch`.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;

use super::{Built, Outcome, build_and_publish};
use crate::cli::BuildArguments;
use crate::commands::invoke::{self, Event};
use crate::context::BuildContext;
use crate::plan::BuildPlan;
use crate::report::ArchiveReport;
use crate::session::Session;
use crate::shell::Shell;
use crate::watch::Watcher;
use deployment_zip::OutputPaths;
use lambda_local::{Endpoint, Server, Updater};
use lambda_zip_check::ArchiveKind;
use lambda_zip_error::{ErrorKind, Failure};

/// Fails if two functions to serve have the same name.
pub(super) fn check_names(arguments: &BuildArguments, plan: &BuildPlan) -> Result<()> {
    if arguments.run.endpoint().is_none() {
        return Ok(());
    }
    let mut seen = BTreeSet::new();
    let functions = plan.functions.iter().filter(|planned| planned.packaging.kind == ArchiveKind::Function);
    match functions.map(|planned| &planned.function.name).find(|name| !seen.insert(*name)) {
        None => Ok(()),
        Some(name) => {
            let failure = Failure::new(ErrorKind::Usage, format!("two functions to serve have the name `{name}`"));
            Err(failure.hint("serve one architecture: `--arch ARCH`").into())
        }
    }
}

/// Serves the functions until a signal arrives.
pub(super) fn serve(
    archives: &[ArchiveReport],
    arguments: &BuildArguments,
    address: (SocketAddr, Endpoint),
    shell: &Shell,
) -> Result<()> {
    invoke::serve(server(archives, arguments, address)?, &arguments.function, shell)
}

fn server(archives: &[ArchiveReport], arguments: &BuildArguments, address: (SocketAddr, Endpoint)) -> Result<Server> {
    let bootable = archives.iter().filter(|report| invoke::is_bootable(report));
    let functions: Vec<_> =
        bootable.map(|report| invoke::load_published(report, &arguments.function)).collect::<Result<_>>()?;
    if functions.is_empty() {
        return Err(Failure::new(ErrorKind::Usage, "there is no function to serve")
            .hint("select a package with a function; extensions and layers run with one, see `invoke --layer`")
            .into());
    }
    invoke::server(functions, address)
}

/// Builds and runs the functions, and again after each change, until a signal arrives. Returns the exit code.
pub(super) fn watch(arguments: &BuildArguments, events: &[Event], session: &Session) -> Result<u8> {
    let shell = &session.shell;
    let mut watcher = invoke::start_watcher()?;
    let Some(address) = arguments.run.endpoint() else {
        let mut is_first = true;
        let run = |watcher: &mut Watcher| send(arguments, events, session, watcher, std::mem::take(&mut is_first));
        return invoke::repeat(watcher, run, shell);
    };
    let mut built = build(arguments, session, &mut watcher)?;
    let code = built.report(arguments, shell)?;
    if code != 0 {
        return Ok(code);
    }
    let server = server(&built.archives, arguments, address)?;
    let rebuild = |watcher: &mut Watcher, updater: &Updater| replace(arguments, session, watcher, updater);
    invoke::serve_and_watch(server, &arguments.function, watcher, rebuild, shell)?;
    Ok(0)
}

/// Builds the zips again, and replaces the functions whose zips changed.
fn replace(arguments: &BuildArguments, session: &Session, watcher: &mut Watcher, updater: &Updater) -> Result<()> {
    let built = build(arguments, session, watcher)?;
    for report in built.archives.iter().filter(|report| !report.fresh) {
        if invoke::is_bootable(report) {
            updater.replace(invoke::load_published(report, &arguments.function)?);
        }
    }
    refused(&built)
}

/// Builds the zips, sends the events to those that changed, at first to all, and reports these.
fn send(
    arguments: &BuildArguments,
    events: &[Event],
    session: &Session,
    watcher: &mut Watcher,
    is_first: bool,
) -> Result<()> {
    let mut built = build(arguments, session, watcher)?;
    built.archives.retain(|report| !report.fresh || is_first);
    if !built.archives.is_empty() {
        invoke::smoke_test(&mut built.archives, events, &arguments.function, &session.shell);
        built.report(arguments, &session.shell)?;
    }
    refused(&built)
}

fn build(arguments: &BuildArguments, session: &Session, watcher: &mut Watcher) -> Result<Built> {
    match build_and_publish(arguments, session, Some(watcher))? {
        Outcome::Built(built) => Ok(built),
        Outcome::Printed => Err(Failure::new(ErrorKind::Usage, "`--watch` needs a build").into()),
    }
}

/// An error if a zip breaks a rule.
fn refused(built: &Built) -> Result<()> {
    let refused = built.archives.iter().find(|report| !report.published);
    refused.map_or(Ok(()), |report| {
        let message = format!("`{}` was not published: it breaks a rule", report.description.function);
        Err(Failure::new(ErrorKind::Rule, message).hint("fix what the findings above say").into())
    })
}

/// Watches what the zips are made of: the packages of the workspace, cargo's configuration, and the included files.
pub(super) fn watch_inputs(
    watcher: &mut Watcher,
    context: &BuildContext<'_>,
    plan: &BuildPlan,
    outputs: OutputPaths,
) -> Result<()> {
    let target_directory = context.target_directory();
    watcher.ignore(move |path| path.starts_with(&target_directory) || outputs.contains(path));
    let metadata = &context.inputs.metadata;
    let members = metadata.workspace_packages();
    let packages = members.iter().filter_map(|package| package.manifest_path.parent()).map(PathBuf::from);
    let root = metadata.workspace_root.as_std_path();
    let shared = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "rust-toolchain", ".cargo"];
    let shared = shared.iter().map(|name| root.join(name));
    let included = plan.functions.iter().flat_map(|planned| planned.packaging.files.includes.iter());
    let included = included.map(deployment_zip::Include::root).collect::<Result<Vec<_>>>()?;
    watcher.watch(packages.chain(shared).chain(included))
}
