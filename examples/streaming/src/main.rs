//! A function that streams its response: `{"from": 3}` counts down to the lift-off, one line at a time. So does `?from=3` at a
//! function URL.

use std::time::Duration;

use lambda_runtime::streaming::{Body, Response, channel};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::Deserialize;

/// The time between two lines.
const BEAT: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
struct Countdown {
    from: u32,
}

/// The event itself is a countdown, or the request of a function URL has one in its query.
#[derive(Deserialize)]
#[serde(untagged)]
enum Event {
    Direct(Countdown),
    #[serde(rename_all = "camelCase")]
    Url {
        query_string_parameters: Query,
    },
}

#[derive(Deserialize)]
struct Query {
    from: String,
}

async fn count_down(event: LambdaEvent<Event>) -> Result<Response<Body>, Error> {
    let from = match event.payload {
        Event::Direct(countdown) => countdown.from,
        Event::Url { query_string_parameters } => query_string_parameters.from.parse()?,
    };
    let (mut lines, body) = channel();
    tokio::spawn(async move {
        for number in (1..=from).rev() {
            // This fails if the client has closed the connection, so there is nobody to report it to.
            if lines.send_data(format!("{number}\n").into()).await.is_err() {
                return;
            }
            tokio::time::sleep(BEAT).await;
        }
        let _ = lines.send_data("lift-off\n".into()).await;
    });
    Ok(Response::from(body))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(count_down)).await
}
