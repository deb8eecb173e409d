//! The functions behind one address. Each has a queue, and a task that runs what waits in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::respond::Refusal;
use crate::function::{PendingInvocation, WarmFunction};
use crate::log::Log;
use crate::printer::Printer;
use crate::{ExecutionMode, LocalLambda, Progress};

/// How many invocations of a function may wait for their turn.
const QUEUE_LIMIT: usize = 1000;

/// How many bytes of events are in memory at once. Further callers wait before their event is read.
const EVENTS_MEMORY: usize = 128 << 20;

/// A function as the handlers of requests see it.
pub(super) struct ServedFunction {
    pub(super) name: String,
    /// Its ARN up to its name.
    arn_prefix: String,
    pending: mpsc::Sender<PendingInvocation>,
}

impl ServedFunction {
    /// Adds an invocation to the queue.
    pub(super) fn enqueue(&self, invocation: PendingInvocation) -> Result<(), Refusal> {
        let full = |_| Refusal::new(429, "TooManyRequestsException", "Rate Exceeded.");
        self.pending.try_send(invocation).map_err(full)
    }
}

/// What the handlers of requests share.
pub(super) struct Functions {
    by_name: BTreeMap<String, ServedFunction>,
    memory: Arc<Semaphore>,
}

impl Functions {
    pub(super) fn new(functions: impl IntoIterator<Item = ServedFunction>) -> Self {
        let by_name = functions.into_iter().map(|function| (function.name.clone(), function)).collect();
        Self { by_name, memory: Arc::new(Semaphore::new(EVENTS_MEMORY)) }
    }

    pub(super) fn get(&self, name: &str) -> Option<&ServedFunction> {
        self.by_name.get(name)
    }

    /// The only function, if there is one only.
    pub(super) fn only(&self) -> Option<&ServedFunction> {
        self.by_name.values().next().filter(|_| self.by_name.len() == 1)
    }

    /// The ARN that a function with this name would have.
    pub(super) fn arn_of(&self, name: &str) -> String {
        let prefix = self.by_name.values().next().map(|function| function.arn_prefix.as_str());
        format!("{}{name}", prefix.unwrap_or_default())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Waits until there is memory for an event of this size.
    pub(super) async fn reserve(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        // It fails only if the semaphore is closed, which it never is.
        Arc::clone(&self.memory).acquire_many_owned(u32::try_from(bytes).unwrap_or(u32::MAX)).await.ok()
    }
}

/// What happens to a function while it is served.
pub(super) enum Step {
    NotIsolated(String),
    WaitingForRuntime(BTreeMap<String, String>),
    /// The function is set up.
    Ready(String, ExecutionMode),
    /// Invocations that come now go to the new version.
    Replaced(String),
}

/// A function that is about to be served.
pub(super) struct FunctionTask {
    lambda: LocalLambda,
    waiting: mpsc::Receiver<PendingInvocation>,
    replacements: mpsc::UnboundedReceiver<LocalLambda>,
    steps: mpsc::UnboundedSender<Step>,
}

impl FunctionTask {
    /// Returns the task, the function for the handlers of requests, and the sender of new versions.
    pub(super) fn new(
        lambda: LocalLambda,
        steps: mpsc::UnboundedSender<Step>,
    ) -> (Self, ServedFunction, mpsc::UnboundedSender<LocalLambda>) {
        let (pending, waiting) = mpsc::channel(QUEUE_LIMIT);
        let (replace, replacements) = mpsc::unbounded_channel();
        let name = lambda.config.name.clone();
        let arn_prefix = lambda.config.arn(None).trim_end_matches(&name).to_owned();
        let function = ServedFunction { name, arn_prefix, pending };
        (Self { lambda, waiting, replacements, steps }, function, replace)
    }

    /// Runs invocations until `stop` changes, then shuts the function down.
    pub(super) async fn run(self, printer: Printer, mut stop: watch::Receiver<bool>) -> Result<()> {
        let Self { mut lambda, mut waiting, mut replacements, steps } = self;
        let mut is_first = true;
        loop {
            let log = Log::new(printer.clone());
            let mut setup_steps = Vec::new();
            let mut function = WarmFunction::new(&lambda, &log, &mut |step| match step {
                Progress::NotIsolated(reason) => setup_steps.push(Step::NotIsolated(reason.to_owned())),
                Progress::WaitingForRuntime(variables) => setup_steps.push(Step::WaitingForRuntime(variables.clone())),
                _ => {}
            })
            .await?;
            let name = lambda.config.name.clone();
            // This fails only if the server has ended.
            if is_first {
                for step in setup_steps {
                    let _ = steps.send(step);
                }
                let _ = steps.send(Step::Ready(name, function.mode()));
            } else {
                let _ = steps.send(Step::Replaced(name));
            }
            is_first = false;
            let next = tokio::select! {
                next = run_pending(&mut function, &mut waiting, &mut replacements) => Some(next?),
                _ = stop.changed() => None,
            };
            function.shut_down().await;
            drop(function);
            match next {
                Some(next) => lambda = next,
                None => return Ok(()),
            }
        }
    }
}

/// Runs invocations in the order in which they arrive, until there is a new version of the function. Safe to cancel.
async fn run_pending(
    function: &mut WarmFunction<'_>,
    waiting: &mut mpsc::Receiver<PendingInvocation>,
    replacements: &mut mpsc::UnboundedReceiver<LocalLambda>,
) -> Result<LocalLambda> {
    if function.is_concurrent() {
        return run_concurrently(function, waiting, replacements).await;
    }
    loop {
        tokio::select! {
            // A new version first: no invocation goes to an old one that could go to the new one.
            biased;
            Some(replacement) = replacements.recv() => return Ok(newest(replacement, replacements)),
            Some(invocation) = waiting.recv() => run_one(function, invocation).await?,
            () = function.idle() => {}
        }
    }
}

/// The same with several invocations at once. When there is a new version, those that are under way end first.
async fn run_concurrently(
    function: &mut WarmFunction<'_>,
    waiting: &mut mpsc::Receiver<PendingInvocation>,
    replacements: &mut mpsc::UnboundedReceiver<LocalLambda>,
) -> Result<LocalLambda> {
    // Dropping the sender ends the run.
    let (sender, mut queue) = mpsc::channel(1);
    let pass_on = async move {
        loop {
            tokio::select! {
                biased;
                Some(replacement) = replacements.recv() => return Ok(newest(replacement, replacements)),
                Ok(place) = sender.reserve() => tokio::select! {
                    biased;
                    Some(replacement) = replacements.recv() => return Ok(newest(replacement, replacements)),
                    Some(invocation) = waiting.recv() => place.send(invocation),
                },
            }
        }
    };
    tokio::try_join!(pass_on, function.run_concurrently(&mut queue)).map(|(replacement, ())| replacement)
}

/// Skips versions that were replaced before they ran.
fn newest(mut version: LocalLambda, replacements: &mut mpsc::UnboundedReceiver<LocalLambda>) -> LocalLambda {
    while let Ok(newer) = replacements.try_recv() {
        version = newer;
    }
    version
}

async fn run_one(function: &mut WarmFunction<'_>, invocation: PendingInvocation) -> Result<()> {
    let PendingInvocation { event, attempts, done, memory: _memory } = invocation;
    let mut finished = function.invoke(event.clone()).await?;
    for _ in 1..attempts {
        if finished.record.failure.is_none() {
            break;
        }
        finished = function.invoke(event.clone()).await?;
    }
    // The end of the stream of pieces is the end of the response.
    drop(event);
    let _ = done.send(finished);
    Ok(())
}
