//! Functions behind one address: `--serve` and `--http`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;

use super::watch::{serve_and_watch, start_watcher};
use super::{StandardStreams, attach, describe, warn_not_isolated, warn_of_unlimited_storage, with_advice};
use crate::cache::Digest;
use crate::cli::{FunctionFlags, InvokeArguments};
use crate::shell::Shell;
use crate::watch::Watcher;
use lambda_local::{Endpoint, ExecutionMode, LocalLambda, Progress, Server, Updater};
use lambda_zip_error::{ErrorKind, Failure};

/// Serves the zips of the command line until a signal arrives. Returns the exit code.
pub(super) fn run(arguments: &InvokeArguments, address: (SocketAddr, Endpoint), shell: &Shell) -> Result<u8> {
    let load_all = || arguments.zips.iter().map(|zip| super::load(zip, arguments, shell)).collect::<Result<Vec<_>>>();
    if !arguments.run.watch {
        serve(server(load_all()?, address)?, &arguments.function, shell)?;
        return Ok(0);
    }
    let mut watcher = start_watcher()?;
    // Watched first, so that no change is missed.
    watcher.watch(super::watched_files(arguments)?)?;
    let mut states: Vec<_> = arguments.zips.iter().map(|zip| state(zip, &arguments.layer)).collect();
    let server = server(load_all()?, address)?;
    let reload = |_: &mut Watcher, updater: &Updater| {
        for (zip, known) in arguments.zips.iter().zip(&mut states) {
            let now = state(zip, &arguments.layer);
            if now != *known {
                updater.replace(super::load(zip, arguments, shell)?);
                *known = now;
            }
        }
        Ok(())
    };
    serve_and_watch(server, &arguments.function, watcher, reload, shell)?;
    Ok(0)
}

/// What a function is made of.
fn state(zip: &Path, layers: &[PathBuf]) -> Vec<Option<Digest>> {
    let files = std::iter::once(zip).chain(layers.iter().map(PathBuf::as_path));
    files.map(|path| Digest::of_file(path).ok()).collect()
}

/// Makes a server for the functions. Fails if two of them have the same name.
pub(crate) fn server(functions: Vec<LocalLambda>, (address, endpoint): (SocketAddr, Endpoint)) -> Result<Server> {
    let mut seen = BTreeSet::new();
    if let Some(name) = functions.iter().map(|function| &function.config.name).find(|name| !seen.insert(*name)) {
        let message = format!("two functions have the name `{name}`");
        return Err(Failure::new(ErrorKind::Usage, message)
            .hint("a function is named after its zip, or after the directory of a `bootstrap.zip`: rename one of them")
            .into());
    }
    Ok(Server::new(functions, address, endpoint))
}

/// Serves until a signal arrives, which is the normal way to end a server.
pub(crate) fn serve(server: Server, flags: &FunctionFlags, shell: &Shell) -> Result<()> {
    let output = StandardStreams { print_responses: false, failure: Arc::default() };
    server.run(output, |step| print_progress(step, flags, shell)).map_err(with_advice)
}

fn print_progress(step: Progress<'_>, flags: &FunctionFlags, shell: &Shell) {
    match step {
        Progress::NotIsolated(reason) => warn_not_isolated(reason, shell),
        Progress::Listening(address, endpoint, functions) => {
            // All functions run in the same way.
            if let Some(mode) = functions.values().next() {
                warn_of_unlimited_storage(*mode, flags.ephemeral_storage, shell);
            }
            print_addresses(address, endpoint, functions, shell);
        }
        Progress::Replaced(name) => shell.status("Replaced", format_args!("{name}: requests go to the new zip")),
        Progress::WaitingForRuntime(variables) => attach::print_variables(variables, shell),
        Progress::Started(_) => {}
    }
}

fn print_addresses(
    address: SocketAddr,
    endpoint: Endpoint,
    functions: &BTreeMap<String, ExecutionMode>,
    shell: &Shell,
) {
    for (name, mode) in functions {
        let path = match endpoint {
            Endpoint::InvokeApi => format!("2015-03-31/functions/{name}/invocations"),
            Endpoint::FunctionUrl if functions.len() > 1 => format!("{name}/"),
            Endpoint::FunctionUrl => String::new(),
        };
        shell.status("Serving", format_args!("http://{address}/{path} ({}), until Ctrl-C", describe(*mode)));
    }
}
