//! The sandbox's answers to calls of the runtime and the extensions.

use hyper::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Sandbox;
use crate::api::{self, ApiResponse, Call, Ending, Reply};
use crate::environment::VERSION;
use crate::fault::{Fault, Outcome, field, function_error};
use crate::lifecycle::{ApiError, NextCall};

impl Sandbox<'_> {
    pub(crate) fn answer(&mut self, call: Call) {
        match call {
            Call::RuntimeNext { reply } => match self.lifecycle.runtime_next() {
                Ok(NextCall::Waits) => self.runtime_waits = Some(reply),
                Ok(NextCall::HasOne) => self.give_invocation(reply),
                Err(error) => respond(reply, Err(error)),
            },
            Call::BeginResponse { request_id, reply } => {
                let sink = self.handed_out.as_ref().map(|handed_out| handed_out.invocation.sink.clone());
                let _ = reply.send(self.lifecycle.begin_answer(&request_id).map(|()| sink));
            }
            Call::EndResponse { ending, reply } => {
                self.lifecycle.end_answer();
                self.outcome = match ending {
                    Ending::Whole(payload) => Outcome { payload: Some(payload), failure: None },
                    Ending::Undeliverable(failure) => {
                        Outcome { payload: Some(failure.plain_payload()), failure: Some(failure) }
                    }
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
                let outcome = name.and_then(|name| self.log.telemetry().borrow_mut().subscribe(&name, &request));
                let _ = reply.send(match outcome {
                    Ok(()) => api::json(StatusCode::OK, &"OK"),
                    Err(error) => api::refused(&error),
                });
            }
        }
    }

    /// Sends the current invocation to the runtime.
    pub(crate) fn give_invocation(&self, reply: Reply) {
        if let Some(handed_out) = &self.handed_out {
            let _ = reply.send(handed_out.for_runtime(&self.config().arn()));
        }
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

fn respond(reply: Reply, outcome: Result<(), ApiError>) {
    // The caller may have closed its connection.
    let _ = reply.send(match outcome {
        Ok(()) => api::accepted(),
        Err(error) => api::refused(&error),
    });
}
