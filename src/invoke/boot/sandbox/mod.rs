//! One sandbox, from its start to its end: it starts the processes, answers their calls, hands out invocations, and
//! notices what goes wrong.
//!
//! Everything happens in [`Sandbox::wait`]: calls and ends of processes are taken one at a time, until what was waited for
//! has come or something went wrong.

mod calls;
mod wait;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use hyper::body::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use super::api::{self, Api, ApiResponse, Call, InvocationHeaders, Reply};
use super::init::{Program, Request, Setup};
use super::launcher::Launcher;
use super::lifecycle::Lifecycle;
use super::log::{Log, LogPipe};
use super::memory::Usage;
use super::outcome::{Fault, Outcome};
use super::record::milliseconds;
use super::settings::{Settings, VERSION};
use super::telemetry::Source;
use super::workspace::Workspace;

use wait::Until;

/// The name of the runtime among the processes. No extension has it: theirs are names of files.
const RUNTIME: &str = "/runtime";

/// The name of the runtime's pipe.
const RUNTIME_PIPE: &str = "runtime";

/// How long extensions may take to end, and the part of it that the runtime gets, by the AWS Lambda developer guide,
/// "Lambda execution environment", and its emulator. Without extensions nobody is asked.
const SHUTDOWN_TIME: Duration = Duration::from_secs(2);
const SHUTDOWN_TIME_INTERNAL: Duration = Duration::from_millis(500);
const SHUTDOWN_TIME_OF_RUNTIME: Duration = Duration::from_millis(600);

/// More calls than wait at once: the runtime's and two for each extension.
const CALLS_LIMIT: usize = 64;

/// An invocation that is to be handed out.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) trace_id: String,
    pub(super) client_context: Option<String>,
    /// Where a streamed response goes as it comes.
    pub(super) sink: mpsc::Sender<Bytes>,
}

/// The invocation that the runtime has.
struct HandedOut {
    invocation: Invocation,
    deadline: Instant,
}

impl HandedOut {
    /// As runtimes get it.
    fn for_runtime(&self, arn: &str) -> ApiResponse {
        let Invocation { request_id, payload, trace_id, client_context, .. } = &self.invocation;
        let headers = InvocationHeaders {
            request_id,
            deadline_ms: epoch_milliseconds(self.deadline),
            arn,
            trace_id,
            client_context: client_context.as_deref(),
        };
        api::next_invocation(headers, payload.clone())
    }

    /// As extensions get to know of it.
    fn for_extensions(&self, arn: &str) -> Value {
        json!({
            "eventType": "INVOKE", "deadlineMs": epoch_milliseconds(self.deadline),
            "requestId": self.invocation.request_id, "invokedFunctionArn": arn,
            "tracing": { "type": "X-Amzn-Trace-Id", "value": self.invocation.trace_id },
        })
    }
}

/// Why a sandbox ends, as extensions get to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShutdownReason {
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

/// A sandbox that runs.
pub(super) struct Sandbox<'a> {
    settings: &'a Settings,
    workspace: &'a Workspace,
    isolated: bool,
    lifecycle: Lifecycle,
    /// Stands for everything in the sandbox: it ends with this.
    launcher: Launcher,
    calls: mpsc::Receiver<Call>,
    /// Serves for as long as the sandbox is there.
    _api: Api,
    log: Log,
    pipes: BTreeMap<String, LogPipe>,
    _log_folder: TempDir,
    environment: BTreeMap<String, String>,
    running: Vec<String>,
    runtime_waits: Option<Reply>,
    extensions_wait: BTreeMap<Uuid, Reply>,
    handed_out: Option<HandedOut>,
    outcome: Outcome,
    fault: Option<Fault>,
    pub(super) usage: Usage,
    is_shutting_down: bool,
    /// What extensions are told of the end.
    shutdown_event: Option<Value>,
}

