//! A function as Lambda keeps it: a sandbox when there is work, the same for as long as it is sound, and the lines that
//! Lambda writes into the log.

use std::time::Duration;

use anyhow::Result;
use hyper::body::Bytes;
use serde_json::json;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use super::log::Log;
use super::outcome::{Failed, Fault, Outcome};
use super::record::{self, Record};
use super::sandbox::{Invocation, Sandbox, ShutdownReason};
use super::settings::{Settings, VERSION};
use super::workspace::Workspace;
use crate::cli::IsolationChoice;
use crate::shell::Shell;
use lambda_zip_error::{ErrorKind, Failure};

/// How long a function may take to come up, by the AWS Lambda developer guide, "Lambda execution environment". One that
/// takes longer is started again when the invocation runs, within its time.
const INIT_TIME: Duration = Duration::from_secs(10);

/// A function that can be invoked.
pub(super) struct Function<'a> {
    settings: &'a Settings,
    workspace: &'a Workspace,
    log: &'a Log,
    isolated: bool,
    /// Whether every invocation starts anew.
    is_cold: bool,
    /// Set up for the next start.
    prepared: Option<Sandbox<'a>>,
    /// Started, and waiting for an invocation.
    sandbox: Option<Sandbox<'a>>,
}

/// A start that failed, and how long that took.
struct FailedStart {
    fault: Fault,
    duration: Duration,
}

/// What an invocation is about.
pub(super) struct Event {
    pub(super) payload: Bytes,
    pub(super) client_context: Option<String>,
    /// Where a streamed response goes as it comes.
    pub(super) sink: mpsc::Sender<Bytes>,
}

impl<'a> Function<'a> {
    /// Finds out whether sandboxes can be isolated here, as far as the user leaves that open.
    pub(super) async fn new(
        settings: &'a Settings,
        workspace: &'a Workspace,
        log: &'a Log,
        isolation: IsolationChoice,
        is_cold: bool,
        shell: &Shell,
    ) -> Result<Self> {
        let function =
            |isolated, prepared| Self { settings, workspace, log, isolated, is_cold, prepared, sandbox: None };
        if isolation == IsolationChoice::None {
            return Ok(function(false, None));
        }
        match Sandbox::set_up(settings, workspace, true, log).await? {
            Ok(sandbox) => Ok(function(true, Some(sandbox))),
            Err(reason) if isolation == IsolationChoice::Auto => {
                let message = format!(
                    "the function is not isolated ({reason}): its files are where `LAMBDA_TASK_ROOT` says, not at `/var/task`"
                );
                shell.warn_with_hints(message, &["`--isolation none` says that this is all right"]);
                Ok(function(false, None))
            }
            Err(reason) => Err(Failure::new(ErrorKind::Setup, format!("the function cannot be isolated: {reason}"))
                .hint("allow user namespaces (`sysctl kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, `--privileged` for a container), or use `--isolation none`")
                .into()),
        }
    }

    /// How it runs here, in a few words.
    pub(super) fn description(&self) -> String {
        let isolation = if self.isolated { "isolated" } else { "not isolated" };
        let emulation = if self.workspace.emulation.is_foreign { ", emulated" } else { "" };
        format!("{isolation}{emulation}")
    }

