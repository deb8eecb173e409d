//! A Lambda function that returns a greeting: `{"name": "Ada"}` returns `{"message": "Hello, Ada!"}`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    name: String,
}

#[derive(Serialize)]
struct Response {
    message: String,
}

async fn greet(event: LambdaEvent<Request>) -> Result<Response, Error> {
    let Request { name } = event.payload;
    tracing::info!(%name, "greeting");
    Ok(Response { message: format!("Hello, {name}!") })
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(greet)).await
}
