//! One sandbox, from its start to its end: it starts the processes, answers their calls, hands out invocations, and
//! notices what goes wrong.
//!
//! Everything happens in [`Sandbox::wait`]: calls and ends of processes are taken one at a time, until what was waited for
//! has come or something went wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use hyper::StatusCode;
use hyper::body::Bytes;
use serde_json::json;
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use uuid::Uuid;

use super::api::{self, Api, Call, Ending, InvocationHeaders, Reply};
use super::init::{Notice, Program, Request, Setup};
use super::launcher::Launcher;
use super::lifecycle::{ApiError, Lifecycle};
use super::log::{Log, LogPipe};
use super::memory::{self, Usage};
use super::outcome::{Fault, Outcome, field, function_error};
use super::settings::{Settings, VERSION};
use super::telemetry::Source;
use super::workspace::Workspace;

/// The name of the runtime among the processes. No extension has it: theirs are names of files.
const RUNTIME: &str = "/runtime";

/// The name of the runtime's pipe.
const RUNTIME_PIPE: &str = "runtime";

/// How often the memory of the processes is looked at.
const MEMORY_INTERVAL: Duration = Duration::from_millis(100);

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

/// What an invocation or a start is waiting for.
enum Until {
    ExtensionsRegistered,
    RuntimeReady,
    AllReady,
    RuntimeDone,
    RuntimeEnded,
    /// Everything that was started has ended.
    Ended,
    Never,
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
    /// Where a streamed response goes.
    sink: Option<mpsc::Sender<Bytes>>,
    outcome: Outcome,
    fault: Option<Fault>,
    pub(super) usage: Usage,
    is_shutting_down: bool,
    /// What extensions are told of the end.
    shutdown_event: Option<serde_json::Value>,
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
            sink: None,
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
        self.platform(
            "initStart",
            &json!({
                "initializationType": "on-demand", "phase": phase, "functionName": settings.function_name,
                "functionVersion": VERSION, "runtimeVersion": "provided", "instanceMaxMemory": u64::from(settings.memory) << 20,
            }),
        );
        let outcome = self.start_all(deadline).await;
        let status = match &outcome {
            Ok(()) => "success",
            Err(Fault::TimedOut) => "timeout",
            Err(_) => "error",
        };
        self.platform(
            "initRuntimeDone",
            &json!({ "initializationType": "on-demand", "phase": phase, "status": status }),
        );
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
        self.sink = None;
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
        let Invocation { request_id, payload, trace_id, client_context, sink } = invocation;
        let arn = self.settings.arn();
        let deadline_ms = epoch_milliseconds(deadline);
        let headers = InvocationHeaders {
            request_id,
            deadline_ms,
            arn: &arn,
            trace_id,
            client_context: client_context.as_deref(),
        };
        self.sink = Some(sink.clone());
        for id in self.lifecycle.begin_invocation(request_id) {
            let event = json!({
                "eventType": "INVOKE", "deadlineMs": deadline_ms, "requestId": request_id, "invokedFunctionArn": arn,
                "tracing": { "type": "X-Amzn-Trace-Id", "value": trace_id },
            });
            self.tell(id, &event);
        }
        if let Some(reply) = self.runtime_waits.take() {
            let _ = reply.send(api::next_invocation(headers, payload.clone()));
        }
        let started = Instant::now();
        let outcome = self.wait(Until::RuntimeDone, Some(deadline)).await;
        self.sink = None;
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