    /// Runs one invocation from its start to its REPORT line.
    pub(super) async fn invoke(&mut self, event: Event) -> Result<Record> {
        let request_id = Uuid::new_v4().to_string();
        self.log.take_kept();
        let mut init_duration = None;
        let mut init_failed = false;
        if self.sandbox.is_none() {
            match self.boot("init", INIT_TIME).await? {
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
        // A start that failed is tried once more, within the time of the invocation.
        let second_start = if init_failed {
            let outcome = self.boot("invoke", self.settings.timeout).await?;
            outcome.map(|(sandbox, _)| self.sandbox = Some(sandbox))
        } else {
            Ok(())
        };
        let invocation = Invocation {
            request_id: request_id.clone(),
            payload: event.payload,
            trace_id: trace_id(),
            client_context: event.client_context,
            sink: event.sink,
        };
        let outcome = match (second_start, &mut self.sandbox) {
            (Ok(()), Some(sandbox)) => sandbox.invoke(&invocation, started).await,
            (Err(failed), _) => {
                self.report_init("invoke", &failed).await;
                self.failed_start(&failed.fault, &request_id)
            }
            (Ok(()), None) => self.failed_start(&Fault::SandboxGone, &request_id),
        };
        let duration = started.elapsed().min(self.settings.timeout);
        let memory_used = self.sandbox.as_ref().map_or(0, |sandbox| sandbox.usage.peak.div_ceil(1024));
        let memory_size = self.settings.memory;
        let mut record =
            Record { request_id, outcome, init_duration, duration, memory_size, memory_used, log: Vec::new() };
        for line in record.lines(OffsetDateTime::now_utc()) {
            self.log.platform(&line).await;
        }
        self.telemetry("report", &record.telemetry());
        record.log = self.log.take_kept();
        self.clear_away(record.outcome.failure.as_ref()).await;
        Ok(record)
    }

    /// Starts a sandbox with everything in it, and says how long it took from the first program on.
    async fn boot(
        &mut self,
        phase: &str,
        time: Duration,
    ) -> Result<std::result::Result<(Sandbox<'a>, Duration), FailedStart>> {
        let prepared = match self.prepared.take() {
            Some(sandbox) => Ok(sandbox),
            None => Sandbox::set_up(self.settings, self.workspace, self.isolated, self.log).await?,
        };
        let refused = |reason| Failure::new(ErrorKind::Setup, format!("the sandbox cannot be set up: {reason}"));
        let mut sandbox = prepared.map_err(refused)?;
        let started = Instant::now();
        let outcome = sandbox.init(phase, started + time).await;
        let duration = started.elapsed();
        Ok(match outcome {
            Ok(()) => Ok((sandbox, duration)),
            Err(fault) => {
                sandbox.shut_down(reason_of(Some(&fault.failed(self.settings.timeout, true)))).await;
                Err(FailedStart { fault, duration })
            }
        })
    }

    fn failed_start(&self, fault: &Fault, request_id: &str) -> Outcome {
        let failed = fault.failed(self.settings.timeout, true);
        let payload = match fault {
            Fault::InitError { payload, .. } => payload.clone(),
            _ => failed.payload(request_id),
        };
        Outcome { payload: Some(payload), failure: Some(failed) }
    }

    async fn report_init(&self, phase: &str, FailedStart { fault, duration }: &FailedStart) {
        let failed = fault.failed(self.settings.timeout, true);
        self.log.platform(&record::init_line(phase, *duration, &failed)).await;
    }

    fn telemetry(&self, name: &str, record: &serde_json::Value) {
        self.log.telemetry().borrow_mut().platform(name, record);
    }

    /// After a failure of anything but the handler the sandbox is not used again.
    async fn clear_away(&mut self, failure: Option<&Failed>) {
        let is_sound = failure.is_none_or(|failed| failed.kind == ErrorKind::FunctionError);
        if (self.is_cold || !is_sound)
            && let Some(sandbox) = self.sandbox.take()
        {
            sandbox.shut_down(reason_of(failure)).await;
        }
    }

    /// Keeps the sandbox going between invocations. Never returns, and may be cancelled.
    pub(super) async fn idle(&mut self) {
        if let Some(sandbox) = &mut self.sandbox {
            let fault = sandbox.idle().await;
            let failed = fault.failed(self.settings.timeout, false);
            self.log.platform(&format!("{} between invocations: {}", failed.error_type, failed.message)).await;
            if let Some(sandbox) = self.sandbox.take() {
                sandbox.shut_down(ShutdownReason::Failure).await;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Ends it in good order.
    pub(super) async fn shut_down(&mut self) {
        self.prepared = None;
        if let Some(sandbox) = self.sandbox.take() {
            sandbox.shut_down(ShutdownReason::SpinDown).await;
        }
    }
}

fn reason_of(failure: Option<&Failed>) -> ShutdownReason {
    match failure {
        None => ShutdownReason::SpinDown,
        Some(failed) if failed.is_timeout() => ShutdownReason::Timeout,
        Some(failed) if failed.kind == ErrorKind::FunctionError => ShutdownReason::SpinDown,
        Some(_) => ShutdownReason::Failure,
    }
}

/// A trace that nobody records.
fn trace_id() -> String {
    let random = Uuid::new_v4().simple().to_string();
    let parent = &Uuid::new_v4().simple().to_string()[..16];
    let now = OffsetDateTime::now_utc().unix_timestamp();
    format!("Root=1-{now:08x}-{};Parent={parent};Sampled=0", &random[..24])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_has_the_form_of_x_ray() {
        let trace = trace_id();
        assert!(trace.starts_with("Root=1-") && trace.ends_with(";Sampled=0"), "{trace}");
        assert_eq!(trace.len(), "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0".len());
    }
}
