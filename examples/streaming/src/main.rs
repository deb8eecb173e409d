//! A function that streams its response: `{"from": 3}` counts down to the lift-off, one line at a time.

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

async fn count_down(event: LambdaEvent<Countdown>) -> Result<Response<Body>, Error> {
    let (mut lines, body) = channel();
    tokio::spawn(async move {
        for number in (1..=event.payload.from).rev() {
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