    /// Waits, and answers calls meanwhile. May be cancelled.
    async fn wait(&mut self, until: Until, deadline: Option<Instant>) -> Result<(), Fault> {
        let far_away = Instant::now() + Duration::from_secs(3600 * 24 * 365);
        let time_up = sleep_until(deadline.unwrap_or(far_away));
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
            Until::Ended => self.running.is_empty(),
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

    fn answer(&mut self, call: Call) {
        match call {
            Call::RuntimeNext { reply } => match self.lifecycle.runtime_next() {
                Ok(()) => self.runtime_waits = Some(reply),
                Err(error) => respond(reply, Err(error)),
            },
            Call::BeginResponse { request_id, reply } => {
                let begun = self.lifecycle.begin_answer(&request_id).map(|()| self.sink.clone());
                let _ = reply.send(begun);
            }
            Call::EndResponse { ending, reply } => {
                self.lifecycle.end_answer();
                self.outcome = match ending {
                    Ending::Whole(payload) => Outcome { payload: Some(payload), failure: None },
                    Ending::Unfit(failed) => Outcome { payload: Some(failed.plain_payload()), failure: Some(failed) },
                    Ending::Streamed(failure) => Outcome { payload: None, failure },
                };
                respond(reply, Ok(()));
            }
            Call::InvocationError { request_id, error_type, payload, reply } => {
                let begun = self.lifecycle.begin_answer(&request_id);
                if begun.is_ok() {
                    self.lifecycle.end_answer();
                    let failure = Some(function_error(error_type, &payload));
                    self.outcome = Outcome { payload: Some(payload), failure };
                }
                respond(reply, begun);
            }
            Call::InitError { error_type, payload, reply } => {
                let begun = self.lifecycle.init_error();
                if begun.is_ok() {
                    let error_type =
                        field(&payload, "errorType").or(error_type).unwrap_or_else(|| "Runtime.Unknown".into());
                    self.fault.get_or_insert(Fault::InitError { error_type, payload });
                }
                respond(reply, begun);
            }
            Call::Register { name, events, reply } => {
                let answer = match self.lifecycle.register(&name, &events) {
                    Ok(id) => self.registered(id),
                    Err(error) => api::refused(&error),
                };
                let _ = reply.send(answer);
            }
            Call::ExtensionNext { id, reply } => match self.lifecycle.extension_next(id) {
                Ok(()) => {
                    self.extensions_wait.insert(id, reply);
                    self.tell_of_shutdown();
                }
                Err(error) => respond(reply, Err(error)),
            },
            Call::ExtensionError { id, error_type, starting, reply } => {
                let name = self.lifecycle.extension_name(id).map(str::to_owned);
                if let Ok(name) = &name {
                    let name = name.clone();
                    self.fault.get_or_insert(Fault::ExtensionError { name, error_type, starting });
                }
                respond(reply, name.map(drop));
            }
            Call::Subscribe { id, request, reply } => {
                let name = self.lifecycle.extension_name(id).map(str::to_owned);
                let outcome = name.and_then(|name| self.log.telemetry().borrow_mut().subscribe(&name, &request));
                let _ = reply.send(match outcome {
                    Ok(()) => api::json(StatusCode::OK, &"OK"),
                    Err(error) => api::refused(&error),
                });
            }
        }
    }

    fn registered(&self, id: Uuid) -> api::ApiResponse {
        let settings = self.settings;
        let mut answer = api::json(
            StatusCode::OK,
            &json!({
                "functionName": settings.function_name, "functionVersion": VERSION, "handler": settings.handler(),
            }),
        );
        if let Ok(id) = id.to_string().parse() {
            answer.headers_mut().insert("Lambda-Extension-Identifier", id);
        }
        answer
    }

    /// Gives an extension the event that it waits for.
    fn tell(&mut self, id: Uuid, event: &serde_json::Value) {
        if let Some(reply) = self.extensions_wait.remove(&id) {
            let mut answer = api::json(StatusCode::OK, event);
            if let Ok(id) = Uuid::new_v4().to_string().parse() {
                answer.headers_mut().insert("Lambda-Extension-Event-Identifier", id);
            }
            let _ = reply.send(answer);
        }
    }

    fn look_at_memory(&mut self) {
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

    async fn catch_up(&mut self) {
        self.look_at_memory();
        for pipe in self.pipes.values() {
            pipe.catch_up().await;
        }
    }

    fn platform(&self, name: &str, record: &serde_json::Value) {
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

    /// Whoever listens is told of the end, if it has come.
    fn tell_of_shutdown(&mut self) {
        if let Some(event) = self.shutdown_event.clone() {
            for id in self.lifecycle.begin_shutdown() {
                self.tell(id, &event);
            }
        }
    }
}

fn respond(reply: Reply, outcome: Result<(), ApiError>) {
    // Whoever does not wait for the answer any more does not get it.
    let _ = reply.send(match outcome {
        Ok(()) => api::accepted(),
        Err(error) => api::refused(&error),
    });
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

/// A duration as Lambda counts it.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
