//! The Telemetry API: events of the sandbox, sent in batches to the extensions that subscribed.
//!
//! Source of the event shapes and buffer limits: AWS Lambda developer guide, "Lambda Telemetry API".

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use crate::lifecycle::ApiError;

/// The versions of the events' shapes, newest first. They differ in fields that are not sent here. Lambda Managed Instances
/// accept the newest only.
const SCHEMA_VERSIONS: [&str; 3] = ["2025-01-29", "2022-12-13", "2022-07-01"];

/// How many events may wait for a slow subscriber. Further events are dropped, and reported as dropped.
const QUEUE_LIMIT: usize = 10_000;

/// How long a subscriber may take to accept a batch.
const SUBSCRIBER_TIMEOUT: Duration = Duration::from_secs(2);

/// Where an event comes from. A subscription lists the sources it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    Platform,
    Function,
    Extension,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Function => "function",
            Self::Extension => "extension",
        }
    }
}

/// The body of a subscription.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubscriptionRequest {
    #[serde(default)]
    schema_version: String,
    types: Vec<Source>,
    #[serde(default)]
    buffering: Buffering,
    destination: Destination,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Buffering {
    max_items: usize,
    max_bytes: usize,
    timeout_ms: u64,
}

impl Default for Buffering {
    fn default() -> Self {
        Self { max_items: 1000, max_bytes: 256 * 1024, timeout_ms: 1000 }
    }
}

#[derive(Debug, Deserialize)]
#[serde(tag = "protocol")]
enum Destination {
    #[serde(rename = "HTTP")]
    Http {
        #[serde(alias = "URI")]
        uri: String,
    },
    /// Only a port: the extension listens inside of the sandbox.
    #[serde(rename = "TCP")]
    Tcp { port: u16 },
}

/// Where batches are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// A JSON array in the body of a POST request.
    Http(Uri),
    /// A line of JSON for each event.
    Tcp(u16),
}

impl SubscriptionRequest {
    /// The address that batches are sent to. The names of the sandbox all stand for this machine.
    fn target(&self) -> Result<Target, ApiError> {
        let invalid = |message: &str| ApiError::bad_request("ValidationError", message);
        let uri = match &self.destination {
            Destination::Tcp { port } => return Ok(Target::Tcp(*port)),
            Destination::Http { uri } => uri,
        };
        let uri: Uri = uri.parse().map_err(|_| invalid("the destination is not a URI"))?;
        match uri.host() {
            Some("sandbox.localdomain" | "sandbox" | "localhost" | "127.0.0.1") => Ok(Target::Http(uri)),
            _ => Err(invalid("the destination must be at sandbox.localdomain")),
        }
    }

    fn check(&self, is_managed: bool) -> Result<(), ApiError> {
        let Buffering { max_items, max_bytes, timeout_ms } = self.buffering;
        let versions = if is_managed { &SCHEMA_VERSIONS[..1] } else { &SCHEMA_VERSIONS };
        let wrong = if !versions.contains(&self.schema_version.as_str()) {
            &format!("schemaVersion must be {}", versions.join(", "))
        } else if !(1000..=10_000).contains(&max_items) {
            "maxItems must be from 1000 to 10000"
        } else if !(262_144..=1_048_576).contains(&max_bytes) {
            "maxBytes must be from 262144 to 1048576"
        } else if !(25..=30_000).contains(&timeout_ms) {
            "timeoutMs must be from 25 to 30000"
        } else if self.types.is_empty() {
            "types must not be empty"
        } else {
            return Ok(());
        };
        Err(ApiError::bad_request("ValidationError", wrong))
    }
}

enum Message {
    Event(String),
    Flush(oneshot::Sender<()>),
}

struct Subscription {
    extension: String,
    types: Vec<Source>,
    messages: mpsc::Sender<Message>,
    dropped: usize,
}

