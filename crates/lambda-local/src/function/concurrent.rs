//! Runs several invocations at once in one environment, as on Lambda Managed Instances.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;

use super::{Event, Finished, WarmFunction, shutdown_reason};
use crate::environment::VERSION;
use crate::fault::{Fault, Outcome};
use crate::sandbox::{EndedInvocation, Sandbox, Until};
use crate::{InvocationRecord, log_lines};

/// An invocation that waits for its turn.
pub(crate) struct PendingInvocation {
    pub(crate) event: Event,
    /// How often it is tried if the function fails.
    pub(crate) attempts: u32,
    /// Receives the outcome. The caller may be gone by then.
    pub(crate) done: oneshot::Sender<Finished>,
    /// The memory that the event takes up, if that is limited.
    pub(crate) memory: Option<OwnedSemaphorePermit>,
}

/// An invocation that was taken from the queue and waits for a worker.
struct WaitingInvocation {
    pending: PendingInvocation,
    since: Instant,
}

/// An invocation that a worker has.
struct OpenInvocation {
    pending: PendingInvocation,
    started: Instant,
    /// The time it took to start the environment, if that was for this invocation.
    init_duration: Option<Duration>,
    /// Where its part of the log begins.
    log_start: u64,
}

/// The invocations of one run.
#[derive(Default)]
struct Invocations {
    waiting: VecDeque<WaitingInvocation>,
    open: BTreeMap<String, OpenInvocation>,
}

