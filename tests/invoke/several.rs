//! Several functions behind one address.

use std::fs;

use serde_json::Value;
use test_support::http;

use crate::http::FunctionUrl;
use crate::support::{Running, Sandbox, none_is_left_with};

/// A directory with `function.zip`, `orders.zip` and `stock/bootstrap.zip`.
fn three_zips() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create_dir("stock");
    for copy in ["orders.zip", "stock/bootstrap.zip"] {
        fs::copy(sandbox.path("function.zip"), sandbox.path(copy)).unwrap();
    }
    sandbox
}

const ZIPS: [&str; 3] = ["function.zip", "orders.zip", "stock/bootstrap.zip"];

#[test]
fn the_invoke_api_finds_a_function_by_its_name() {
    let sandbox = three_zips();
    let mark = format!("MARK=several-{}", std::process::id());
    let args = [&["invoke"], &ZIPS[..], &["--serve", "127.0.0.1:0", "--env", &mark]].concat();
    let mut running = Running::start(&sandbox, &args);
    let log = running.wait_for("/functions/stock/invocations");
    let address = log.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let invoke = |name: &str| {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        http::post(&address, &path, "", r#"{"do":"header","name":"lambda-runtime-invoked-function-arn"}"#).unwrap()
    };
    let arn = "arn:aws:lambda:us-east-1:012345678912:function";
    for (name, expected) in [
        ("orders", "orders"),
        ("stock", "stock"),
        ("stock:PROD", "stock:PROD"),
        ("arn:aws:lambda:us-east-1:012345678912:function:function", "function"),
        ("012345678912:function:orders", "orders"),
    ] {
        assert_eq!(invoke(name).text(), format!("\"{arn}:{expected}\""), "{name}");
    }
    let unknown = invoke("payments");
    assert_eq!((unknown.status, unknown.header("x-amzn-ErrorType")), (404, Some("ResourceNotFoundException")));
    let body: Value = serde_json::from_slice(&unknown.body).unwrap();
    assert_eq!(body["Message"], format!("Function not found: {arn}:payments"));
    assert_eq!(body["Type"], "User");
    running.signal("INT");
    assert_eq!(running.wait(), 0, "{}", running.log());
    none_is_left_with(&mark);
    sandbox.is_clean();
}

#[test]
fn a_function_url_finds_a_function_by_the_start_of_the_path() {
    let url = FunctionUrl::of(three_zips(), &ZIPS, &[]);
    for (path, function, seen) in [
        ("/orders/", "orders", "/"),
        ("/orders", "orders", "/"),
        ("/orders/17?a=b", "orders", "/17"),
        ("/stock/stock/a%20b/", "stock", "/stock/a%20b/"),
    ] {
        let event: Value = serde_json::from_slice(&url.get(path).body).unwrap();
        assert_eq!((&event["requestContext"]["apiId"], &event["rawPath"]), (&function.into(), &seen.into()), "{path}");
        assert_eq!(event["requestContext"]["http"]["path"], seen, "{path}");
    }
    for path in ["/", "/payments/", "/Orders/", "//orders/"] {
        let answer = url.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("/function/, /orders/, /stock/"), "{}", answer.text());
    }
}

#[test]
fn a_function_does_not_wait_for_another_one() {
    let url = FunctionUrl::of(three_zips(), &ZIPS, &["--timeout", "30"]);
    std::thread::scope(|scope| {
        // It hangs until the server ends.
        scope.spawn(|| http::request(&url.address, "GET", "/orders/?do=hang", "", b""));
        assert_eq!(url.get("/stock/").status, 200);
        url.running.signal("INT");
    });
}

#[test]
fn zips_that_cannot_be_told_apart_are_refused() {
    let sandbox = three_zips();
    sandbox.create_dir("elsewhere");
    fs::copy(sandbox.path("orders.zip"), sandbox.path("elsewhere/orders.zip")).unwrap();
    let run = sandbox.run(&["invoke", "orders.zip", "elsewhere/orders.zip", "--http", "127.0.0.1:0"]).exits(2);
    run.says("error: two functions have the name `orders`");
    let run = sandbox.run(&["invoke", "orders.zip", "function.zip", "--event", "{}"]).exits(2);
    run.says("error: events go to one function, found 2 zips");
    let run = sandbox.run(&["invoke", "orders.zip", "function.zip", "--http", "--function-name", "a"]).exits(2);
    run.says("error: `--function-name a` would name 2 functions");
}
