//! The same functions in three languages make the same calls under AWS's emulator and by `invoke`. Statuses, names of headers,
//! and bodies must be equal, but for ids and times.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use test_support::{Emulator, repository, required};

use crate::support::Sandbox;

/// What the functions call during an invocation. `ID` stands for its request id.
const CALLS: [&str; 17] = [
    "GET /",
    "GET /2018-06-01/elsewhere",
    "GET /2018-06-01/runtime/invocation/next/",
    "POST /2018-06-01/runtime/invocation/next",
    "GET /2018-06-01/runtime/invocation/ID/response",
    "GET /2018-06-01/runtime/init/error",
    "POST /2018-06-01/runtime/invocation/00000000-0000-0000-0000-000000000000/response 1",
    "POST /2018-06-01/runtime/invocation/00000000-0000-0000-0000-000000000000/error {}",
    "POST /2020-01-01/extension/register {\"events\":[]}",
    "GET /2020-01-01/extension/event/next",
    "POST /2020-01-01/extension/init/error {}",
    "POST /2020-01-01/extension/exit/error {}",
    "POST /2018-06-01/runtime/invocation/ID/response {\"first\":1}",
    "POST /2018-06-01/runtime/invocation/ID/response {\"second\":2}",
    "POST /2018-06-01/runtime/invocation/ID/error {}",
    "POST /2018-06-01/runtime/invocation/ID/error {\"errorType\":\"Late\",\"errorMessage\":\"too late\"}",
    "GET /2020-01-01/extension/register",
];

/// A call that the emulator answers in another way if several invocations may be under way.
const INIT_ERROR: &str = "POST /2018-06-01/runtime/init/error {}";

/// Headers of an invocation that the emulator leaves out.
const NOT_IN_THE_EMULATOR: [&str; 2] = [" Lambda-Runtime-Invocation-Id", " Lambda-Runtime-Trace-Id"];

const EVENTS: [&str; 2] = [r#"{"greeting":"hello"}"#, r#""report""#];

/// A directory with the function in this language, and its zip.
fn function(language: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    if language != "rust" {
        let script = repository().join("tests/invoke/agreement/bootstrap").with_extension(language);
        fs::copy(script, sandbox.path("bootstrap")).unwrap();
        let allow = ["--allow", "script-interpreter"];
        sandbox.run(&[&["pack", "-o", "function.zip", "bootstrap"], &allow[..]].concat()).exits(0);
    }
    sandbox
}

/// What the function saw by `invoke`.
fn seen_by_invoke(sandbox: &Sandbox, calls: &str, flags: &[&str]) -> String {
    let calls = format!("CALLS={calls}");
    let events = EVENTS.iter().flat_map(|event| ["--event", event]);
    let flags = [flags, &["--allow", "script-interpreter", "--timeout", "60", "--env", &calls]].concat();
    let run = sandbox.invoke(&flags.into_iter().chain(events).collect::<Vec<_>>()).exits(0);
    let (first, table) = run.stdout.split_once('\n').unwrap();
    assert_eq!(first, r#"{"first":1}"#, "{run}");
    table.to_owned()
}

/// What it saw under the emulator, which refuses a second invocation while the only worker goes on with its calls.
fn seen_under(emulator: &Emulator) -> String {
    assert_eq!(emulator.invoke(EVENTS[0]), r#"{"first":1}"#);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = emulator.try_call(EVENTS[1]).filter(|answer| answer.status == 200) {
            return answer.text();
        }
        assert!(Instant::now() < deadline, "{}", emulator.printed());
        sleep(Duration::from_millis(50));
    }
}

/// The lines without the headers that the emulator leaves out.
fn comparable(table: &str, left_out: &[&str]) -> Vec<String> {
    let remove = |line: &str| left_out.iter().fold(line.to_owned(), |line, name| line.replace(name, ""));
    table.trim_end().lines().map(remove).collect()
}

fn emulator() -> std::path::PathBuf {
    required(&format!("LAMBDA_ZIP_TEST_RIE_{}", if cfg!(target_arch = "aarch64") { "ARM64" } else { "X86_64" }))
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator, Python and curl"]
fn functions_see_the_same_as_under_the_emulator() {
    let calls = [&CALLS[..], &[INIT_ERROR]].concat().join(";");
    for language in ["rust", "py", "sh"] {
        let sandbox = function(language);
        let variables = [("CALLS", calls.as_str()), ("AWS_LAMBDA_FUNCTION_TIMEOUT", "60")];
        let expected = seen_under(&Emulator::boot(&emulator(), sandbox.root(), &variables));
        let own = seen_by_invoke(&sandbox, &calls, &[]);
        assert!(NOT_IN_THE_EMULATOR.iter().all(|name| own.contains(name)), "{language}: {own}");
        let own = comparable(&own, &NOT_IN_THE_EMULATOR);
        let expected = comparable(&expected, &[]);
        assert_eq!(own, expected, "{language}");
        assert!(expected.len() > CALLS.len(), "{language}: {expected:#?}");
    }
}

/// With several invocations at once the emulator looks for the function in `/var/task`, so that it runs in a mount namespace
/// of its own.
fn emulator_of_managed_instances(directory: &Path) -> std::path::PathBuf {
    let script = format!(
        "#!/bin/sh\nset -e\nmount -t tmpfs none /var\nmkdir /var/task\ncp -r '{}'/bootstrap /var/task\n\
         export AWS_LAMBDA_MAX_CONCURRENCY=2\nexec '{}' \"$1\" \"$2\" \"$3\" \"$4\" /var/task/bootstrap\n",
        directory.display(),
        emulator().display()
    );
    let path = directory.join("inside");
    fs::write(&path, script).unwrap();
    let wrapper = directory.join("emulator");
    fs::write(&wrapper, format!("#!/bin/sh\nexec unshare --mount sh '{}' \"$@\"\n", path.display())).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&wrapper).status().unwrap().success());
    wrapper
}

#[test]
#[ignore = "needs root, AWS's Runtime Interface Emulator, Python and curl"]
fn functions_see_the_same_as_on_managed_instances() {
    let calls = CALLS.join(";");
    for language in ["rust", "py", "sh"] {
        let sandbox = function(language);
        let emulator = emulator_of_managed_instances(sandbox.root());
        let expected = seen_under(&Emulator::boot(&emulator, sandbox.root(), &[("CALLS", calls.as_str())]));
        let own = seen_by_invoke(&sandbox, &calls, &["--concurrency", "1"]);
        // The emulator's router leaves `Allow` out here.
        let own = comparable(&own, &[NOT_IN_THE_EMULATOR[1], "Allow "]);
        assert_eq!(own, comparable(&expected, &[]), "{language}");
    }
}
