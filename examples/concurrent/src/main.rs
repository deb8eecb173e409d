//! A Lambda function for Lambda Managed Instances, where one environment has several invocations at once: each waits for
//! `{"milliseconds": 500}`, and returns how many were under way at the same time, `{"at_once": 3}`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run_concurrent, service_fn, tracing};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    milliseconds: u64,
}

#[derive(Serialize)]
struct Response {
    at_once: usize,
}

/// How many invocations are under way.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

async fn wait(event: LambdaEvent<Request>) -> Result<Response, Error> {
    UNDER_WAY.fetch_add(1, Ordering::SeqCst);
    let half = Duration::from_millis(event.payload.milliseconds / 2);
    tokio::time::sleep(half).await;
    let at_once = UNDER_WAY.load(Ordering::SeqCst);
    tokio::time::sleep(half).await;
    UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
    Ok(Response { at_once })
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run_concurrent(service_fn(wait)).await
}
