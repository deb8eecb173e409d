//! `--concurrency`: several invocations at once in one environment, as on Lambda Managed Instances.

use std::collections::BTreeSet;

use test_support::Run;

use crate::serve::Server;
use crate::support::{Running, Sandbox, none_is_left_with};

const WORKERS: [&str; 2] = ["--env", "START=workers"];

fn meet(count: usize) -> String {
    format!(r#"{{"do":"meet","count":"{count}"}}"#)
}

fn sleep(milliseconds: usize) -> String {
    format!(r#"{{"do":"sleep","milliseconds":"{milliseconds}"}}"#)
}

#[track_caller]
fn invoke(concurrency: &str, flags: &[&str], events: &[&str]) -> Run {
    let events: Vec<_> = events.iter().flat_map(|event| ["--event", event]).collect();
    Sandbox::new().invoke(&[&["--concurrency", concurrency], &WORKERS[..], flags, &events].concat())
}

/// The request ids in lines that start like this.
fn request_ids<'a>(run: &'a Run, start: &str) -> BTreeSet<&'a str> {
    let ids = run.stderr.lines().filter_map(|line| line.strip_prefix(start)?.split_whitespace().next());
    ids.collect()
}

#[test]
fn invocations_run_at_once_and_each_is_reported() {
    let events = [meet(3), meet(3), meet(3)];
    let run = invoke("3", &["--timeout", "60"], &events.each_ref().map(String::as_str)).exits(0).prints("3\n3\n3\n");
    let started = request_ids(&run, "START RequestId: ");
    assert_eq!(started.len(), 3, "{run}");
    assert_eq!(started, request_ids(&run, "END RequestId: "), "{run}");
    assert_eq!(started, request_ids(&run, "REPORT RequestId: "), "{run}");
    assert_eq!(run.stderr.matches("booted\n").count(), 1, "{run}");
    assert_eq!(run.stderr.matches("Init Duration").count(), 1, "the start belongs to one of them: {run}");
}