impl WarmFunction<'_> {
    /// Runs invocations from the queue, as many at once as the function is configured for, until the queue is closed and all
    /// have ended. Safe to cancel.
    pub(crate) async fn run_concurrently(&mut self, queue: &mut mpsc::Receiver<PendingInvocation>) -> Result<()> {
        let limit = usize::try_from(self.lambda.config.concurrency.unwrap_or(1)).unwrap_or(usize::MAX);
        let mut invocations = Invocations::default();
        let mut is_closed = false;
        let mut init_duration = None;
        loop {
            if invocations.is_empty() {
                if is_closed {
                    return Ok(());
                }
            } else if self.sandbox.is_none() {
                init_duration = self.boot_for(&mut invocations).await?;
                if self.sandbox.is_none() {
                    continue;
                }
            }
            self.begin_waiting(&mut invocations, &mut init_duration).await;
            let has_room = !is_closed && invocations.waiting.is_empty() && invocations.open.len() < limit;
            tokio::select! {
                pending = queue.recv(), if has_room => match pending {
                    Some(pending) => invocations.wait_for_worker(pending),
                    None => is_closed = true,
                },
                fault = self.wait_for_change(&invocations) => {
                    self.end_overdue(&mut invocations).await;
                    if let Some(fault) = fault {
                        self.end_environment(&mut invocations, &fault).await;
                    }
                }
            }
        }
    }

    /// Starts an environment. If that fails, the oldest invocation that waits fails, and the others cause another start.
    async fn boot_for(&mut self, invocations: &mut Invocations) -> Result<Option<Duration>> {
        match self.boot("init", self.init_timeout()).await? {
            Ok((sandbox, duration)) => {
                self.sandbox = Some(sandbox);
                // The time until now was not spent waiting for a worker.
                for waiting in &mut invocations.waiting {
                    waiting.since = Instant::now();
                }
                Ok(Some(duration))
            }
            Err(failed) => {
                self.report_init("init", &failed).await;
                if let Some(waiting) = invocations.waiting.pop_front() {
                    let outcome = self.failed_start(&failed.fault, &waiting.pending.event.request_id);
                    let open = self.open(waiting.pending, None).await;
                    self.end(invocations, open, outcome, Vec::new()).await;
                }
                Ok(None)
            }
        }
    }

    /// Hands waiting invocations to idle workers.
    async fn begin_waiting(&mut self, invocations: &mut Invocations, init_duration: &mut Option<Duration>) {
        while self.sandbox.as_ref().is_some_and(Sandbox::has_idle_worker)
            && let Some(waiting) = invocations.waiting.pop_front()
        {
            let invocation = self.invocation(waiting.pending.event.clone());
            let request_id = invocation.request_id.clone();
            let open = self.open(waiting.pending, init_duration.take()).await;
            let deadline = open.started + self.lambda.config.timeout;
            if let Some(sandbox) = &mut self.sandbox {
                sandbox.begin_concurrent(invocation, deadline);
            }
            invocations.open.insert(request_id, open);
        }
    }

    /// Reports the start of an invocation.
    async fn open(&self, pending: PendingInvocation, init_duration: Option<Duration>) -> OpenInvocation {
        let log_start = self.log.position();
        let request_id = &pending.event.request_id;
        self.log.platform(&format!("START RequestId: {request_id} Version: {VERSION}")).await;
        self.telemetry("start", &json!({ "requestId": request_id, "version": VERSION }));
        OpenInvocation { pending, started: Instant::now(), init_duration, log_start }
    }

    /// Waits until an invocation has ended or is overdue, a worker is idle that is needed, or the environment has failed.
    async fn wait_for_change(&mut self, invocations: &Invocations) -> Option<Fault> {
        let deadline = self.deadline(invocations);
        let until = if invocations.waiting.is_empty() { Until::InvocationEnded } else { Until::EndedOrIdle };
        let Some(sandbox) = &mut self.sandbox else { return std::future::pending().await };
        match sandbox.wait(until, deadline).await {
            Ok(()) | Err(Fault::TimedOut) => None,
            Err(fault) => Some(fault),
        }
    }

    fn deadline(&self, invocations: &Invocations) -> Option<Instant> {
        let open = self.sandbox.as_ref().and_then(Sandbox::next_deadline);
        let waiting = invocations.waiting.front().map(|waiting| waiting.since + self.lambda.config.timeout);
        open.into_iter().chain(waiting).min()
    }

    /// Reports the invocations that have ended, those included that ran out of time.
    async fn end_overdue(&mut self, invocations: &mut Invocations) {
        let Some(sandbox) = &mut self.sandbox else { return };
        for EndedInvocation { request_id, outcome, spans } in sandbox.take_ended().await {
            if let Some(open) = invocations.open.remove(&request_id) {
                let outcome = outcome.unwrap_or_else(|| self.failed(&Fault::TimedOut, &request_id));
                self.end(invocations, open, outcome, spans).await;
            }
        }
        let is_overdue = |waiting: &WaitingInvocation| waiting.since + self.lambda.config.timeout <= Instant::now();
        if invocations.waiting.front().is_some_and(is_overdue)
            && let Some(waiting) = invocations.waiting.pop_front()
        {
            let outcome = self.failed(&Fault::NoWorker, &waiting.pending.event.request_id);
            let open = self.open(waiting.pending, None).await;
            self.end(invocations, open, outcome, Vec::new()).await;
        }
    }

    /// Ends an environment that failed, and with it every invocation in it.
    async fn end_environment(&mut self, invocations: &mut Invocations, fault: &Fault) {
        if let Some(sandbox) = &mut self.sandbox {
            sandbox.catch_up().await;
        }
        let failure = fault.failure(self.lambda.config.timeout, false);
        if invocations.open.is_empty() {
            self.log.platform(&format!("{} between invocations: {}", failure.error_type, failure.message)).await;
        }
        for (request_id, open) in std::mem::take(&mut invocations.open) {
            let outcome = self.failed(fault, &request_id);
            self.end(invocations, open, outcome, Vec::new()).await;
        }
        if let Some(sandbox) = self.sandbox.take() {
            sandbox.shut_down(shutdown_reason(Some(&failure))).await;
        }
    }

    /// The failure of an invocation, with what its caller receives.
    fn failed(&self, fault: &Fault, request_id: &str) -> Outcome {
        let failure = fault.failure(self.lambda.config.timeout, false);
        Outcome { payload: Some(failure.payload(request_id)), failure: Some(failure) }
    }

    /// Reports the end of an invocation, and answers its caller or tries again.
    async fn end(
        &self,
        invocations: &mut Invocations,
        open: OpenInvocation,
        outcome: Outcome,
        spans: Vec<serde_json::Value>,
    ) {
        let OpenInvocation { mut pending, started, init_duration, log_start } = open;
        let Outcome { payload, failure } = outcome;
        let mut record = InvocationRecord {
            request_id: pending.event.request_id.clone(),
            failure,
            init_duration,
            duration: started.elapsed().min(self.lambda.config.timeout),
            memory_size: self.lambda.config.memory,
            memory_used: self.sandbox.as_ref().map_or(0, |sandbox| sandbox.usage.peak.div_ceil(1024)),
            log: Vec::new(),
        };
        for line in log_lines::end_lines(&record, OffsetDateTime::now_utc()) {
            self.log.platform(&line).await;
        }
        self.telemetry("report", &log_lines::managed_report_telemetry(&record, &spans));
        record.log = self.log.since(log_start);
        pending.attempts = pending.attempts.saturating_sub(1);
        if record.failure.is_some() && pending.attempts > 0 {
            invocations.wait_for_worker(pending);
        } else {
            // The caller may be gone.
            let _ = pending.done.send(Finished { record, payload });
        }
    }
}

impl Invocations {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.open.is_empty()
    }

    fn wait_for_worker(&mut self, pending: PendingInvocation) {
        self.waiting.push_back(WaitingInvocation { pending, since: Instant::now() });
    }
}
