//! Prices an order: `{"lines": [{"item": "cup", "pieces": 6}]}` returns `{"cents": 2880}`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::{Deserialize, Serialize};
use shop::Line;

#[derive(Deserialize)]
struct Order {
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Confirmation {
    cents: u64,
}

async fn place(event: LambdaEvent<Order>) -> Result<Confirmation, Error> {
    let mut cents = 0;
    for line in event.payload.lines {
        cents += line.price().ok_or_else(|| format!("the shop does not sell `{}`", line.item))?;
    }
    Ok(Confirmation { cents })
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(place)).await
}
