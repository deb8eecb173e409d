//! Several invocations at once, as on Lambda Managed Instances: each goes to one worker of the runtime and has a time limit of
//! its own. One that runs out of time fails alone, and the function is not interrupted.
//!
//! Sources: AWS Lambda developer guide, "Understanding the Lambda Managed Instances execution environment", and AWS's
//! emulator.

use std::collections::{BTreeMap, VecDeque};

use hyper::StatusCode;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::{HandedOut, Invocation, Sandbox, WaitingCall};
use crate::FunctionConfig;
use crate::api::{AnsweredInvocation, BegunResponse};
use crate::fault::Outcome;
use crate::lifecycle::ApiError;
use crate::log_lines::milliseconds;
use crate::telemetry::timestamp;

/// How many invocations that timed out are remembered, to recognize late answers.
const TIMED_OUT_LIMIT: usize = 2000;

/// The invocations of an environment that runs several at once.
#[derive(Default)]
pub(crate) struct Concurrent {
    limit: usize,
    /// The invocations under way, by request id.
    open: BTreeMap<String, OpenInvocation>,
    /// Those that ended and were not collected yet.
    ended: Vec<EndedInvocation>,
    /// The request ids of the latest invocations that timed out.
    timed_out: VecDeque<String>,
}

/// An invocation that a worker of the runtime has.
struct OpenInvocation {
    handed_out: HandedOut,
    started: (OffsetDateTime, Instant),
    /// When the worker began to answer.
    answered: Option<(OffsetDateTime, Instant)>,
}

/// An invocation that a worker answered, or that ran out of time.
pub(crate) struct EndedInvocation {
    pub(crate) request_id: String,
    /// `None` if it ran out of time.
    pub(crate) outcome: Option<Outcome>,
    /// The parts of its duration, for telemetry.
    pub(crate) spans: Vec<Value>,
}

impl Concurrent {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit: usize::try_from(limit).unwrap_or(usize::MAX), ..Self::default() }
    }

    /// Refuses a worker that asks for an invocation if there are already as many as there may be.
    pub(crate) fn refuse_worker(&self, waiting: usize) -> Option<ApiError> {
        (waiting >= self.limit).then(|| ApiError {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error_type: "InternalServerError",
            message: "Internal Server Error".into(),
        })
    }

    /// A worker begins to answer.
    pub(crate) fn begin_answer(
        &mut self,
        answered: &AnsweredInvocation,
        config: &FunctionConfig,
    ) -> Result<BegunResponse, ApiError> {
        let invocation = self.invocation(&answered.request_id)?;
        let expected = &invocation.handed_out.invocation_id;
        if answered.invocation_id.as_ref().is_some_and(|found| found != expected) {
            return Err(ApiError::invoke_timeout());
        }
        if invocation.answered.is_some() {
            return Err(ApiError::invalid_request_id());
        }
        invocation.answered = Some(now());
        Ok(invocation.handed_out.begin_response(config))
    }

    /// The answer is complete. It may come too late.
    pub(crate) fn end_answer(&mut self, request_id: &str, outcome: Outcome) -> Result<(), ApiError> {
        self.invocation(request_id)?;
        self.end(request_id, Some(outcome));
        Ok(())
    }

    fn invocation(&mut self, request_id: &str) -> Result<&mut OpenInvocation, ApiError> {
        if self.timed_out.iter().any(|timed_out| timed_out == request_id) {
            return Err(ApiError::invoke_timeout());
        }
        self.open.get_mut(request_id).ok_or_else(ApiError::invalid_request_id)
    }

    fn end(&mut self, request_id: &str, outcome: Option<Outcome>) {
        if let Some(invocation) = self.open.remove(request_id) {
            let spans = invocation.spans(outcome.is_some());
            self.ended.push(EndedInvocation { request_id: request_id.to_owned(), outcome, spans });
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.open.values().map(|invocation| invocation.handed_out.deadline).min()
    }

    fn end_overdue(&mut self) {
        let moment = Instant::now();
        let is_overdue = |invocation: &OpenInvocation| invocation.handed_out.deadline <= moment;
        let overdue: Vec<_> =
            self.open.iter().filter(|(_, open)| is_overdue(open)).map(|(request_id, _)| request_id.clone()).collect();
        for request_id in overdue {
            self.end(&request_id, None);
            self.timed_out.push_back(request_id);
        }
        let surplus = self.timed_out.len().saturating_sub(TIMED_OUT_LIMIT);
        self.timed_out.drain(..surplus);
    }
}

impl OpenInvocation {
    fn spans(&self, has_answer: bool) -> Vec<Value> {
        let span = |name, (start, from): (OffsetDateTime, Instant), to: Instant| json!({ "name": name, "start": timestamp(start), "durationMs": milliseconds(to - from) });
        let Some(answered) = self.answered else { return Vec::new() };
        let mut spans = vec![span("responseLatency", self.started, answered.1)];
        if has_answer {
            spans.push(span("responseDuration", answered, Instant::now()));
        }
        spans
    }
}

fn now() -> (OffsetDateTime, Instant) {
    (OffsetDateTime::now_utc(), Instant::now())
}

impl Sandbox<'_> {
    /// True if a worker of the runtime waits for an invocation.
    pub(crate) fn has_idle_worker(&self) -> bool {
        self.runtime_waits.iter().any(|call| !call.reply.is_closed())
    }

    /// True if an invocation has ended that was not collected yet.
    pub(crate) fn has_ended(&self) -> bool {
        self.concurrent.as_ref().is_some_and(|concurrent| !concurrent.ended.is_empty())
    }

    /// Hands an invocation to a worker that waits.
    pub(crate) fn begin_concurrent(&mut self, invocation: Invocation, deadline: Instant) {
        self.log.telemetry().borrow_mut().close();
        self.forget_closed_calls();
        let mut handed_out = HandedOut::new(invocation, deadline);
        if let Some(WaitingCall { connection, reply }) = self.runtime_waits.pop_front() {
            handed_out.connection = Some(connection);
            let _ = reply.send(handed_out.for_runtime());
        }
        if let Some(concurrent) = &mut self.concurrent {
            let request_id = handed_out.invocation.request_id.clone();
            let open = OpenInvocation { handed_out, started: now(), answered: None };
            concurrent.timed_out.retain(|timed_out| *timed_out != request_id);
            concurrent.open.insert(request_id, open);
        }
    }

    /// When the next invocation runs out of time.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.concurrent.as_ref().and_then(Concurrent::next_deadline)
    }

    /// The invocations that have ended since the last call, those included that ran out of time.
    pub(crate) async fn take_ended(&mut self) -> Vec<EndedInvocation> {
        let Some(concurrent) = &mut self.concurrent else { return Vec::new() };
        concurrent.end_overdue();
        let ended = std::mem::take(&mut concurrent.ended);
        if !ended.is_empty() {
            self.catch_up().await;
        }
        ended
    }
}
