//! The contents of encoded fields are what a function expects to decode.

use std::collections::HashMap;

use aws_lambda_events::event::cloudwatch_logs::LogsEvent;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::sample;

fn event(name: &str) -> Value {
    serde_json::from_str(&sample(name)).unwrap()
}

/// The string at this pointer of an event.
fn text(name: &str, pointer: &str) -> String {
    let event = event(name);
    let value = event.pointer(pointer).and_then(Value::as_str);
    value.unwrap_or_else(|| panic!("{name} has no text at {pointer}")).to_owned()
}

fn decoded(name: &str, pointer: &str) -> Vec<u8> {
    STANDARD.decode(text(name, pointer)).unwrap_or_else(|error| panic!("{name} at {pointer}: {error}"))
}

#[test]
fn encoded_payloads_are_the_orders_of_the_shop() {
    let places = [
        ("activemq", "/messages/0/data"),
        ("firehose", "/records/0/data"),
        ("kafka", "/records/orders-0/0/value"),
        ("kafka-self-managed", "/records/orders-0/0/value"),
        ("kinesis", "/Records/0/kinesis/data"),
        ("kinesis-analytics", "/records/0/data"),
        ("rabbitmq", "/rmqMessagesByQueue/orders::~1/0/data"),
    ];
    for (name, pointer) in places {
        let order: Value = serde_json::from_slice(&decoded(name, pointer)).unwrap();
        assert_eq!(order, json!({ "id": "4711", "item": "kettle", "pieces": 2 }), "{name}");
    }
    for name in ["kafka", "kafka-self-managed"] {
        assert_eq!(decoded(name, "/records/orders-0/0/key"), b"4711", "{name}");
        let header = event(name).pointer("/records/orders-0/0/headers/0/priority").cloned().unwrap();
        assert_eq!(serde_json::from_value::<Vec<u8>>(header).unwrap(), b"high", "{name}");
    }
}

#[test]
fn the_records_of_firehose_are_lines() {
    for pointer in ["/records/0/data", "/records/1/data"] {
        assert_eq!(decoded("firehose", pointer).last(), Some(&b'\n'));
    }
}

#[test]
fn the_gzip_of_a_log_group_contains_its_lines() {
    let event: LogsEvent = serde_json::from_str(&sample("cloudwatch-logs")).unwrap();
    let data = event.aws_logs.data;
    assert_eq!((data.message_type.as_str(), data.log_group.as_str()), ("DATA_MESSAGE", "/aws/lambda/orders"));
    let messages: Vec<_> = data.log_events.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(messages, ["ERROR no kettle left", "ERROR order 4711 failed"]);
}

#[test]
fn json_inside_strings_is_valid() {
    let places = [
        ("cloudwatch-alarm", "/alarmData/state/reasonData"),
        ("cloudwatch-alarm", "/alarmData/previousState/reasonData"),
        ("cloudwatch-alarm-composite", "/alarmData/state/reasonData"),
        ("codepipeline", "/CodePipeline.job/data/actionConfiguration/configuration/UserParameters"),
        ("config", "/invokingEvent"),
        ("config", "/ruleParameters"),
        ("s3-object-lambda", "/configuration/payload"),
        ("sns", "/Records/0/Sns/Message"),
        ("sqs", "/Records/0/body"),
        ("sqs", "/Records/1/body"),
    ];
    for (name, pointer) in places {
        let inner: Value = serde_json::from_str(&text(name, pointer)).unwrap();
        assert!(inner.is_object(), "{name} at {pointer}");
    }
}

#[test]
fn all_http_samples_are_the_same_request() {
    for (name, method, path) in [
        ("alb", "/httpMethod", "/path"),
        ("apigw-v1", "/httpMethod", "/path"),
        ("apigw-v2", "/requestContext/http/method", "/rawPath"),
        ("lambda-url", "/requestContext/http/method", "/rawPath"),
        ("vpc-lattice", "/method", "/path"),
    ] {
        let body = text(name, "/body");
        assert_eq!(text(name, method), "POST", "{name}");
        assert!(text(name, path).starts_with("/greetings"), "{name}");
        assert_eq!(body, r#"{"greeting":"Good morning"}"#, "{name}");
        let headers: HashMap<String, Value> = serde_json::from_value(event(name)["headers"].clone()).unwrap();
        let length = headers.iter().find(|(header, _)| header.eq_ignore_ascii_case("content-length")).unwrap().1;
        // VPC Lattice has lists of values.
        let length = length.get(0).unwrap_or(length);
        assert_eq!(*length, json!(body.len().to_string()), "{name}");
    }
}
