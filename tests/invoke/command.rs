//! The command line: events and answers, usage errors, and the reports.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use test_support::{Run, program_under_test, sample};

use crate::support::Sandbox;

#[test]
fn an_event_is_answered() {
    let run = Sandbox::new().invoke(&["--event", r#"{"name":"Ada"}"#]).exits(0).prints("{\"name\":\"Ada\"}\n");
    let lines: Vec<_> = run.stderr.lines().collect();
    assert_eq!(lines[0], "    Checking function.zip");
    assert!(lines[1].starts_with("    Invoking function ("), "{run:#?}");
    let id = lines
        .iter()
        .find_map(|line| line.strip_prefix("START RequestId: ")?.strip_suffix(" Version: $LATEST"))
        .unwrap();
    assert_eq!(id.len(), 36);
    let report = lines.last().unwrap();
    let rest = report.strip_prefix(&format!("REPORT RequestId: {id}\tDuration: ")).unwrap();
    let parts: Vec<_> = rest.split('\t').collect();
    assert!(parts[0].ends_with(" ms") && parts[1].starts_with("Billed Duration: "), "{report}");
    assert_eq!(parts[2], "Memory Size: 128 MB");
    assert!(parts[3].starts_with("Max Memory Used: ") && parts[4].starts_with("Init Duration: "), "{report}");
    assert_eq!(lines[lines.len() - 2], format!("END RequestId: {id}"));
    let order = ["booted", "START", "got {", "END", "REPORT"]
        .map(|start| lines.iter().position(|line| line.starts_with(start)));
    assert!(order.is_sorted() && order.iter().all(Option::is_some), "{lines:#?}");
}

#[test]
fn events_come_from_files_stdin_samples_and_arguments_in_order() {
    let sandbox = Sandbox::new();
    sandbox.write("event.json", "[1,\n2]");
    let mut child = sandbox
        .program(&["invoke", "function.zip", "-e", "@event.json", "-e", "-", "-e", "eventbridge", "-e", "-1"])
        .into_command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"\"from stdin\"").unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    let expected = format!("[1,\n2]\n\"from stdin\"\n{}\n-1\n", sample("eventbridge").trim_end());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert_eq!(stderr.matches("booted\n").count(), 1, "one start serves them all: {stderr}");
    assert_eq!(stderr.matches("Init Duration: ").count(), 1, "{stderr}");
}

#[test]
fn a_response_that_cannot_be_printed_is_a_failure_after_the_last_event() {
    let sandbox = Sandbox::new();
    for flags in [&[][..], &["--message-format", "json"]] {
        let events = ["invoke", "function.zip", "-e", "1", "-e", "2"];
        let mut command = sandbox.program(&[&events[..], flags].concat()).into_command();
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = command.stdin(Stdio::null()).stdout(full).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(103), "{stderr}");
        assert_eq!(stderr.matches("END RequestId").count(), 2, "{stderr}");
        assert!(stderr.contains("error: failed to write to stdout\n"), "{stderr}");
    }
}

#[test]
fn each_event_can_have_its_own_start() {
    let run = Sandbox::new().invoke(&["--cold", "--event", "1", "--event", "2"]).exits(0).prints("1\n2\n");
    assert_eq!(run.stderr.matches("booted\n").count(), 2, "{run:#?}");
}

#[test]
fn the_default_event_is_an_empty_object() {
    Sandbox::new().invoke(&[]).exits(0).prints("{}\n");
}

