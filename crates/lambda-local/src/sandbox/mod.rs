//! One sandbox from start to end: it starts the processes, answers their calls, hands out invocations, and detects failures.
//!
//! Everything happens in [`Sandbox::wait`]. It handles calls and process exits one at a time, until a condition holds or
//! something fails.

mod calls;
mod concurrent;
mod wait;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use anyhow::Result;
use hyper::body::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use crate::api::{self, Api, ApiResponse, BegunResponse, Call, InvocationHeaders, Metadata, Reply};
use crate::environment::{SandboxPaths, VERSION};
use crate::fault::{Fault, Outcome};
use crate::function::CallerContext;
use crate::http::Connection;
use crate::init::{OUTER_COMMAND, Program, Request, Setup};
use crate::launcher::Launcher;
use crate::lifecycle::Lifecycle;
use crate::log::{Log, LogPipe};
use crate::log_lines::milliseconds;
use crate::memory::Usage;
use crate::response_stream::ResponseSink;
use crate::storage::Storage;
use crate::telemetry::Source;
use crate::{FunctionConfig, FunctionFiles, LocalLambda};

use concurrent::Concurrent;

pub(crate) use concurrent::EndedInvocation;
pub(crate) use wait::{FOREVER, Until};

/// The name of the runtime's process. No extension can have it, since theirs are file names.
const RUNTIME: &str = "/runtime";

/// The file name of the runtime's log pipe.
const RUNTIME_PIPE: &str = "runtime";

/// How long a shutdown may take with external extensions (AWS Lambda developer guide, "Lambda execution environment").
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);
/// The same with internal extensions only. Without extensions there is no orderly shutdown.
const INTERNAL_SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);
/// The part of it that the runtime may use, as in AWS's emulator.
const RUNTIME_SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(600);

/// Calls that may wait for the sandbox.
const CALLS_LIMIT: usize = 64;

/// An invocation to hand out.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) trace_id: String,
    /// The ARN that the caller named.
    pub(crate) arn: String,
    pub(crate) caller: CallerContext,
    /// Receives a streamed response piece by piece.
    pub(crate) sink: ResponseSink,
}

/// The invocation that the runtime is working on.
struct HandedOut {
    invocation: Invocation,
    deadline: Instant,
    /// Names this delivery of the invocation, so that a late answer to another one is recognized.
    invocation_id: String,
    /// The connection that it was sent to.
    connection: Option<Connection>,
    /// Tells the response that began that the invocation is over, by being dropped.
    over: Option<oneshot::Sender<()>>,
}

impl HandedOut {
    fn new(invocation: Invocation, deadline: Instant) -> Self {
        Self { invocation, deadline, invocation_id: Uuid::new_v4().to_string(), connection: None, over: None }
    }

    fn begin_response(&mut self, config: &FunctionConfig) -> BegunResponse {
        let (sender, over) = oneshot::channel();
        self.over = Some(sender);
        BegunResponse { sink: self.invocation.sink.clone(), throttled: config.throttle_streams, over }
    }

    /// The answer to a runtime that asks for an invocation.
    fn for_runtime(&self) -> ApiResponse {
        let Invocation { request_id, payload, trace_id, arn, caller, .. } = &self.invocation;
        let headers = InvocationHeaders {
            request_id,
            invocation_id: &self.invocation_id,
            deadline_ms: epoch_milliseconds(self.deadline),
            arn,
            trace_id,
            client_context: caller.client_context.as_deref(),
            cognito_identity: caller.cognito_identity.as_deref(),
            tenant_id: caller.tenant_id.as_deref(),
        };
        api::next_invocation(headers, payload.clone())
    }

    /// The INVOKE event for extensions.
    fn for_extensions(&self) -> Value {
        json!({
            "eventType": "INVOKE", "deadlineMs": epoch_milliseconds(self.deadline),
            "requestId": self.invocation.request_id, "invokedFunctionArn": self.invocation.arn,
            "tracing": { "type": "X-Amzn-Trace-Id", "value": self.invocation.trace_id },
        })
    }
}

/// A call of the runtime that waits for an invocation.
struct WaitingCall {
    connection: Connection,
    reply: Reply,
}

