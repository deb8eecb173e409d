//! A function between invocations: starts a sandbox when there is work, reuses it, and replaces it after a failure.

mod concurrent;

use std::time::Duration;

use anyhow::Result;
use hyper::body::Bytes;
use serde_json::json;
use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use crate::environment::VERSION;
use crate::fault::{Fault, Outcome};
use crate::init::raise_open_files_limit;
use crate::log::Log;
use crate::response_stream::ResponseSink;
use crate::run::Interrupts;
use crate::sandbox::{FOREVER, Invocation, Sandbox, ShutdownReason};
use crate::storage::Storage;
use crate::{
    ExecutionMode, FailureKind, FunctionConfig, Interrupt, InvocationFailure, InvocationRecord, Isolation, LocalLambda,
    Progress, SetupError, log_lines,
};
use lambda_zip_error::{ErrorKind, Failure};

pub(crate) use concurrent::PendingInvocation;

/// How long a start may take (AWS Lambda developer guide, "Lambda execution environment"). A start that takes longer is
/// repeated during the invocation, within its timeout.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// The same on Lambda Managed Instances: at least this long, at most [`MANAGED_INIT_LIMIT`], otherwise as long as an
/// invocation (AWS Lambda developer guide, "Understanding the Lambda Managed Instances execution environment").
const MANAGED_INIT_TIMEOUT: Duration = Duration::from_secs(130);
const MANAGED_INIT_LIMIT: Duration = Duration::from_secs(900);

/// A function and, between invocations, the sandbox that serves them.
pub(crate) struct WarmFunction<'a> {
    lambda: &'a LocalLambda,
    log: &'a Log,
    /// `/tmp` of the sandboxes. `None` if they are not isolated.
    storage: Option<Storage>,
    /// An empty sandbox for the next start.
    prepared: Option<Sandbox<'a>>,
    /// A started sandbox that waits for an invocation.
    sandbox: Option<Sandbox<'a>>,
}

/// A start that failed, and how long it took.
struct FailedStart {
    fault: Fault,
    duration: Duration,
}

/// What a caller passes along with an event.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallerContext {
    /// JSON.
    pub(crate) client_context: Option<String>,
    pub(crate) cognito_identity: Option<String>,
    pub(crate) tenant_id: Option<String>,
    /// The trace that the invocation belongs to: `1-…-…`.
    pub(crate) trace_root: Option<String>,
    /// A version or an alias.
    pub(crate) qualifier: Option<String>,
}

/// One event for the function.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) caller: CallerContext,
    /// Receives a streamed response piece by piece.
    pub(crate) sink: ResponseSink,
}

impl Event {
    /// An event with a new request id, from a caller that passes nothing else.
    pub(crate) fn new(payload: Bytes, sink: ResponseSink) -> Self {
        Self { request_id: Uuid::new_v4().to_string(), payload, caller: CallerContext::default(), sink }
    }
}

/// A finished invocation.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) record: InvocationRecord,
    /// The response, or an error as JSON. `None` if the response was streamed.
    pub(crate) payload: Option<Bytes>,
}