impl<'a> Sandbox<'a> {
    /// Sets a sandbox up, in which nothing runs yet. The inner error says why it cannot be isolated.
    pub(super) async fn set_up(
        settings: &'a Settings,
        workspace: &'a Workspace,
        isolated: bool,
        log: &Log,
    ) -> Result<std::result::Result<Self, String>> {
        log.telemetry().borrow_mut().restart();
        let log_folder = workspace.log_folder()?;
        let mut pipes = BTreeMap::new();
        let pipe = LogPipe::new(log_folder.path(), RUNTIME_PIPE, Source::Function, log.clone())?;
        pipes.insert(RUNTIME.to_owned(), pipe);
        for (index, name) in workspace.extensions.iter().enumerate() {
            let pipe = LogPipe::new(log_folder.path(), &format!("extension-{index}"), Source::Extension, log.clone())?;
            pipes.insert(name.clone(), pipe);
        }
        let setup = Setup {
            isolated,
            folders: workspace.folders(),
            logs: pipes.iter().map(|(name, pipe)| (name.clone(), pipe.path().to_owned())).collect(),
            emulator: workspace.emulation.emulator.clone(),
        };
        let launcher = match Launcher::start(&setup).await? {
            Ok(launcher) => launcher,
            Err(reason) => return Ok(Err(reason)),
        };
        let (sender, calls) = mpsc::channel(CALLS_LIMIT);
        let api = Api::start(sender).await?;
        let mut environment =
            settings.environment(&api.address, &workspace.task_root(isolated), &workspace.layers_root(isolated));
        if let Some(root) = &workspace.emulation.library_root {
            environment.insert("QEMU_LD_PREFIX".into(), root.to_string_lossy().into_owned());
        }
        Ok(Ok(Self {
            settings,
            workspace,
            isolated,
            lifecycle: Lifecycle::new(&workspace.extensions),
            launcher,
            calls,
            _api: api,
            log: log.clone(),
            pipes,
            _log_folder: log_folder,
            environment,
            running: Vec::new(),
            runtime_waits: None,
            extensions_wait: BTreeMap::new(),
            handed_out: None,
            outcome: Outcome::default(),
            fault: None,
            usage: Usage::default(),
            is_shutting_down: false,
            shutdown_event: None,
        }))
    }

    /// Starts the extensions, then the runtime, and waits until all of them wait for an invocation.
    pub(super) async fn init(&mut self, phase: &str, deadline: Instant) -> Result<(), Fault> {
        let settings = self.settings;
        let started = Instant::now();
        self.platform(
            "initStart",
            &json!({
                "initializationType": "on-demand", "phase": phase, "functionName": settings.function_name,
                "functionVersion": VERSION, "runtimeVersion": "provided",
                "instanceMaxMemory": u64::from(settings.memory) << 20,
            }),
        );
        let outcome = self.start_all(deadline).await;
        let status = match &outcome {
            Ok(()) => "success",
            Err(Fault::TimedOut) => "timeout",
            Err(_) => "error",
        };
        let done = json!({ "initializationType": "on-demand", "phase": phase, "status": status });
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
        let root = self.workspace.layers_root(self.isolated);
        for name in &self.workspace.extensions {
            let command = self.workspace.command(format!("{root}/extensions/{name}"), self.isolated);
            self.start(name, command, &root).await;
        }
        self.wait(Until::ExtensionsRegistered, Some(deadline)).await?;
        let Some(bootstrap) = self.workspace.bootstrap(self.isolated) else {
            let (task, layers) = (self.workspace.task_root(self.isolated), root);
            let message = format!("Couldn't find valid bootstrap(s): [{task}/bootstrap {layers}/bootstrap]");
            return Err(Fault::InvalidEntrypoint(message));
        };
        let command = self.workspace.command(bootstrap, self.isolated);
        let folder = self.workspace.task_root(self.isolated);
        self.start(RUNTIME, command, &folder).await;
        self.wait(Until::RuntimeReady, Some(deadline)).await?;
        // Until now processes may have been seen that had yet to become what they are.
        self.usage = Usage::default();
        self.wait(Until::AllReady, Some(deadline)).await
    }