#[test]
fn responses_are_printed_in_the_order_of_the_events() {
    let run = invoke("3", &["--timeout", "60"], &[&sleep(600), &sleep(300), "1", r#"{"do":"stream"}"#, "2"]).exits(0);
    let expected = format!("{}\n{}\n1\none,two,three2\n", sleep(600), sleep(300));
    run.prints(&expected);
}

#[test]
fn no_more_run_at_once_than_allowed() {
    let run = invoke("2", &["--timeout", "1"], &[&meet(3), &meet(3), &meet(3)]).exits(111);
    assert_eq!(run.stdout.matches("Sandbox.Timedout").count(), 2, "{run}");
    assert_eq!(run.stdout.matches("Runtime.Unavailable").count(), 1, "both workers are still busy: {run}");
    run.says("every worker is still busy with an invocation that timed out");
}

#[test]
fn an_invocation_that_times_out_does_not_affect_the_others() {
    let events = [&sleep(1500), &sleep(800), &sleep(800), r#""last""#];
    let run = invoke("2", &["--timeout", "1"], &events).exits(111);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(lines[0].contains("Sandbox.Timedout") && lines[0].contains("Task timed out after 1.00 seconds"), "{run}");
    assert_eq!(lines[1..], [sleep(800), sleep(800), r#""last""#.to_owned()], "{run}");
    assert_eq!(run.stderr.matches("booted\n").count(), 1, "the environment goes on: {run}");
    run.says("slept: 410\n").says("\tStatus: timeout\n");
}

#[test]
fn a_crash_ends_every_invocation_in_the_environment() {
    let run = invoke("2", &["--timeout", "60"], &[r#"{"do":"hang"}"#, r#"{"do":"exit","code":"3"}"#, "3"]).exits(112);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(lines[..2].iter().all(|line| line.contains("Runtime exited with error: exit status 3")), "{run}");
    assert_eq!(lines[2], "3", "{run}");
    assert_eq!(run.stderr.matches("booted\n").count(), 2, "{run}");
}

#[test]
fn a_function_that_does_not_start_fails_each_event_once() {
    let run = Sandbox::new().invoke(&["--concurrency", "2", "--env", "START=exit", "--event", "1", "--event", "2"]);
    let run = run.exits(113);
    assert_eq!(run.stdout.matches("Runtime exited with error: exit status 7").count(), 2, "{run}");
    assert_eq!(run.stderr.matches("INIT_REPORT").count(), 2, "a start is not repeated: {run}");
}

#[test]
fn a_runtime_may_have_no_more_workers_than_invocations() {
    invoke("2", &["--env", "WORKERS=4"], &[&sleep(300)]).exits(0).says("refused: 500\n");
}

#[test]
fn a_function_is_told_its_concurrency() {
    let run = invoke("7", &["--env", "WORKERS=1"], &[r#"{"do":"where"}"#]).exits(0);
    let seen = run.json();
    assert_eq!(seen["environment"]["AWS_LAMBDA_MAX_CONCURRENCY"], "7");
    assert_eq!(seen["environment"]["AWS_LAMBDA_INITIALIZATION_TYPE"], "lambda-managed-instances");
}

#[test]
fn a_process_may_open_more_files_than_in_an_ordinary_environment() {
    let run = invoke("1", &[], &[r#"{"do":"sh","script":"ulimit -n"}"#]).exits(0);
    let output = std::process::Command::new("sh").args(["-c", "ulimit -Hn"]).output().unwrap();
    let machine = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap_or(u64::MAX);
    assert_eq!(run.json(), format!("{}\n", machine.min(4096)));
}

#[test]
fn extensions_receive_shutdown_only() {
    let sandbox = Sandbox::new().with_extension();
    let flags = ["--concurrency", "2", "--layer", "extension.zip", "--event", "1"];
    let run = sandbox.invoke(&[&flags[..], &WORKERS, &["--env", "EXTENSION=shutdown-only"]].concat()).exits(0);
    run.says("event: SHUTDOWN spindown\n");
    let run = sandbox.invoke(&[&flags[..], &["--env", "EXTENSION=invoke-only"]].concat()).exits(114);
    run.says("registered: 403").says("this event is not sent on Lambda Managed Instances");
}

#[test]
fn wrong_values_are_refused() {
    for flags in [&["--concurrency", "0"][..], &["--concurrency", "1601"], &["--concurrency", "2", "--cold"]] {
        Sandbox::new().invoke(flags).exits(2);
    }
    let run = Sandbox::new().invoke(&["--timeout", "1801"]).exits(2);
    run.says("the timeout is too long: found 1801 seconds, Lambda accepts 1800").says("add `--concurrency N`");
    invoke("1", &["--timeout", "5400"], &["1"]).exits(0);
    Sandbox::new().invoke(&["--concurrency", "1", "--timeout", "5401"]).exits(2);
    let run = Sandbox::new().invoke(&["--env", "AWS_LAMBDA_MAX_CONCURRENCY=2"]).exits(2);
    run.says("use `--concurrency`");
}

#[test]
fn a_server_runs_invocations_at_once() {
    let server = Server::start(&["--concurrency", "8", "--env", "START=workers", "--timeout", "60"]);
    let meeting = meet(8);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| server.invoke("", &meeting))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for answer in &answers {
        assert_eq!((answer.status, answer.text().as_str()), (200, "8"));
    }
    let ids: BTreeSet<_> = answers.iter().map(|answer| answer.header("x-amzn-RequestId").unwrap()).collect();
    assert_eq!(ids.len(), 8);
    assert_eq!(server.invoke("", r#"{"do":"stream"}"#).text(), "one,two,three");
}

#[test]
fn many_large_events_at_once_take_little_memory() {
    let server = Server::start(&["--concurrency", "64", "--env", "START=workers", "--timeout", "60"]);
    let event = format!("\"{}\"", "x".repeat(6 * 1024 * 1024 - 2));
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| assert_eq!(server.invoke("", &event).status, 200));
        }
    });
    let peak = server.running.peak_memory();
    assert!(peak < 256 << 10, "{peak} KiB");
}

#[test]
fn a_late_stream_does_not_hold_up_its_caller() {
    let server = Server::start(&["--concurrency", "2", "--env", "START=workers", "--timeout", "1"]);
    let answer = server.invoke("", r#"{"do":"stream-slowly"}"#);
    assert!(answer.text().contains("Sandbox.Timedout"), "{}", answer.text());
    assert_eq!(server.invoke("", "1").text(), "1");
}

#[test]
fn an_asynchronous_invocation_is_tried_three_times() {
    let mut server = Server::start(&["--concurrency", "2", "--env", "START=workers"]);
    assert_eq!(server.invoke("X-Amz-Invocation-Type: Event\r\n", r#"{"do":"fail"}"#).status, 202);
    server.running.wait_for("told: 202\n");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while server.running.log().matches("told: 202\n").count() < 3 {
        assert!(std::time::Instant::now() < deadline, "{}", server.running.log());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn a_signal_ends_every_invocation() {
    let sandbox = Sandbox::new();
    let mark = format!("MARK=concurrent-{}", std::process::id());
    let hang = r#"{"do":"hang"}"#;
    let flags = ["--concurrency", "2", "--env", &mark, "--timeout", "600", "--event", "1", "--event", hang];
    let mut running = Running::start(&sandbox, &[&["invoke", "function.zip"], &flags[..], &WORKERS].concat());
    running.wait_for("END RequestId");
    running.signal("INT");
    assert_eq!(running.wait(), 130, "{}", running.log());
    none_is_left_with(&mark);
    sandbox.is_clean();
}