#[test]
fn a_streamed_answer_is_printed_unchanged() {
    let sandbox = Sandbox::new();
    sandbox.invoke(&["--event", r#"{"do":"stream"}"#]).exits(0).prints("one,two,three");
    let run = sandbox.invoke(&["--event", r#"{"do":"stream","then":"fail"}"#]).exits(110).prints("one,two,three");
    run.says("error: the function answered with an error: Midway: half way\n");
}

#[test]
fn the_json_document_has_everything() {
    let sandbox = Sandbox::new();
    let run = sandbox.invoke(&[
        "--message-format",
        "json",
        "-e",
        r#"{"a":1}"#,
        "-e",
        r#"{"do":"stream"}"#,
        "-e",
        r#"{"do":"fail"}"#,
        "-e",
        r#"{"do":"exit"}"#,
    ]);
    let mut document = run.exits(110).json();
    let invocations = document["invocations"].as_array_mut().unwrap();
    let statuses: Vec<_> = invocations.iter().map(|invocation| invocation["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["success", "success", "error", "crash"]);
    assert_eq!(invocations[0]["response"], serde_json::json!({ "a": 1 }));
    assert_eq!(invocations[1]["response"], "one,two,three");
    assert_eq!(invocations[2]["error_type"], "NoSuchOrder");
    assert_eq!(invocations[2]["error_message"], "there is no order 17");
    assert_eq!(invocations[3]["error_type"], "Runtime.ExitError");
    assert!(invocations[0]["timings_ms"]["init"].as_f64().unwrap() > 0.0);
    assert!(invocations[1]["timings_ms"]["init"].is_null());
    assert!(invocations[0]["log"].as_str().unwrap().contains("\ngot {\"a\":1}\nEND RequestId: "));
    let fields: Vec<_> = invocations[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        fields,
        [
            "error_message",
            "error_type",
            "event",
            "log",
            "max_memory_used_mb",
            "memory_size_mb",
            "request_id",
            "response",
            "status",
            "timings_ms"
        ]
    );
    assert_eq!((&document["schema_version"], &document["function"]), (&1.into(), &"function".into()));
    assert_eq!(document["path"], "function.zip");
}

#[test]
fn variables_come_from_files_and_from_the_machine() {
    let sandbox = Sandbox::new();
    sandbox.write("variables", "# for tests\nSTART=exit\n\nCARGO_MANIFEST_DIR\n");
    // Flags override the file.
    let args = ["invoke", "function.zip", "--env-file", "variables", "--env", "START=", "-e", r#"{"do":"where"}"#];
    let seen = sandbox.program(&args).env("CARGO_MANIFEST_DIR", "/of/a/test").run().success().json();
    assert_eq!(seen["environment"]["CARGO_MANIFEST_DIR"], "/of/a/test");
    assert_eq!(seen["environment"]["START"], "");
}

#[test]
fn usage_errors_are_found_before_anything_runs() {
    let sandbox = Sandbox::new();
    for (flags, error) in [
        (&["--event", "{"][..], "error: the event `{` is not JSON: "),
        (&["--event", "sqss"], "error: the event `sqss` is not JSON: "),
        (&["--event", "@missing.json"], "error: failed to read the event `missing.json`"),
        (&["--event", "-", "--event", "-"], "error: `--event -` can be used once: "),
        (&["--timeout", "0"], "error: invalid value '0' for '--timeout "),
        (&["--memory", "64"], "error: invalid value '64' for '--memory "),
        (&["--serve", "0.0.0.0:9000"], "error: invalid value '0.0.0.0:9000' for '--serve "),
        (&["--serve", "127.0.0.1:0", "--event", "1"], "error: the argument "),
        (
            &["--env", "SURELY_NOT_SET_HERE"],
            "error: the variable `SURELY_NOT_SET_HERE` is not set on this machine\nhint: ",
        ),
        (&["--env", "LAMBDA_TASK_ROOT=/x"], "error: the variable `LAMBDA_TASK_ROOT` is reserved\nhint: "),
        (&["--layer", "missing.zip"], "error: failed to boot `missing.zip`"),
        (&["--layer", "data"], "error: `data` is a directory, not a zip"),
        (&["--list-events"], "error: the argument "),
    ] {
        let run = sandbox.invoke(flags).exits(2).prints("");
        assert!(run.stderr.starts_with(error), "{flags:?}: {}", run.stderr);
    }
    let run = sandbox.run(&["invoke", "missing.zip"]).exits(2).prints("");
    assert!(run.stderr.starts_with("error: failed to boot `missing.zip`"), "{run:#?}");
}

#[test]
fn a_zip_that_breaks_a_rule_is_not_unpacked() {
    let sandbox = Sandbox::new();
    let mut zip = fs::read(sandbox.path("function.zip")).unwrap();
    // In both headers of the entry, and of the same length, so that nothing else changes.
    let name = b"data/message.txt";
    let escape = b"../../escape.txt";
    let places: Vec<_> = (0..zip.len() - name.len()).filter(|start| zip[*start..].starts_with(name)).collect();
    assert_eq!(places.len(), 2);
    for start in places {
        zip[start..start + name.len()].copy_from_slice(escape);
    }
    sandbox.write("function.zip", zip);
    let run = sandbox.invoke(&[]).exits(100).prints("").says("[parent-in-name]");
    run.says("error: `function.zip` was not booted: it breaks a rule of its runtime\nhint: ");
    let rule = ["--allow", "parent-in-name"];
    let run = sandbox.invoke(&rule).exits(100).prints("").says("error: failed to unpack `function.zip`");
    assert!(!run.stderr.contains("booted\n"), "no level of a rule lets it write outside of its directory: {run:#?}");
    assert!(!sandbox.path("escape.txt").exists());
}

#[test]
fn the_samples_are_listed() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["invoke", "--list-events"]).exits(0);
    assert!(run.stdout.lines().any(|line| line.starts_with("sqs  ") && line.len() > 20), "{run:#?}");
    let document = sandbox.run(&["invoke", "--list-events", "--message-format", "json"]).exits(0).json();
    let sqs = document.as_array().unwrap().iter().find(|sample| sample["name"] == "sqs").unwrap();
    assert!(sqs["event"]["Records"].is_array() && sqs["source"].as_str().unwrap().starts_with("https://docs.aws"));
}

/// Builds the function by the main command with these flags.
fn build(sandbox: &Sandbox, flags: &[&str]) -> Run {
    sandbox.write("src/main.rs", include_str!("fixture.rs"));
    sandbox.write("Cargo.toml", "[package]\nname = \"shop\"\nedition = \"2024\"\n[profile.release]\nlto = \"off\"\n");
    sandbox.run(&[&["--arch", std::env::consts::ARCH], flags].concat())
}

#[test]
fn a_build_can_end_with_events() {
    let sandbox = Sandbox::new();
    let zip = sandbox.path("target/lambda/shop/bootstrap.zip");
    let run = build(&sandbox, &["--invoke-event", r#"{"a":1}"#, "--invoke-event", "2"]).exits(0);
    let run = run.prints(&format!("{}\n", zip.display())).says("    Answered {\"a\":1}\n").says("    Answered 2\n");
    run.says("got {\"a\":1}\n").says("REPORT RequestId: ");
    let run = build(&sandbox, &["--invoke-event", r#"{"do":"fail"}"#, "--message-format", "json"]).exits(110);
    let document = run.json();
    assert_eq!(document["archives"][0]["published"], true);
    let invocation = &document["archives"][0]["invocations"][0];
    assert_eq!((&invocation["status"], &invocation["error_type"]), (&"error".into(), &"NoSuchOrder".into()));
    let run = build(&sandbox, &["--invoke-event", "{"]).exits(2).prints("");
    assert!(run.stderr.starts_with("error: the event `{` is not JSON"), "nothing is built: {run:#?}");
}

#[test]
#[ignore = "needs root, to become an ordinary user, and user namespaces"]
fn an_ordinary_user_can_invoke() {
    let sandbox = Sandbox::new();
    let directory = sandbox.root();
    let program = sandbox.path("program");
    fs::copy(program_under_test(), &program).unwrap();
    assert!(Command::new("chown").args(["-R", "65534:65534"]).arg(directory).status().unwrap().success());
    for (isolation, event, answer) in
        [("auto", "1", "1\n"), ("none", "1", "1\n"), ("namespaces", r#"{"do":"shut"}"#, "\"shut\"\n")]
    {
        let output = Command::new("setpriv")
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(&program)
            .args(["invoke", "function.zip", "--isolation", isolation, "--event", event])
            .current_dir(directory)
            .env("TMPDIR", sandbox.path("unpacked"))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), answer.as_bytes()), "{stderr}");
        sandbox.is_clean();
    }
}

#[test]
fn a_zip_or_a_layer_that_is_a_fifo_is_an_error_at_once() {
    let sandbox = Sandbox::new();
    assert!(Command::new("mkfifo").arg(sandbox.path("fifo")).status().unwrap().success());
    for args in [&["invoke", "fifo"][..], &["invoke", "function.zip", "--layer", "fifo"]] {
        let run = sandbox.program(args).args(["--event", "1"]).run();
        run.fails(2, "failed to boot `fifo`").says("it is not a regular file");
    }
}

#[test]
fn a_missing_directory_for_temporary_files_has_a_hint() {
    let sandbox = Sandbox::new();
    let run = sandbox.program(&["invoke", "function.zip", "--event", "1"]).env("TMPDIR", sandbox.path("missing")).run();
    run.ends_in_error(96, "failed to create a directory for the function", &["set `TMPDIR` to a writable directory"]);
}
