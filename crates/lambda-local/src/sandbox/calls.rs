//! The sandbox's answers to calls of the runtime and the extensions.

use hyper::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{HandedOut, Sandbox, WaitingCall};
use crate::api::{self, AnsweredInvocation, ApiResponse, BegunResponse, Call, Ending, Reply};
use crate::environment::VERSION;
use crate::fault::{Fault, Outcome, field, function_error};
use crate::http::Connection;
use crate::lifecycle::{Answer, ApiError, NextCall};

impl Sandbox<'_> {
    pub(crate) fn answer(&mut self, call: Call) {
        match call {
            Call::RuntimeNext { connection, reply } => self.runtime_next(WaitingCall { connection, reply }),
            Call::BeginResponse { answered, reply } => {
                let _ = reply.send(self.begin_answer(&answered, Answer::Response));
            }
            Call::EndResponse { request_id, ending, reply } => {
                respond(reply, self.end_answer(&request_id, ending.into()));
            }
            Call::InvocationError { answered, error_type, payload, reply } => {
                let failure = Some(function_error(error_type, &payload));
                let outcome = Outcome { payload: Some(payload), failure };
                let begun = self.begin_answer(&answered, Answer::Error);
                respond(reply, begun.and_then(|_| self.end_answer(&answered.request_id, outcome)));
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
                    self.send_shutdown();
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
                let is_managed = self.concurrent.is_some();
                let telemetry = self.log.telemetry();
                let outcome = name.and_then(|name| telemetry.borrow_mut().subscribe(&name, &request, is_managed));
                let _ = reply.send(match outcome {
                    Ok(()) => api::json(StatusCode::OK, &"OK"),
                    Err(error) => api::refused(&error),
                });
            }
        }
    }

    /// Sends the current invocation to the first caller that still waits. One caller receives it; the others wait for the
    /// next one.
    pub(crate) fn give_invocation(&mut self) {
        self.forget_closed_calls();
        if let Some(handed_out) = &mut self.handed_out
            && let Some(WaitingCall { connection, reply }) = self.runtime_waits.pop_front()
        {
            handed_out.connection = Some(connection);
            let _ = reply.send(handed_out.for_runtime());
        }
    }

    /// Sends the current invocation again if the connection that it went to is closed before there is an answer.
    pub(crate) fn repeat_lost_invocation(&mut self) {
        let is_open = |handed_out: &HandedOut| handed_out.connection.as_ref().is_some_and(Connection::is_open);
        if self.lifecycle.runtime_is_running() && !self.handed_out.as_ref().is_some_and(is_open) {
            self.give_invocation();
        }
    }

    pub(crate) fn forget_closed_calls(&mut self) {
        self.runtime_waits.retain(|call| !call.reply.is_closed());
    }

    fn runtime_next(&mut self, call: WaitingCall) {
        if let Some(concurrent) = &self.concurrent {
            let waiting = self.runtime_waits.iter().filter(|call| !call.reply.is_closed()).count();
            if let Some(error) = concurrent.refuse_worker(waiting) {
                return respond(call.reply, Err(error));
            }
        }
        match self.lifecycle.runtime_next() {
            Ok(NextCall::Waits) => self.runtime_waits.push_back(call),
            Ok(NextCall::HasOne) => {
                self.runtime_waits.push_back(call);
                self.repeat_lost_invocation();
            }
            Err(error) => respond(call.reply, Err(error)),
        }
    }

    fn begin_answer(&mut self, answered: &AnsweredInvocation, answer: Answer) -> Result<BegunResponse, ApiError> {
        if let Some(concurrent) = &mut self.concurrent {
            return concurrent.begin_answer(answered, &self.lambda.config);
        }
        let current = self.handed_out.as_ref().map(|handed_out| &handed_out.invocation_id);
        if answered.invocation_id.is_some() && answered.invocation_id.as_ref() != current {
            return Err(ApiError::invoke_timeout());
        }
        self.lifecycle.begin_answer(&answered.request_id, answer)?;
        let config = self.config();
        let handed_out = self.handed_out.as_mut().ok_or_else(ApiError::invalid_request_id)?;
        Ok(handed_out.begin_response(config))
    }

    /// Ends an answer. If another caller already waits, the runtime is ready for the next invocation.
    fn end_answer(&mut self, request_id: &str, outcome: Outcome) -> Result<(), ApiError> {
        if let Some(concurrent) = &mut self.concurrent {
            return concurrent.end_answer(request_id, outcome);
        }
        self.outcome = outcome;
        self.lifecycle.end_answer();
        self.forget_closed_calls();
        if !self.runtime_waits.is_empty() {
            // It cannot fail: the runtime has just answered.
            let _ = self.lifecycle.runtime_next();
        }
        Ok(())
    }

    fn registered(&self, id: Uuid) -> ApiResponse {
        let config = self.config();
        let mut answer = api::json(
            StatusCode::OK,
            &json!({
                "functionName": config.name, "functionVersion": VERSION, "handler": config.handler(),
            }),
        );
        if let Ok(id) = id.to_string().parse() {
            answer.headers_mut().insert("Lambda-Extension-Identifier", id);
        }
        answer
    }

    /// Sends a waiting extension its event.
    pub(crate) fn send_event(&mut self, id: Uuid, event: &Value) {
        if let Some(reply) = self.extensions_wait.remove(&id) {
            let mut answer = api::json(StatusCode::OK, event);
            if let Ok(id) = Uuid::new_v4().to_string().parse() {
                answer.headers_mut().insert("Lambda-Extension-Event-Identifier", id);
            }
            let _ = reply.send(answer);
        }
    }

    /// Sends SHUTDOWN to the extensions that wait, if the shutdown has begun.
    pub(crate) fn send_shutdown(&mut self) {
        if let Some(event) = self.shutdown_event.clone() {
            for id in self.lifecycle.begin_shutdown() {
                self.send_event(id, &event);
            }
        }
    }
}

impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Whole(payload) => Self { payload: Some(payload), failure: None },
            Ending::Undeliverable(failure) => Self { payload: Some(failure.plain_payload()), failure: Some(failure) },
            Ending::Streamed(failure) => Self { payload: None, failure },
        }
    }
}

fn respond(reply: Reply, outcome: Result<(), ApiError>) {
    // The caller may have closed its connection.
    let _ = reply.send(match outcome {
        Ok(()) => api::accepted(),
        Err(error) => api::refused(&error),
    });
}
