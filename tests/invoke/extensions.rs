//! Extensions start before the runtime and learn of invocations and of the shutdown. They may fail.

use test_support::Run;

use crate::support::Sandbox;

fn invoke(extension: &str) -> Run {
    invoke_with(extension, "1")
}

fn invoke_with(extension: &str, event: &str) -> Run {
    let variable = format!("EXTENSION={extension}");
    Sandbox::new().with_extension().invoke(&["--layer", "extension.zip", "--env", &variable, "--event", event])
}

#[test]
fn an_extension_sees_every_phase() {
    let run = invoke("").exits(0).prints("1\n");
    let run = run.says(
        "registered: 200 {\"functionName\":\"function\",\"functionVersion\":\"$LATEST\",\"handler\":\"bootstrap\"}\n",
    );
    run.says("event: INVOKE \n").says("event: SHUTDOWN spindown\n");
}

#[test]
fn an_extension_gets_the_events_that_it_asks_for() {
    let run = invoke("shutdown-only").exits(0).says("event: SHUTDOWN spindown\n");
    assert!(!run.stderr.contains("event: INVOKE"), "{run:#?}");
    let run = invoke("none").exits(0);
    assert!(!run.stderr.contains("event: "), "{run:#?}");
}

#[test]
fn an_extension_that_fails_is_reported() {
    // The crash comes while the function is busy, so that there is no answer before it.
    for (extension, event, error) in [
        ("exit", "1", "Extension.Crash: extension watcher: exit status 3"),
        ("crash", r#"{"do":"hang"}"#, "Extension.Crash: extension watcher: exit status 4"),
        ("init-error", "1", "Extension.InitError: extension watcher: Extension.NoKey"),
    ] {
        let run = invoke_with(extension, event).exits(114).says(&format!("error: an extension failed: {error}\n"));
        assert!(run.stdout.starts_with("{\"errorType\":\"Extension."), "{run:#?}");
    }
}

#[test]
fn an_extension_that_registers_under_another_name_is_named() {
    let run = invoke("misnamed").exits(113).says("Sandbox.Timedout");
    run.says("hint: the extension `watcher` registered as `another-name`, not under the name of its file\n");
}

#[test]
fn an_extension_that_does_not_end_is_killed() {
    invoke("stubborn").exits(0).prints("1\n").says("event: SHUTDOWN spindown\n");
}

#[test]
fn an_extension_that_cannot_start_is_reported() {
    let sandbox = Sandbox::new();
    sandbox.write("watcher", "#!/bin/no-such-shell\n");
    let allow = ["--allow", "script-interpreter"];
    sandbox.run(&[&["pack", "--extension", "-o", "extension.zip", "watcher"], &allow[..]].concat()).exits(0);
    let run = sandbox.invoke(&[&["--layer", "extension.zip"], &allow[..]].concat()).exits(114);
    run.says("error: an extension failed: Extension.LaunchError: extension watcher: no such file or directory\n");
}

#[test]
fn an_extension_learns_why_it_ends() {
    let sandbox = Sandbox::new().with_extension();
    for (event, code, reason) in [(r#"{"do":"exit"}"#, 112, "failure"), (r#"{"do":"hang"}"#, 111, "timeout")] {
        let run = sandbox.invoke(&["--layer", "extension.zip", "--timeout", "1", "--event", event]).exits(code);
        run.says(&format!("event: SHUTDOWN {reason}\n"));
    }
}

#[test]
#[ignore = "needs user namespaces, in which `sandbox.localdomain` has an address"]
fn telemetry_is_delivered() {
    let run = invoke("telemetry").exits(0).says("subscribed: 200\n");
    let received: Vec<_> = run
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("telemetry: "))
        .flat_map(|types| types.split(' '))
        .collect();
    let expected = [
        "platform.initStart",
        "platform.telemetrySubscription",
        "platform.initRuntimeDone",
        "platform.extension",
        "platform.initReport",
        "platform.start",
        "function",
        "platform.runtimeDone",
        "platform.report",
    ];
    let mut rest = received.iter();
    assert!(expected.iter().all(|wanted| rest.any(|event| event == wanted)), "in this order: {received:?}");
    assert!(!received.contains(&"extension"), "it did not subscribe to these: {received:?}");
}

#[test]
#[ignore = "needs user namespaces, in which `sandbox.localdomain` has an address"]
fn telemetry_of_managed_instances_has_the_newest_schema() {
    let sandbox = Sandbox::new().with_extension();
    let invoke = |schema: &str| {
        let flags = ["--concurrency", "2", "--layer", "extension.zip", "--env", "EXTENSION=telemetry"];
        let events = ["--env", r#"EVENTS={"events":["SHUTDOWN"]}"#, "--env", schema, "--event", "1"];
        sandbox.invoke(&[&flags[..], &events].concat()).exits(0)
    };
    invoke("SCHEMA=2022-12-13").says("subscribed: 400\n");
    let run = invoke("SCHEMA=2025-01-29").says("subscribed: 200\n").says("platform.report");
    assert!(!run.stderr.contains("platform.runtimeDone"), "{run}");
}

#[test]
fn extensions_in_the_functions_own_zip_are_not_started() {
    let sandbox = Sandbox::new();
    sandbox.write("extensions/watcher", "#!/bin/sh\nexit 1\n");
    sandbox.run(&["pack", "-o", "function.zip", "bootstrap", "extensions"]).exits(0);
    let run = sandbox.invoke(&["--event", "1"]).exits(0).prints("1\n");
    run.says("warning: the `extensions` directory of the function is ignored").says("hint: pack the extension with ");
}

#[test]
fn an_internal_extension_runs_inside_the_function() {
    let sandbox = Sandbox::new();
    let run = sandbox.invoke(&["--env", "START=internal", "--event", "1", "--event", "2"]).exits(0).prints("1\n2\n");
    let run = run.says("with SHUTDOWN: 403\n").says("internal: 200\n");
    assert_eq!(run.stderr.matches("event: INVOKE \n").count(), 2, "{run:#?}");
}
