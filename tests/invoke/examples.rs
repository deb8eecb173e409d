//! The examples, as readers would try them, under AWS's emulator and by `invoke`.

use std::path::PathBuf;

use serde_json::{Value, json};
use test_support::{Fixture, Platform, Zip, example, package_quickly};

/// Packages an example for a platform.
#[track_caller]
fn package(name: &str, platform: &Platform, fixture: &Fixture) -> PathBuf {
    let output = fixture.path(format!("{name}.zip"));
    let run = package_quickly(&example(name), &output, &["--arch", platform.arch]);
    assert_eq!(run.zip(), output);
    output
}

/// Sends every sample of an HTTP event to the web service.
#[track_caller]
fn the_web_service_answers_every_kind_of_http_event(platform: &Platform) {
    let fixture = Fixture::empty();
    let zip = package("http", platform, &fixture);
    let doors = ["alb", "apigw-v1", "apigw-v2", "lambda-url", "vpc-lattice"];
    for (door, answer) in doors.iter().zip(platform.answers(&zip, &doors)) {
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["statusCode"], 200, "{door}: {answer}");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body, json!({ "message": "Good morning, Ada!" }), "{door}: {answer}");
    }
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator and unzip"]
fn the_web_service_answers_every_kind_of_http_event_on_x86_64() {
    the_web_service_answers_every_kind_of_http_event(&Platform::x86_64());
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator, unzip, qemu-user registered with binfmt_misc, and a C library for \
            arm64"]
fn the_web_service_answers_every_kind_of_http_event_on_arm64() {
    the_web_service_answers_every_kind_of_http_event(&Platform::arm64_with_glibc());
}

#[track_caller]
fn a_stream_arrives(platform: &Platform) {
    let fixture = Fixture::empty();
    let zip = package("streaming", platform, &fixture);
    let answers = platform.answers(&zip, &[r#"{"from":3}"#]);
    // A prelude comes first, from which a function URL takes status and headers; it ends with eight zeros.
    let (prelude, lines) = answers[0].split_once("\0\0\0\0\0\0\0\0").unwrap();
    let prelude: Value = serde_json::from_str(prelude).unwrap();
    assert_eq!(prelude["statusCode"], 200);
    assert_eq!(lines, "3\n2\n1\nlift-off\n");
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator and unzip"]
fn a_stream_arrives_on_x86_64() {
    a_stream_arrives(&Platform::x86_64());
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator, unzip, qemu-user registered with binfmt_misc, and a C library for \
            arm64"]
fn a_stream_arrives_on_arm64() {
    a_stream_arrives(&Platform::arm64_with_glibc());
}

#[test]
#[ignore = "needs nothing but time"]
fn invocations_run_at_once_in_one_environment() {
    let fixture = Fixture::empty();
    let platform = Platform::x86_64();
    let zip = package("concurrent", &platform, &fixture);
    let event = r#"{"milliseconds":1500}"#;
    let events = ["--event", event].repeat(4);
    let run = platform.invoke(&zip).args(["--concurrency", "4"]).args(&events).run().exits(0);
    let answers: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers, [(); 4].map(|()| json!({ "at_once": 4 })), "{run}");
    let run = platform.invoke(&zip).args(&events).run().exits(0);
    assert_eq!(run.stdout.matches(r#"{"at_once":1}"#).count(), 4, "one after the other without the flag: {run}");
}

/// The emulator does not start extensions of a layer, so only `invoke` is tested.
#[track_caller]
fn an_extension_in_a_layer_keeps_count(platform: &Platform) {
    let fixture = Fixture::empty();
    let function = package("http", platform, &fixture);
    let layer = package("extension", platform, &fixture);
    let zip = Zip::read(&layer);
    assert_eq!(zip.names(), ["extensions/tally"]);
    let run =
        platform.invoke(&function).arg("--layer").arg(&layer).args(["--event", "alb", "--event", "lambda-url"]).run();
    assert_eq!(run.stdout.lines().count(), 2, "{run}");
    let ids: Vec<_> = run.stderr.lines().filter_map(|line| line.strip_prefix("START RequestId: ")).collect();
    let ids: Vec<_> = ids.iter().map(|rest| rest.split(' ').next().unwrap()).collect();
    assert_eq!(ids.len(), 2, "{run}");
    let mut said: Vec<_> = run.stderr.lines().filter_map(|line| line.strip_prefix("tally: ")).collect();
    assert_eq!(said.pop(), Some("2 invocations, 2 reported, shut down because of spindown"), "{run}");
    let expected = (1..).zip(&ids).map(|(number, id)| format!("invocation {number} is {id}"));
    let mut expected: Vec<_> = expected.chain(ids.iter().map(|id| format!("{id} ended as Success"))).collect();
    // Telemetry arrives at any time.
    said.sort_unstable();
    expected.sort_unstable();
    assert_eq!(said, expected, "{run}");
}

#[test]
#[ignore = "needs nothing but time"]
fn an_extension_in_a_layer_keeps_count_on_x86_64() {
    an_extension_in_a_layer_keeps_count(&Platform::x86_64());
}

#[test]
#[ignore = "needs qemu-user registered with binfmt_misc, and a C library for arm64"]
fn an_extension_in_a_layer_keeps_count_on_arm64() {
    an_extension_in_a_layer_keeps_count(&Platform::arm64_with_glibc());
}
