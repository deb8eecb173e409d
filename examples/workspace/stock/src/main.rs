//! Returns whether an order is in stock: `{"item": "kettle", "pieces": 2}` returns `{"in_stock": true}`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::Serialize;
use shop::Line;

/// The number of pieces of each item in stock.
const SHELF: u32 = 12;

#[derive(Serialize)]
struct Answer {
    in_stock: bool,
}

async fn look_up(event: LambdaEvent<Line>) -> Result<Answer, Error> {
    let line = event.payload;
    Ok(Answer { in_stock: line.price().is_some() && line.pieces <= SHELF })
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(look_up)).await
}
