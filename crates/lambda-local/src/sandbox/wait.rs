//! Waits for a condition of the sandbox, and answers calls and detects failures meanwhile.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::{RUNTIME, Sandbox};
use crate::fault::Fault;
use crate::init::Notice;
use crate::memory;

/// How often the memory use is measured, and lost connections are noticed.
const TICK_INTERVAL: Duration = Duration::from_millis(100);

/// Longer than any wait.
pub(crate) const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// What to wait for.
pub(crate) enum Until {
    ExtensionsRegistered,
    RuntimeReady,
    AllReady,
    RuntimeDone,
    /// One of several invocations has ended.
    InvocationEnded,
    /// The same, or a worker waits for an invocation.
    EndedOrIdle,
    RuntimeEnded,
    /// Every process has exited or is done.
    Ended,
    Never,
}

impl Sandbox<'_> {
    /// Waits, and answers calls meanwhile. Safe to cancel.
    pub(crate) async fn wait(&mut self, until: Until, deadline: Option<Instant>) -> Result<(), Fault> {
        let time_up = sleep_until(deadline.unwrap_or_else(|| Instant::now() + FOREVER));
        tokio::pin!(time_up);
        let mut tick = interval(TICK_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
                // Calls first: a runtime that answers and then exits has answered.
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
                _ = tick.tick() => {
                    self.measure_memory();
                    self.repeat_lost_invocation();
                }
            }
        }
    }

    fn is_reached(&self, until: &Until) -> bool {
        match until {
            Until::ExtensionsRegistered => self.lifecycle.all_registered(),
            Until::RuntimeReady => self.lifecycle.runtime_is_ready(),
            Until::AllReady => self.lifecycle.is_ready() && self.has_idle_worker(),
            Until::RuntimeDone => self.lifecycle.runtime_is_done(),
            Until::InvocationEnded => self.has_ended(),
            Until::EndedOrIdle => self.has_ended() || self.has_idle_worker(),
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
                let root = if name == RUNTIME { self.files().bootstrap(self.isolated) } else { None };
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
        // The first failure explains the ones that follow.
        self.fault.is_none().then_some(fault)
    }

    pub(crate) fn measure_memory(&mut self) {
        let Some(process) = self.launcher.process() else { return };
        let usage = memory::usage_below(process, self.isolated);
        self.usage.current = usage.current;
        self.usage.peak = self.usage.peak.max(usage.peak);
        // Under qemu the figure includes qemu's own memory.
        let is_enforced = self.config().enforce_memory && !self.files().emulation.is_foreign;
        if is_enforced && !self.is_shutting_down && usage.current > u64::from(self.config().memory) * 1024 {
            self.fault.get_or_insert(Fault::OutOfMemory);
        }
    }
}