/// Why a sandbox ends, for the SHUTDOWN event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShutdownReason {
    SpinDown,
    Timeout,
    Failure,
}

impl ShutdownReason {
    fn name(self) -> &'static str {
        match self {
            Self::SpinDown => "spindown",
            Self::Timeout => "timeout",
            Self::Failure => "failure",
        }
    }
}

/// A running sandbox.
pub(crate) struct Sandbox<'a> {
    lambda: &'a LocalLambda,
    isolated: bool,
    lifecycle: Lifecycle,
    /// Dropping it ends every process of the sandbox.
    launcher: Launcher,
    calls: mpsc::Receiver<Call>,
    /// Serves until the sandbox is dropped.
    _api: Api,
    log: Log,
    pipes: BTreeMap<String, LogPipe>,
    _log_directory: TempDir,
    environment: BTreeMap<String, String>,
    running: Vec<String>,
    /// The calls of the runtime that wait for an invocation, oldest first.
    runtime_waits: VecDeque<WaitingCall>,
    extensions_wait: BTreeMap<Uuid, Reply>,
    handed_out: Option<HandedOut>,
    /// The invocations under way, if there may be several at once. Then `handed_out` and `outcome` are not used.
    concurrent: Option<Concurrent>,
    outcome: Outcome,
    fault: Option<Fault>,
    pub(crate) usage: Usage,
    is_shutting_down: bool,
    /// The SHUTDOWN event, once the shutdown has begun.
    shutdown_event: Option<Value>,
}

impl<'a> Sandbox<'a> {
    /// Sets up a sandbox in which nothing runs yet, isolated if there is a storage for it. The inner error is why the kernel
    /// does not allow it.
    pub(crate) async fn set_up(
        lambda: &'a LocalLambda,
        storage: Option<&Storage>,
        log: &Log,
    ) -> Result<std::result::Result<Self, String>> {
        let files = &lambda.files;
        let isolated = storage.is_some();
        let storage = match storage.map(Storage::process) {
            Some(None) => return Ok(Err("the process that keeps `/tmp` was killed".to_owned())),
            process => process.flatten(),
        };
        log.telemetry().borrow_mut().restart();
        let log_directory = files.log_directory()?;
        let mut pipes = BTreeMap::new();
        let pipe = LogPipe::new(log_directory.path(), RUNTIME_PIPE, Source::Function, log.clone())?;
        pipes.insert(RUNTIME.to_owned(), pipe);
        for (index, name) in files.extensions.iter().enumerate() {
            let pipe =
                LogPipe::new(log_directory.path(), &format!("extension-{index}"), Source::Extension, log.clone())?;
            pipes.insert(name.clone(), pipe);
        }
        let setup = Setup {
            storage,
            directories: files.directories(),
            logs: pipes.iter().map(|(name, pipe)| (name.clone(), pipe.path().to_owned())).collect(),
            open_files: lambda.config.open_files_limit(),
            emulator: files.emulation.emulator.clone(),
        };
        let launcher = match &lambda.runtime_listener {
            Some(_) => Launcher::none(),
            None => match Launcher::start(OUTER_COMMAND, &setup).await? {
                Ok(launcher) => launcher,
                Err(reason) => return Ok(Err(reason)),
            },
        };
        let (sender, calls) = mpsc::channel(CALLS_LIMIT);
        let metadata = Metadata::new(lambda.config.region());
        let metadata_token = metadata.token.clone();
        let api = Api::start(sender, metadata, lambda.runtime_listener.as_ref()).await?;
        let mut environment = lambda.config.environment(SandboxPaths {
            api: &api.address,
            metadata_token: &metadata_token,
            task: &files.task_root(isolated),
            layers: &files.layers_root(isolated),
        });
        if !files.has_zip {
            environment.remove("LAMBDA_TASK_ROOT");
        }
        if let Some(root) = &files.emulation.library_root {
            environment.insert("QEMU_LD_PREFIX".into(), root.to_string_lossy().into_owned());
        }
        Ok(Ok(Self {
            lambda,
            isolated,
            lifecycle: Lifecycle::new(&files.extensions, lambda.config.concurrency.is_some()),
            launcher,
            calls,
            _api: api,
            log: log.clone(),
            pipes,
            _log_directory: log_directory,
            environment,
            running: Vec::new(),
            runtime_waits: VecDeque::new(),
            extensions_wait: BTreeMap::new(),
            handed_out: None,
            concurrent: lambda.config.concurrency.map(Concurrent::new),
            outcome: Outcome::default(),
            fault: None,
            usage: Usage::default(),
            is_shutting_down: false,
            shutdown_event: None,
        }))
    }

