//! The same function under AWS's own emulator must see the same and get the same answers to its callers.

use test_support::{Emulator, required};

use crate::support::Sandbox;

/// The emulator for this machine's processor with the function of the sandbox.
fn emulator(sandbox: &Sandbox) -> Emulator {
    let variable = format!("LAMBDA_ZIP_TEST_RIE_{}", if cfg!(target_arch = "aarch64") { "ARM64" } else { "X86_64" });
    let variables = [("START", "early"), ("AWS_LAMBDA_FUNCTION_TIMEOUT", "30")];
    Emulator::boot(&required(&variable), sandbox.root(), &variables)
}

/// The lines that the function printed, without those of the emulator or of `invoke`.
fn printed(log: &str) -> Vec<String> {
    const OWN: [&str; 9] =
        ["early", "broken", "elsewhere", "wrong method", "booted", "told", "first", "wrong", "right"];
    let is_own = |line: &&str| OWN.iter().chain(&["next", "large", "got"]).any(|start| line.starts_with(start));
    log.lines().filter(is_own).map(str::to_owned).collect()
}

/// An answer without the id of its request, which differs each time.
fn without_number(answer: &str) -> String {
    match answer.split_once("RequestId: ") {
        Some((start, rest)) => format!("{start}RequestId: {}", &rest[36..]),
        None => answer.to_owned(),
    }
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator"]
fn the_emulator_and_invoke_agree() {
    let sandbox = Sandbox::new();
    let events = [
        r#"{"a":1}"#,
        r#"{"do":"fail"}"#,
        r#"{"do":"twice"}"#,
        r#"{"do":"wrong-id"}"#,
        r#"{"do":"next-first"}"#,
        r#"{"do":"stream"}"#,
        r#"{"do":"large","size":"6291556"}"#,
        r#"{"do":"large","size":"6291557"}"#,
        r#"{"do":"exit","code":"3"}"#,
        r#"{"do":"exit"}"#,
        r#"{"do":"abort"}"#,
    ];
    let emulator = emulator(&sandbox);
    for event in events {
        let run = sandbox.invoke(&["--cold", "--env", "START=early", "--timeout", "30", "--event", event]);
        let expected = emulator.call(event).text();
        let own = run.stdout.strip_suffix('\n').unwrap_or(&run.stdout);
        assert!(without_number(own) == without_number(&expected), "{event}: {own:.300} and {expected:.300}");
    }
    let program = printed(&events.map(|event| sandbox.invoke(&["--env", "START=early", "-e", event]).stderr).concat());
    let emulators = printed(&emulator.printed());
    // `invoke` was started for each event; the emulator starts the function again only after a crash.
    let without_start = |lines: &[String]| {
        let is_start = |line: &String| {
            printed("early\nbroken\nelsewhere\nwrong method\nbooted")
                .iter()
                .any(|start| line.starts_with(start.as_str()))
        };
        let start: Vec<_> = lines.iter().take(5).cloned().collect();
        (start, lines.iter().filter(|line| !is_start(line)).cloned().collect::<Vec<_>>())
    };
    assert_eq!(without_start(&program), without_start(&emulators));
}
