//! Computes the refund for one line: `{"item": "cup", "pieces": 1}` returns `{"cents": 480}`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::Serialize;
use shop::Line;

#[derive(Serialize)]
struct Refund {
    cents: u64,
}

async fn refund(event: LambdaEvent<Line>) -> Result<Refund, Error> {
    let line = event.payload;
    let cents = line.price().ok_or_else(|| format!("the shop does not sell `{}`", line.item))?;
    Ok(Refund { cents })
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(refund)).await
}