    /// The variables of its processes.
    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    fn config(&self) -> &'a FunctionConfig {
        &self.lambda.config
    }

    fn files(&self) -> &'a FunctionFiles {
        &self.lambda.files
    }

    /// Starts the extensions, then the runtime, and waits until all of them wait for an invocation.
    pub(crate) async fn init(&mut self, phase: &str, deadline: Instant) -> Result<(), Fault> {
        let config = self.config();
        let started = Instant::now();
        self.platform(
            "initStart",
            &json!({
                "initializationType": config.initialization_type(), "phase": phase, "functionName": config.name,
                "functionVersion": VERSION, "runtimeVersion": "provided",
                "instanceMaxMemory": u64::from(config.memory) << 20,
            }),
        );
        let outcome = self.start_all(deadline).await;
        let status = match &outcome {
            Ok(()) => "success",
            Err(Fault::TimedOut | Fault::ExtensionNotRegistered { .. }) => "timeout",
            Err(_) => "error",
        };
        let done = json!({ "initializationType": config.initialization_type(), "phase": phase, "status": status });
        self.platform("initRuntimeDone", &done);
        for (name, events) in self.lifecycle.registrations() {
            let state = if outcome.is_ok() { "Ready" } else { "Failed" };
            self.platform("extension", &json!({ "name": name, "state": state, "events": events }));
        }
        let mut report = done;
        report["metrics"] = json!({ "durationMs": milliseconds(started.elapsed()) });
        self.platform("initReport", &report);
        self.catch_up().await;
        outcome
    }

    async fn start_all(&mut self, deadline: Instant) -> Result<(), Fault> {
        if self.lambda.runtime_listener.is_some() {
            // The user starts the runtime.
            return self.wait(Until::AllReady, Some(deadline)).await;
        }
        let root = self.files().layers_root(self.isolated);
        for name in &self.files().extensions {
            let command = self.files().command(format!("{root}/extensions/{name}"), self.isolated);
            self.start(name, command, &root).await;
        }
        let registered = self.wait(Until::ExtensionsRegistered, Some(deadline)).await;
        registered.map_err(|fault| self.lifecycle.explain_registration(fault))?;
        let Some(bootstrap) = self.files().bootstrap(self.isolated) else {
            let (task, layers) = (self.files().task_root(self.isolated), root);
            let message = format!("Couldn't find valid bootstrap(s): [{task}/bootstrap {layers}/bootstrap]");
            return Err(Fault::InvalidEntrypoint(message));
        };
        let command = self.files().command(bootstrap, self.isolated);
        let directory = self.files().task_root(self.isolated);
        self.start(RUNTIME, command, &directory).await;
        self.wait(Until::RuntimeReady, Some(deadline)).await?;
        // Until now a measured process may still have been this program, before it executes the function's.
        self.usage = Usage::default();
        self.wait(Until::AllReady, Some(deadline)).await
    }

    async fn start(&mut self, name: &str, command: Vec<String>, directory: &str) {
        let environment = self.environment.clone();
        let program = Program { name: name.to_owned(), command, environment, directory: directory.to_owned() };
        self.running.push(name.to_owned());
        self.launcher.request(&Request::Start(program)).await;
    }

    /// Hands out an invocation, and waits until the runtime and the extensions are done with it.
    pub(crate) async fn invoke(&mut self, invocation: &Invocation, started: Instant) -> Outcome {
        let deadline = started + self.config().timeout;
        self.outcome = Outcome::default();
        self.log.telemetry().borrow_mut().close();
        let request_id = invocation.request_id.as_str();
        let result = match self.wait(Until::AllReady, Some(deadline)).await {
            Ok(()) => self.hand_out(invocation, deadline).await,
            Err(fault) => Err(fault),
        };
        self.handed_out = None;
        let mut outcome = std::mem::take(&mut self.outcome);
        if let Err(fault) = result {
            let failure = fault.failure(self.config().timeout, false);
            if outcome.payload.is_none() {
                outcome.payload = Some(failure.payload(request_id));
            }
            outcome.failure = Some(failure);
        }
        self.catch_up().await;
        outcome
    }

    async fn hand_out(&mut self, invocation: &Invocation, deadline: Instant) -> Result<(), Fault> {
        let request_id = invocation.request_id.as_str();
        let handed_out = HandedOut::new(invocation.clone(), deadline);
        let event = handed_out.for_extensions();
        self.handed_out = Some(handed_out);
        for id in self.lifecycle.begin_invocation(request_id) {
            self.send_event(id, &event);
        }
        self.give_invocation();
        let started = Instant::now();
        let outcome = self.wait(Until::RuntimeDone, Some(deadline)).await;
        let status = match (&outcome, &self.outcome.failure) {
            (Err(Fault::TimedOut), _) => "timeout",
            (Err(_), _) => "failure",
            (Ok(()), Some(_)) => "error",
            (Ok(()), None) => "success",
        };
        self.catch_up().await;
        self.platform(
            "runtimeDone",
            &json!({
                "requestId": request_id, "status": status,
                "metrics": { "durationMs": milliseconds(started.elapsed()), "producedBytes": self.outcome.payload.as_ref().map_or(0, Bytes::len) },
            }),
        );
        outcome?;
        self.wait(Until::AllReady, Some(deadline)).await
    }

    /// Answers calls between invocations. Returns when something fails. Safe to cancel.
    pub(crate) async fn idle(&mut self) -> Fault {
        match self.wait(Until::Never, None).await {
            Err(fault) => fault,
            Ok(()) => Fault::SandboxGone,
        }
    }

    pub(crate) async fn catch_up(&mut self) {
        self.measure_memory();
        for pipe in self.pipes.values() {
            pipe.catch_up().await;
        }
    }

    fn platform(&self, name: &str, record: &Value) {
        self.log.telemetry().borrow_mut().platform(name, record);
    }

    /// Ends the sandbox: extensions are notified and have a little time, then everything is killed.
    pub(crate) async fn shut_down(mut self, reason: ShutdownReason) {
        self.is_shutting_down = true;
        let timeout = if self.lifecycle.has_external_extensions() {
            SHUTDOWN_TIMEOUT
        } else if self.lifecycle.has_internal_extensions() {
            INTERNAL_SHUTDOWN_TIMEOUT
        } else {
            Duration::ZERO
        };
        if !timeout.is_zero() {
            self.end_orderly(reason, Instant::now() + timeout).await;
        }
        self.catch_up().await;
        flush_telemetry(&self.log).await;
        self.launcher.close().await;
    }

    async fn end_orderly(&mut self, reason: ShutdownReason, deadline: Instant) {
        if self.running.iter().any(|name| name == RUNTIME) {
            self.launcher.request(&Request::Terminate(RUNTIME.into())).await;
            let _ = self.wait(Until::RuntimeEnded, Some(deadline.min(Instant::now() + RUNTIME_SHUTDOWN_TIMEOUT))).await;
            self.launcher.request(&Request::Kill(RUNTIME.into())).await;
        }
        flush_telemetry(&self.log).await;
        let event = json!({
            "eventType": "SHUTDOWN", "shutdownReason": reason.name(), "deadlineMs": epoch_milliseconds(deadline),
        });
        self.shutdown_event = Some(event);
        self.send_shutdown();
        for name in self.lifecycle.extensions_without_shutdown() {
            self.launcher.request(&Request::Kill(name)).await;
        }
        let _ = self.wait(Until::Ended, Some(deadline)).await;
    }
}

async fn flush_telemetry(log: &Log) {
    let flushed = log.telemetry().borrow_mut().flush();
    for flushed in flushed {
        let _ = flushed.await;
    }
}

/// A moment as milliseconds since 1970.
fn epoch_milliseconds(moment: Instant) -> i128 {
    let left = moment.saturating_duration_since(Instant::now());
    (OffsetDateTime::now_utc() + left).unix_timestamp_nanos() / 1_000_000
}