/// The events so far and their subscribers.
#[derive(Default)]
pub(crate) struct Telemetry {
    /// Events from before the subscriptions, which every new subscriber receives. `None` when subscriptions are closed.
    history: Option<Vec<(Source, String)>>,
    subscriptions: Vec<Subscription>,
}

impl Telemetry {
    /// Forgets everything, for a new sandbox.
    pub(crate) fn restart(&mut self) {
        *self = Self { history: Some(Vec::new()), subscriptions: Vec::new() };
    }

    /// Closes subscriptions.
    pub(crate) fn close(&mut self) {
        self.history = None;
    }

    /// Emits an event of Lambda's own.
    pub(crate) fn platform(&mut self, name: &str, record: &Value) {
        self.emit(Source::Platform, &format!("platform.{name}"), record);
    }

    /// Emits a line that the function or an extension printed.
    pub(crate) fn line(&mut self, source: Source, line: &str) {
        self.emit(source, source.name(), &Value::from(line));
    }

    fn emit(&mut self, source: Source, event_type: &str, record: &Value) {
        if self.history.is_none() && self.subscriptions.is_empty() {
            return;
        }
        let event = event(event_type, record);
        for subscription in self.subscriptions.iter_mut().filter(|subscription| subscription.types.contains(&source)) {
            subscription.send(event.clone());
        }
        if let Some(history) = self.history.as_mut().filter(|history| history.len() < QUEUE_LIMIT) {
            history.push((source, event));
        }
    }

    /// Adds a subscription, or replaces the extension's previous one.
    pub(crate) fn subscribe(
        &mut self,
        extension: &str,
        request: &SubscriptionRequest,
        is_managed: bool,
    ) -> Result<(), ApiError> {
        let Some(history) = &self.history else {
            return Err(ApiError::forbidden(
                "Telemetry.SubscriptionClosed",
                "subscriptions are accepted during Init only",
            ));
        };
        let target = request.target()?;
        request.check(is_managed)?;
        let (messages, waiting) = mpsc::channel(QUEUE_LIMIT);
        tokio::task::spawn_local(send_batches(target, request.buffering, waiting));
        let mut subscription =
            Subscription { extension: extension.to_owned(), types: request.types.clone(), messages, dropped: 0 };
        for (_, event) in history.iter().filter(|(source, _)| request.types.contains(source)) {
            subscription.send(event.clone());
        }
        self.subscriptions.retain(|other| other.extension != extension);
        self.subscriptions.push(subscription);
        let types: Vec<_> = request.types.iter().map(|source| source.name()).collect();
        self.platform("telemetrySubscription", &json!({ "name": extension, "state": "Subscribed", "types": types }));
        Ok(())
    }

    /// Sends the waiting events now. Each receiver completes when its batch was delivered or has failed.
    pub(crate) fn flush(&mut self) -> Vec<oneshot::Receiver<()>> {
        let flush = |subscription: &mut Subscription| {
            let (done, flushed) = oneshot::channel();
            subscription.messages.try_send(Message::Flush(done)).ok().map(|()| flushed)
        };
        self.subscriptions.iter_mut().filter_map(flush).collect()
    }
}

impl Subscription {
    fn send(&mut self, text: String) {
        if self.dropped > 0 {
            let record = json!({ "reason": "the subscriber is too slow", "droppedRecords": self.dropped });
            if self.messages.try_send(Message::Event(event("platform.logsDropped", &record))).is_ok() {
                self.dropped = 0;
            }
        }
        if self.messages.try_send(Message::Event(text)).is_err() {
            self.dropped += 1;
        }
    }
}

fn event(event_type: &str, record: &Value) -> String {
    json!({ "time": timestamp(OffsetDateTime::now_utc()), "type": event_type, "record": record }).to_string()
}

/// A time in Lambda's format: `2026-01-31T23:59:59.999Z`.
pub(crate) fn timestamp(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time.format(format).unwrap_or_default()
}

