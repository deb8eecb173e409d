//! Waiting for something to happen in a sandbox, and noticing what goes wrong meanwhile.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::{RUNTIME, Sandbox};
use crate::invoke::boot::init::Notice;
use crate::invoke::boot::memory;
use crate::invoke::boot::outcome::Fault;

/// How often the memory of the processes is looked at.
const MEMORY_INTERVAL: Duration = Duration::from_millis(100);

/// Further away than anything that is waited for.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// What an invocation or a start is waiting for.
pub(super) enum Until {
    ExtensionsRegistered,
    RuntimeReady,
    AllReady,
    RuntimeDone,
    RuntimeEnded,
    /// Everything that was started has ended, or has nothing left to do.
    Ended,
    Never,
}

impl Sandbox<'_> {
    /// Waits, and answers calls meanwhile. May be cancelled.
    pub(super) async fn wait(&mut self, until: Until, deadline: Option<Instant>) -> Result<(), Fault> {
        let time_up = sleep_until(deadline.unwrap_or_else(|| Instant::now() + FOREVER));
        tokio::pin!(time_up);
        let mut memory_tick = interval(MEMORY_INTERVAL);
        memory_tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if !self.is_shutting_down
                && let Some(fault) = self.fault.take()
            {
                return Err(fault);
            }
            if self.is_reached(&until) {
                return Ok(());
            }
            tokio::select! {
                // A runtime that answers and ends has answered.
                biased;
                call = self.calls.recv() => if let Some(call) = call { self.answer(call) },
                notice = self.launcher.notice() => {
                    if let Some(fault) = self.fault_of(notice) {
                        if self.is_shutting_down && fault == Fault::SandboxGone {
                            return Err(fault);
                        }
                        self.fault = Some(fault);
                    }
                }
                () = &mut time_up => return Err(Fault::TimedOut),
                _ = memory_tick.tick() => self.look_at_memory(),
            }
        }
    }

    fn is_reached(&self, until: &Until) -> bool {
        let runtime_listens = || self.runtime_waits.as_ref().is_some_and(|reply| !reply.is_closed());
        match until {
            Until::ExtensionsRegistered => self.lifecycle.all_registered(),
            Until::RuntimeReady => self.lifecycle.runtime_is_ready(),
            Until::AllReady => self.lifecycle.is_ready() && runtime_listens(),
            Until::RuntimeDone => self.lifecycle.runtime_is_done(),
            Until::RuntimeEnded => !self.running.iter().any(|name| name == RUNTIME),
            Until::Ended => self.running.iter().all(|name| self.lifecycle.is_done(name)),
            Until::Never => false,
        }
    }

    fn fault_of(&mut self, notice: Option<Notice>) -> Option<Fault> {
        let fault = match notice {
            None | Some(Notice::Refused(_)) => return Some(Fault::SandboxGone),
            Some(Notice::Ready) => return None,
            Some(Notice::NotStarted { name, reason }) => {
                self.running.retain(|running| *running != name);
                let root = if name == RUNTIME { self.workspace.bootstrap(self.isolated) } else { None };
                match root {
                    Some(bootstrap) => Fault::InvalidEntrypoint(format!("fork/exec {bootstrap}: {reason}")),
                    None => Fault::ExtensionNotStarted { name, reason },
                }
            }
            Some(Notice::Exited { name, status }) => {
                self.running.retain(|running| *running != name);
                if name == RUNTIME { Fault::RuntimeExited(status) } else { Fault::ExtensionExited { name, status } }
            }
        };
        // The first thing that goes wrong explains the others.
        self.fault.is_none().then_some(fault)
    }

    pub(super) fn look_at_memory(&mut self) {
        let Some(process) = self.launcher.process() else { return };
        let usage = memory::usage_below(process, self.isolated);
        self.usage.current = usage.current;
        self.usage.peak = self.usage.peak.max(usage.peak);
        // With qemu's own memory the figure says nothing of the function.
        let is_enforced = self.settings.memory_is_enforced && !self.workspace.emulation.is_foreign;
        if is_enforced && !self.is_shutting_down && usage.current > u64::from(self.settings.memory) * 1024 {
            self.fault.get_or_insert(Fault::OutOfMemory);
        }
    }
}