impl<'a> WarmFunction<'a> {
    /// Sets up the first sandbox, which shows whether this machine can isolate the function.
    pub(crate) async fn new(
        lambda: &'a LocalLambda,
        log: &'a Log,
        progress: &mut impl FnMut(Progress<'_>),
    ) -> Result<Self> {
        if lambda.config.concurrency.is_some() {
            raise_open_files_limit()?;
        }
        let function = |storage, prepared| Self { lambda, log, storage, prepared, sandbox: None };
        if lambda.runtime_listener.is_some() {
            let refused = |reason| Failure::new(ErrorKind::Setup, format!("failed to set up the sandbox: {reason}"));
            let sandbox = Sandbox::set_up(lambda, None, log).await?.map_err(refused)?;
            progress(Progress::WaitingForRuntime(sandbox.environment()));
            return Ok(function(None, Some(sandbox)));
        }
        if lambda.isolation == Isolation::None {
            return Ok(function(None, None));
        }
        match set_up_isolated(lambda, log).await? {
            Ok((storage, sandbox)) => Ok(function(Some(storage), Some(sandbox))),
            Err(reason) if lambda.isolation == Isolation::Auto => {
                progress(Progress::NotIsolated(&reason));
                Ok(function(None, None))
            }
            Err(reason) => Err(SetupError::Isolation(reason).into()),
        }
    }

    pub(crate) fn mode(&self) -> ExecutionMode {
        ExecutionMode {
            isolated: self.storage.is_some(),
            emulated: self.lambda.files.emulation.is_foreign,
            external: self.lambda.runtime_listener.is_some(),
        }
    }

    /// Runs one invocation, from its start to its REPORT line.
    pub(crate) async fn invoke(&mut self, event: Event) -> Result<Finished> {
        let request_id = event.request_id.clone();
        self.log.take_kept();
        let mut init_duration = None;
        let mut init_failed = false;
        if self.sandbox.is_none() {
            match self.boot("init", self.init_timeout()).await? {
                Ok((sandbox, duration)) => {
                    self.sandbox = Some(sandbox);
                    init_duration = Some(duration);
                }
                Err(failed) => {
                    self.report_init("init", &failed).await;
                    init_failed = true;
                }
            }
        }
        self.log.platform(&format!("START RequestId: {request_id} Version: {VERSION}")).await;
        self.telemetry("start", &json!({ "requestId": request_id, "version": VERSION }));
        let started = Instant::now();
        let outcome = self.run(event, init_failed, started).await?;
        let duration = started.elapsed().min(self.lambda.config.timeout);
        let Outcome { payload, failure } = outcome;
        let mut record = InvocationRecord {
            request_id,
            failure,
            init_duration,
            duration,
            memory_size: self.lambda.config.memory,
            memory_used: self.sandbox.as_ref().map_or(0, |sandbox| sandbox.usage.peak.div_ceil(1024)),
            log: Vec::new(),
        };
        for line in log_lines::end_lines(&record, OffsetDateTime::now_utc()) {
            self.log.platform(&line).await;
        }
        self.telemetry("report", &log_lines::report_telemetry(&record));
        record.log = self.log.take_kept();
        self.discard_unusable(record.failure.as_ref()).await;
        Ok(Finished { record, payload })
    }

    /// Hands the event to the sandbox. If the start failed, it is repeated once, within the time of the invocation.
    async fn run(&mut self, event: Event, init_failed: bool, started: Instant) -> Result<Outcome> {
        if init_failed {
            match self.boot("invoke", self.lambda.config.timeout).await? {
                Ok((sandbox, _)) => self.sandbox = Some(sandbox),
                Err(failed) => {
                    self.report_init("invoke", &failed).await;
                    return Ok(self.failed_start(&failed.fault, &event.request_id));
                }
            }
        }
        let invocation = self.invocation(event);
        Ok(match &mut self.sandbox {
            Some(sandbox) => sandbox.invoke(&invocation, started).await,
            None => self.failed_start(&Fault::SandboxGone, &invocation.request_id),
        })
    }

    fn init_timeout(&self) -> Duration {
        let FunctionConfig { concurrency, timeout, .. } = &self.lambda.config;
        if concurrency.is_some() { (*timeout).clamp(MANAGED_INIT_TIMEOUT, MANAGED_INIT_LIMIT) } else { INIT_TIMEOUT }
    }

    fn invocation(&self, event: Event) -> Invocation {
        let Event { request_id, payload, caller, sink } = event;
        let arn = self.lambda.config.arn(caller.qualifier.as_deref());
        Invocation { request_id, payload, trace_id: trace_id(caller.trace_root.as_deref()), arn, caller, sink }
    }

    /// True if several invocations may be under way at once.
    pub(crate) fn is_concurrent(&self) -> bool {
        self.lambda.config.concurrency.is_some()
    }

    /// Starts a sandbox with its processes. Returns how long they took to start.
    async fn boot(
        &mut self,
        phase: &str,
        timeout: Duration,
    ) -> Result<std::result::Result<(Sandbox<'a>, Duration), FailedStart>> {
        let prepared = match self.prepared.take() {
            Some(sandbox) => Ok(sandbox),
            None => Sandbox::set_up(self.lambda, self.storage.as_ref(), self.log).await?,
        };
        let refused = |reason| Failure::new(ErrorKind::Setup, format!("failed to set up the sandbox: {reason}"));
        let mut sandbox = prepared.map_err(refused)?;
        let started = Instant::now();
        // The user may take any time to start the runtime.
        let timeout = if self.lambda.runtime_listener.is_some() { FOREVER } else { timeout };
        let outcome = sandbox.init(phase, started + timeout).await;
        let duration = started.elapsed();
        Ok(match outcome {
            Ok(()) => Ok((sandbox, duration)),
            Err(fault) => {
                let failure = fault.failure(self.lambda.config.timeout, true);
                sandbox.shut_down(shutdown_reason(Some(&failure))).await;
                Err(FailedStart { fault, duration })
            }
        })
    }

    fn failed_start(&self, fault: &Fault, request_id: &str) -> Outcome {
        let failure = fault.failure(self.lambda.config.timeout, true);
        let payload = match fault {
            Fault::InitError { payload, .. } => payload.clone(),
            _ => failure.payload(request_id),
        };
        Outcome { payload: Some(payload), failure: Some(failure) }
    }

    async fn report_init(&self, phase: &str, FailedStart { fault, duration }: &FailedStart) {
        let failure = fault.failure(self.lambda.config.timeout, true);
        self.log.platform(&log_lines::init_line(phase, *duration, &failure)).await;
    }

    fn telemetry(&self, name: &str, record: &serde_json::Value) {
        self.log.telemetry().borrow_mut().platform(name, record);
    }

    /// Ends the sandbox after a failure. Only an error that the handler returned leaves the sandbox usable.
    async fn discard_unusable(&mut self, failure: Option<&InvocationFailure>) {
        let is_usable = failure.is_none_or(|failure| failure.kind == FailureKind::FunctionError);
        if (self.lambda.cold || !is_usable)
            && let Some(sandbox) = self.sandbox.take()
        {
            sandbox.shut_down(shutdown_reason(failure)).await;
        }
    }

    /// Serves the sandbox between invocations. Never returns; safe to cancel.
    pub(crate) async fn idle(&mut self) {
        if let Some(sandbox) = &mut self.sandbox {
            let fault = sandbox.idle().await;
            let failure = fault.failure(self.lambda.config.timeout, false);
            self.log.platform(&format!("{} between invocations: {}", failure.error_type, failure.message)).await;
            if let Some(sandbox) = self.sandbox.take() {
                sandbox.shut_down(ShutdownReason::Failure).await;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Ends the sandbox in an orderly way, or at once if a signal arrives. Returns that signal.
    pub(crate) async fn shut_down_unless(&mut self, interrupts: &mut Interrupts) -> Option<Interrupt> {
        // Cancelling the shutdown drops the sandbox, which kills everything in it.
        tokio::select! {
            () = self.shut_down() => None,
            signal = interrupts.next() => Some(signal),
        }
    }

    /// Ends the sandbox in an orderly way.
    pub(crate) async fn shut_down(&mut self) {
        self.prepared = None;
        if let Some(sandbox) = self.sandbox.take() {
            sandbox.shut_down(ShutdownReason::SpinDown).await;
        }
    }
}

/// Sets up the first sandbox. The inner error is why the kernel does not allow it.
async fn set_up_isolated<'a>(
    lambda: &'a LocalLambda,
    log: &Log,
) -> Result<std::result::Result<(Storage, Sandbox<'a>), String>> {
    let directories = lambda.files.directories();
    let storage = match Storage::start(&directories.temporary, lambda.config.ephemeral_storage).await? {
        Ok(storage) => storage,
        Err(reason) => return Ok(Err(reason)),
    };
    let sandbox = Sandbox::set_up(lambda, Some(&storage), log).await?;
    Ok(sandbox.map(|sandbox| (storage, sandbox)))
}

fn shutdown_reason(failure: Option<&InvocationFailure>) -> ShutdownReason {
    match failure {
        None => ShutdownReason::SpinDown,
        Some(failure) if failure.is_timeout() => ShutdownReason::Timeout,
        Some(failure) if failure.kind == FailureKind::FunctionError => ShutdownReason::SpinDown,
        Some(_) => ShutdownReason::Failure,
    }
}

/// A trace that is not sampled: the caller's, or a new one.
fn trace_id(root: Option<&str>) -> String {
    let parent = &Uuid::new_v4().simple().to_string()[..16];
    let root = root.map_or_else(new_trace_root, str::to_owned);
    format!("Root={root};Parent={parent};Sampled=0")
}

/// The id of a new trace: a version, the time, and a random part.
pub(crate) fn new_trace_root() -> String {
    let random = Uuid::new_v4().simple().to_string();
    let now = OffsetDateTime::now_utc().unix_timestamp();
    format!("1-{now:08x}-{}", &random[..24])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_has_the_form_of_x_ray() {
        let trace = trace_id(None);
        assert!(trace.starts_with("Root=1-") && trace.ends_with(";Sampled=0"), "{trace}");
        assert_eq!(trace.len(), "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0".len());
        assert!(trace_id(Some("1-2-3")).starts_with("Root=1-2-3;Parent="));
    }
}