/// Collects events until a batch is full or old enough, and sends it.
async fn send_batches(target: Target, buffering: Buffering, mut messages: mpsc::Receiver<Message>) {
    let mut open = true;
    while open {
        let mut batch: Vec<String> = Vec::new();
        let mut bytes = 0;
        let mut flushed = None;
        let mut deadline = None;
        while batch.len() < buffering.max_items && bytes < buffering.max_bytes {
            let message = match deadline {
                None => messages.recv().await,
                Some(deadline) => match timeout_at(deadline, messages.recv()).await {
                    Ok(message) => message,
                    Err(_) => break,
                },
            };
            match message {
                Some(Message::Event(event)) => {
                    bytes += event.len() + 1;
                    batch.push(event);
                    deadline.get_or_insert_with(|| Instant::now() + Duration::from_millis(buffering.timeout_ms));
                }
                Some(Message::Flush(done)) => {
                    flushed = Some(done);
                    break;
                }
                None => {
                    open = false;
                    break;
                }
            }
        }
        if !batch.is_empty() {
            // A subscriber that does not accept a batch loses it.
            let _ = timeout(SUBSCRIBER_TIMEOUT, send(&target, &batch)).await;
        }
        if let Some(done) = flushed {
            let _ = done.send(());
        }
    }
}

async fn send(target: &Target, batch: &[String]) -> anyhow::Result<()> {
    match target {
        Target::Http(uri) => post(uri, format!("[{}]", batch.join(","))).await,
        Target::Tcp(port) => {
            let mut stream = TcpStream::connect(("127.0.0.1", *port)).await?;
            let lines: String = batch.iter().flat_map(|event| [event, "\n"]).collect();
            Ok(stream.write_all(lines.as_bytes()).await?)
        }
    }
}

async fn post(target: &Uri, body: String) -> anyhow::Result<()> {
    let stream = TcpStream::connect(("127.0.0.1", target.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::task::spawn_local(connection);
    let path = target.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::post(path)
        .header("Host", target.authority().map_or("sandbox.localdomain", |authority| authority.as_str()))
        .header("Content-Type", "application/json")
        .body(Full::new(Bytes::from(body)))?;
    let answer = sender.send_request(request).await;
    connection.abort();
    answer?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn request(text: &str) -> SubscriptionRequest {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_time_has_lambdas_format() {
        assert_eq!(timestamp(datetime!(2026-01-02 03:04:05.006 UTC)), "2026-01-02T03:04:05.006Z");
    }

    #[test]
    fn a_subscription_must_keep_lambdas_limits() {
        let good = r#"{"schemaVersion":"2022-12-13","types":["platform","function"],
            "buffering":{"maxItems":1000,"maxBytes":262144,"timeoutMs":100},
            "destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:8080"}}"#;
        let parsed = request(good);
        parsed.check(false).unwrap();
        assert!(parsed.check(true).is_err(), "managed instances accept the newest version only");
        request(&good.replace("2022-12-13", "2025-01-29")).check(true).unwrap();
        assert!(request(&good.replace("2022-12-13", "2020-08-15")).check(false).is_err());
        assert_eq!(parsed.target(), Ok(Target::Http(Uri::from_static("http://sandbox.localdomain:8080"))));
        let tcp = request(r#"{"types":["function"],"destination":{"protocol":"TCP","port":4243}}"#);
        assert_eq!(tcp.target(), Ok(Target::Tcp(4243)));
        assert!(request(&good.replace("1000,", "5,")).check(false).is_err());
        let udp = good.replace("\"HTTP\"", "\"UDP\"");
        assert!(serde_json::from_str::<SubscriptionRequest>(&udp).is_err());
        assert!(request(&good.replace("sandbox.localdomain", "example.com")).target().is_err());
        assert!(serde_json::from_str::<SubscriptionRequest>(&good.replace("platform", "planets")).is_err());
    }
}
