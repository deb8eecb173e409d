//! The HTTP server for the Runtime, Extensions and Telemetry APIs and the metadata endpoint. Handlers parse requests, and the sandbox decides on the
//! answers.

mod extensions;
mod metadata;
mod respond;
mod runtime;

use std::io;
use std::net::{self, Ipv4Addr};

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::http::{Connection, ConnectionOptions};
use crate::lifecycle::ApiError;
use crate::response_stream::ResponseSink;
use crate::telemetry::SubscriptionRequest;
use crate::{InvocationFailure, http};

pub(crate) use metadata::Metadata;
pub(crate) use respond::{InvocationHeaders, accepted, json, next_invocation, refused};
pub(crate) use runtime::too_large;

use respond::{text, wrong_method};

pub(crate) type ApiResponse = Response<Full<Bytes>>;

/// A runtime waits for its next invocation on an idle connection, so there is no time limit.
const CONNECTIONS: ConnectionOptions =
    ConnectionOptions { limit: 2048, header_timeout: None, title_case_headers: true };

/// The address of the metadata endpoint. On Lambda it has a port of its own.
const METADATA_PATH: &str = "/2026-01-15/metadata/execution-environment";

/// Receives the answer to a call.
pub(crate) type Reply = oneshot::Sender<ApiResponse>;

/// A call for the sandbox to answer.
#[derive(Debug)]
pub(crate) enum Call {
    RuntimeNext {
        connection: Connection,
        reply: Reply,
    },
    BeginResponse {
        answered: AnsweredInvocation,
        reply: oneshot::Sender<Result<BegunResponse, ApiError>>,
    },
    /// The response has ended.
    EndResponse {
        request_id: String,
        ending: Ending,
        reply: Reply,
    },
    InvocationError {
        answered: AnsweredInvocation,
        error_type: Option<String>,
        payload: Bytes,
        reply: Reply,
    },
    InitError {
        error_type: Option<String>,
        payload: Bytes,
        reply: Reply,
    },
    Register {
        name: String,
        events: Vec<String>,
        reply: Reply,
    },
    ExtensionNext {
        id: Uuid,
        reply: Reply,
    },
    ExtensionError {
        id: Uuid,
        error_type: String,
        starting: bool,
        reply: Reply,
    },
    Subscribe {
        id: Uuid,
        request: SubscriptionRequest,
        reply: Reply,
    },
}

/// Which invocation a runtime answers.
#[derive(Debug, Clone)]
pub(crate) struct AnsweredInvocation {
    pub(crate) request_id: String,
    /// `Lambda-Runtime-Invocation-Id`, if the runtime sends back this header of the invocation.
    pub(crate) invocation_id: Option<String>,
}

/// A response that the sandbox accepted.
#[derive(Debug)]
pub(crate) struct BegunResponse {
    /// Receives the pieces of a streamed response.
    pub(crate) sink: ResponseSink,
    /// True to slow a streamed response down as Lambda does.
    pub(crate) throttled: bool,
    /// Ends when the invocation is over, whether or not the response is complete.
    pub(crate) over: oneshot::Receiver<()>,
}

/// How a response ended.
#[derive(Debug)]
pub(crate) enum Ending {
    Whole(Bytes),
    /// It cannot be delivered.
    Undeliverable(InvocationFailure),
    /// It was delivered piece by piece, and possibly ended with an error.
    Streamed(Option<InvocationFailure>),
}

/// A server for one sandbox.
pub(crate) struct Api {
    /// `host:port`, for the function's environment.
    pub(crate) address: String,
    task: JoinHandle<()>,
}

impl Api {
    /// Listens on a free port, or takes over a listener, and sends the calls to the sandbox. Connections that arrive between
    /// two sandboxes wait in the listener.
    pub(crate) async fn start(
        calls: mpsc::Sender<Call>,
        metadata: Metadata,
        listener: Option<&net::TcpListener>,
    ) -> Result<Self> {
        let listener = match listener {
            None => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("failed to listen on a free port")?,
            Some(listener) => share(listener).context("failed to listen for the runtime")?,
        };
        let address = listener.local_addr().context("failed to read the address of a socket")?.to_string();
        let handle = move |request: Request<Incoming>, connection| {
            let (calls, metadata) = (calls.clone(), metadata.clone());
            async move {
                if request.uri().path() == METADATA_PATH {
                    return metadata.answer(&request);
                }
                route(request, connection, &calls).await
            }
        };
        Ok(Self { address, task: tokio::task::spawn_local(http::serve(listener, CONNECTIONS, handle)) })
    }
}

fn share(listener: &net::TcpListener) -> io::Result<TcpListener> {
    let listener = listener.try_clone()?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

impl Drop for Api {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn route(request: Request<Incoming>, connection: Connection, calls: &mpsc::Sender<Call>) -> ApiResponse {
    let path = request.uri().path().to_owned();
    // As on Lambda, a doubled or trailing slash makes another path.
    let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(&path).split('/').collect();
    let expected = match parts[..] {
        ["2018-06-01", "runtime", "invocation", "next"] | ["2020-01-01", "extension", "event", "next"] => Method::GET,
        ["2018-06-01", "runtime", "invocation", _, "response" | "error"]
        | ["2018-06-01", "runtime", "init", "error"]
        | ["2020-01-01", "extension", "register"]
        | ["2020-01-01", "extension", "init" | "exit", "error"] => Method::POST,
        ["2022-07-01", "telemetry"] | ["2020-08-15", "logs"] => Method::PUT,
        _ => return text(StatusCode::NOT_FOUND, "404 page not found"),
    };
    if *request.method() != expected {
        return wrong_method(&expected);
    }
    let outcome = match parts[..] {
        [_, "runtime", "invocation", "next"] => ask(calls, |reply| Call::RuntimeNext { connection, reply }).await,
        [_, "runtime", "invocation", id, "response"] => runtime::response(request, id, calls).await,
        [_, "runtime", "invocation", id, _] => runtime::error(request, Some(id), calls).await,
        [_, "runtime", ..] => runtime::error(request, None, calls).await,
        [_, "extension", "register"] => extensions::register(request, calls).await,
        [_, "extension", "event", "next"] => extensions::next(&request, calls).await,
        [_, "extension", phase, _] => extensions::error(&request, phase == "init", calls).await,
        [_, "telemetry"] => extensions::subscribe(request, calls).await,
        _ => Err(ApiError {
            status: StatusCode::ACCEPTED,
            error_type: "Logs.NotSupported",
            message: "Logs API is not supported: use the Telemetry API".into(),
        }),
    };
    outcome.unwrap_or_else(|error| refused(&error))
}

/// Lets the sandbox answer a call. Fails if the sandbox is about to end.
async fn ask(calls: &mpsc::Sender<Call>, call: impl FnOnce(Reply) -> Call) -> Result<ApiResponse, ApiError> {
    let (reply, answer) = oneshot::channel();
    calls.send(call(reply)).await.map_err(|_| sandbox_ends())?;
    answer.await.map_err(|_| sandbox_ends())
}

fn sandbox_ends() -> ApiError {
    ApiError {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        error_type: "InternalServerError",
        message: "the sandbox ends".into(),
    }
}
