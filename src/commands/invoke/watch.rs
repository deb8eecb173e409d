//! `--watch`: runs a function again when a file changes.

use std::thread;

use anyhow::Result;

use super::serve::serve;
use crate::cli::FunctionFlags;
use crate::interrupt;
use crate::shell::Shell;
use crate::watch::Watcher;
use lambda_local::{Server, Updater};

/// A watcher of nothing yet. From now on a signal ends running builds and the wait for changes.
pub(crate) fn start_watcher() -> Result<Watcher> {
    let watcher = Watcher::new()?;
    let changes = watcher.stopper();
    lambda_local::on_interrupt(move || {
        interrupt::stop_children();
        changes.stop();
    })?;
    Ok(watcher)
}

/// Serves until a signal arrives, and calls `on_change` on another thread after each change.
pub(crate) fn serve_and_watch(
    server: Server,
    flags: &FunctionFlags,
    mut watcher: Watcher,
    mut on_change: impl FnMut(&mut Watcher, &Updater) -> Result<()> + Send,
    shell: &Shell,
) -> Result<()> {
    let updater = server.updater();
    let changes = watcher.stopper();
    thread::scope(|scope| {
        scope.spawn(move || {
            while watcher.wait() {
                let outcome = on_change(&mut watcher, &updater);
                print_outcome(outcome, "the last version goes on", shell);
            }
        });
        let outcome = serve(server, flags, shell);
        // The server may have failed.
        interrupt::stop_children();
        changes.stop();
        outcome
    })
}

/// Calls `run`, and again after each change, until a signal arrives. Returns the exit code.
pub(crate) fn repeat(
    mut watcher: Watcher,
    mut run: impl FnMut(&mut Watcher) -> Result<()>,
    shell: &Shell,
) -> Result<u8> {
    loop {
        let outcome = run(&mut watcher);
        if watcher.is_empty() {
            // Nothing would ever change.
            return outcome.map(|()| 0);
        }
        print_outcome(outcome, "waiting for a change", shell);
        if !watcher.wait() {
            return Ok(0);
        }
    }
}

/// Prints an error, unless it is the end of a build that a signal stopped.
fn print_outcome(outcome: Result<()>, then: &str, shell: &Shell) {
    if let Err(failure) = outcome
        && !interrupt::is_stopped()
    {
        shell.error(&failure);
        shell.status("Watching", then);
    }
}
