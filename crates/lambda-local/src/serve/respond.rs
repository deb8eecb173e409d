//! The responses of the Invoke API.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame};
use hyper::{Response, StatusCode};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::environment::VERSION;
use crate::function::Finished;
use crate::log::TAIL_LIMIT;
use crate::response_stream::{ResponseStream, STREAM_QUEUE_LIMIT};
use crate::{InvocationRecord, api, event_stream};
use lambda_platform::limits::RESPONSE_LIMIT;

pub(super) type ServeBody = UnsyncBoxBody<Bytes, io::Error>;

/// Lambda's name for the error of a function that does not exist.
pub(super) const NOT_FOUND: &str = "ResourceNotFoundException";

/// An error of the API itself, not of the function.
pub(super) struct Refusal {
    status: StatusCode,
    error_type: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, error_type: &'static str, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, error_type, message: message.into() }
    }

    pub(super) fn response(self) -> Response<ServeBody> {
        // As the service spells it.
        let key = if self.error_type == NOT_FOUND { "Message" } else { "message" };
        let body = json!({ "Type": "User", key: self.message }).to_string();
        let mut response = response_with(self.status, body.into());
        set_header(&mut response, "x-amzn-ErrorType", self.error_type);
        response
    }
}

/// The whole response. Headers report a failure.
pub(super) async fn buffered(
    mut pieces: ResponseStream,
    finished: oneshot::Receiver<Finished>,
    wants_log: bool,
) -> Result<Response<ServeBody>, Refusal> {
    let mut streamed = Vec::new();
    let mut size = 0;
    while let Some(piece) = pieces.next().await {
        size += piece.len();
        // A larger response is refused as a whole, but the function may send all of it.
        if size <= RESPONSE_LIMIT {
            streamed.extend_from_slice(&piece);
        }
    }
    let gone = |_| Refusal::new(500, "ServiceException", "failed to run the function");
    let Finished { record, payload } = finished.await.map_err(gone)?;
    let is_too_large = size > RESPONSE_LIMIT;
    let payload = match payload {
        Some(payload) => payload,
        None if is_too_large => api::too_large(RESPONSE_LIMIT).plain_payload(),
        None => streamed.into(),
    };
    let mut response = response_with(StatusCode::OK, payload);
    set_header(&mut response, "x-amzn-RequestId", &record.request_id);
    set_header(&mut response, "X-Amz-Executed-Version", VERSION);
    if record.failure.is_some() || is_too_large {
        set_header(&mut response, "X-Amz-Function-Error", "Unhandled");
    }
    if wants_log {
        set_header(&mut response, "X-Amz-Log-Result", &log_result(&record));
    }
    Ok(response)
}

/// The response as it arrives, in messages of an event stream. The last message reports a failure.
pub(super) fn streamed(
    request_id: &str,
    mut pieces: ResponseStream,
    finished: oneshot::Receiver<Finished>,
    wants_log: bool,
) -> Response<ServeBody> {
    let (messages, body) = mpsc::channel(STREAM_QUEUE_LIMIT);
    tokio::task::spawn_local(async move {
        let chunk =
            |piece: &[u8]| Bytes::from(event_stream::message("PayloadChunk", "application/octet-stream", piece));
        while let Some(piece) = pieces.next().await {
            if messages.send(Ok(chunk(&piece))).await.is_err() {
                return;
            }
        }
        let Ok(Finished { record, payload }) = finished.await else { return };
        let mut complete = json!({});
        match (&record.failure, &payload) {
            (Some(failure), _) => {
                complete["ErrorCode"] = failure.error_type.as_str().into();
                complete["ErrorDetails"] = failure.message.as_str().into();
            }
            (None, Some(payload)) => drop(messages.send(Ok(chunk(payload))).await),
            (None, None) => {}
        }
        if wants_log {
            complete["LogResult"] = log_result(&record).into();
        }
        let complete = event_stream::message("InvokeComplete", "application/json", complete.to_string().as_bytes());
        let _ = messages.send(Ok(complete.into())).await;
    });
    let mut response = Response::new(channel_body(body));
    set_header(&mut response, "Content-Type", event_stream::CONTENT_TYPE);
    set_header(&mut response, "x-amzn-RequestId", request_id);
    set_header(&mut response, "X-Amz-Executed-Version", VERSION);
    response
}

/// The end of the log in base64.
fn log_result(record: &InvocationRecord) -> String {
    let start = record.log.len().saturating_sub(TAIL_LIMIT);
    BASE64_STANDARD.encode(&record.log[start..])
}

pub(super) fn response_with(status: StatusCode, body: Bytes) -> Response<ServeBody> {
    let mut response = Response::new(whole_body(body));
    *response.status_mut() = status;
    set_header(&mut response, "Content-Type", "application/json");
    response
}

pub(super) fn whole_body(body: Bytes) -> ServeBody {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

/// A body whose pieces arrive through a channel. An error breaks the connection off.
pub(super) fn channel_body(pieces: mpsc::Receiver<io::Result<Bytes>>) -> ServeBody {
    ChannelBody(pieces).boxed_unsync()
}

pub(super) fn set_header(response: &mut Response<ServeBody>, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(name, value);
    }
}

struct ChannelBody(mpsc::Receiver<io::Result<Bytes>>);

impl Body for ChannelBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