    async fn start(&mut self, name: &str, command: Vec<String>, folder: &str) {
        let environment = self.environment.clone();
        let program = Program { name: name.to_owned(), command, environment, folder: folder.to_owned() };
        self.running.push(name.to_owned());
        self.launcher.request(&Request::Start(program)).await;
    }

    /// Hands an invocation out, and waits until everybody is done with it.
    pub(super) async fn invoke(&mut self, invocation: &Invocation, started: Instant) -> Outcome {
        let deadline = started + self.settings.timeout;
        self.outcome = Outcome::default();
        self.log.telemetry().borrow_mut().close();
        let request_id = invocation.request_id.as_str();
        let faultless = match self.wait(Until::AllReady, Some(deadline)).await {
            Ok(()) => self.hand_out(invocation, deadline).await,
            Err(fault) => Err(fault),
        };
        self.handed_out = None;
        let mut outcome = std::mem::take(&mut self.outcome);
        if let Err(fault) = faultless {
            let failed = fault.failed(self.settings.timeout, false);
            if outcome.payload.is_none() {
                outcome.payload = Some(failed.payload(request_id));
            }
            outcome.failure = Some(failed);
        }
        self.catch_up().await;
        outcome
    }

    async fn hand_out(&mut self, invocation: &Invocation, deadline: Instant) -> Result<(), Fault> {
        let request_id = invocation.request_id.as_str();
        let handed_out = HandedOut { invocation: invocation.clone(), deadline };
        let event = handed_out.for_extensions(&self.settings.arn());
        self.handed_out = Some(handed_out);
        for id in self.lifecycle.begin_invocation(request_id) {
            self.tell(id, &event);
        }
        if let Some(reply) = self.runtime_waits.take() {
            self.give_invocation(reply);
        }
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

    /// Answers calls while there is nothing else to do. Returns when something went wrong. May be cancelled.
    pub(super) async fn idle(&mut self) -> Fault {
        match self.wait(Until::Never, None).await {
            Err(fault) => fault,
            Ok(()) => Fault::SandboxGone,
        }
    }

    async fn catch_up(&mut self) {
        self.look_at_memory();
        for pipe in self.pipes.values() {
            pipe.catch_up().await;
        }
    }

    fn platform(&self, name: &str, record: &Value) {
        self.log.telemetry().borrow_mut().platform(name, record);
    }

    /// Ends the sandbox: whoever listens is told and gets a little time, then everything is killed.
    pub(super) async fn shut_down(mut self, reason: ShutdownReason) {
        self.is_shutting_down = true;
        let time = if self.lifecycle.has_external_extensions() {
            SHUTDOWN_TIME
        } else if self.lifecycle.has_internal_extensions() {
            SHUTDOWN_TIME_INTERNAL
        } else {
            Duration::ZERO
        };
        if !time.is_zero() {
            self.end_gently(reason, Instant::now() + time).await;
        }
        self.catch_up().await;
        flush_telemetry(&self.log).await;
        self.launcher.close().await;
    }

    async fn end_gently(&mut self, reason: ShutdownReason, deadline: Instant) {
        if self.running.iter().any(|name| name == RUNTIME) {
            self.launcher.request(&Request::Terminate(RUNTIME.into())).await;
            let _ = self.wait(Until::RuntimeEnded, Some(deadline.min(Instant::now() + SHUTDOWN_TIME_OF_RUNTIME))).await;
            self.launcher.request(&Request::Kill(RUNTIME.into())).await;
        }
        flush_telemetry(&self.log).await;
        let event = json!({
            "eventType": "SHUTDOWN", "shutdownReason": reason.name(), "deadlineMs": epoch_milliseconds(deadline),
        });
        self.shutdown_event = Some(event);
        self.tell_of_shutdown();
        for name in self.lifecycle.indifferent_extensions() {
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
