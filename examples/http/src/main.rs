//! A web service as a Lambda function, for a function URL, API Gateway, a load balancer or VPC Lattice:
//! `POST /greetings?name=Ada` with `{"greeting": "Good morning"}` returns `{"message": "Good morning, Ada!"}`.

use lambda_http::http::{Method, StatusCode, header};
use lambda_http::{Body, Error, Request, RequestExt, RequestPayloadExt, Response, run, service_fn, tracing};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Greeting {
    greeting: String,
}

async fn route(request: Request) -> Result<Response<Body>, Error> {
    match (request.method(), request.raw_http_path()) {
        (&Method::GET, "/greetings") => greet(&request, "Hello"),
        (&Method::POST, "/greetings") => match request.json::<Greeting>() {
            Ok(Some(Greeting { greeting })) => greet(&request, &greeting),
            Ok(None) | Err(_) => answer(StatusCode::BAD_REQUEST, &json!({ "error": "the body has no `greeting`" })),
        },
        (_, "/greetings") => answer(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": "expected GET or POST" })),
        _ => answer(StatusCode::NOT_FOUND, &json!({ "error": "unknown path; try /greetings" })),
    }
}

fn greet(request: &Request, greeting: &str) -> Result<Response<Body>, Error> {
    let parameters = request.query_string_parameters();
    let name = parameters.first("name").unwrap_or("world");
    answer(StatusCode::OK, &json!({ "message": format!("{greeting}, {name}!") }))
}

fn answer(status: StatusCode, body: &Value) -> Result<Response<Body>, Error> {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    Ok(response.body(body.to_string().into())?)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(route)).await
}
