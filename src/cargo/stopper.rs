//! Ends running builds from another thread.

use std::io;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::platform;

/// Ends the running builds, with every process that they started. The default one ends nothing, and leaves builds in the
/// process group of this program, where Ctrl-C in a terminal reaches them.
#[derive(Debug, Clone, Default)]
pub(crate) struct BuildStopper(Option<Arc<Mutex<State>>>);

#[derive(Debug, Default)]
struct State {
    is_stopped: bool,
    /// The process group of the running build.
    running: Option<u32>,
}

impl BuildStopper {
    /// Builds get a process group of their own.
    pub(crate) fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// Ends the running build. Later builds do not start.
    pub(crate) fn stop(&self) {
        if let Some(mut state) = self.state() {
            state.is_stopped = true;
            if let Some(group) = state.running.take() {
                platform::end_group(group);
            }
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.state().is_some_and(|state| state.is_stopped)
    }

    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let Some(mut state) = self.state() else { return command.spawn() };
        if state.is_stopped {
            return Err(io::ErrorKind::Interrupted.into());
        }
        platform::start_in_own_group(command);
        let child = command.spawn()?;
        state.running = Some(child.id());
        Ok(child)
    }

    /// The build has ended, so that its process group may belong to another one soon.
    pub(super) fn ended(&self) {
        if let Some(mut state) = self.state() {
            state.running = None;
        }
    }

    fn state(&self) -> Option<MutexGuard<'_, State>> {
        self.0.as_ref().map(|state| state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
