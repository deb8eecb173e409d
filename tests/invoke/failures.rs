//! Functions that fail: each failure is reported in Lambda's words and with its own exit code, and no process or file is
//! left behind.

use crate::support::{Running, Sandbox, none_is_left_with, processes_with};

const RUNTIME_ERROR: &str = r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: "#;

#[test]
fn an_error_of_the_function_is_printed_and_reported() {
    let run = Sandbox::new().invoke(&["--event", r#"{"do":"fail"}"#]).exits(110).says("told: 202\n");
    let run = run.prints("{\"errorType\":\"NoSuchOrder\",\"errorMessage\":\"there is no order 17\"}\n");
    run.says("error: the function answered with an error: NoSuchOrder: there is no order 17\n");
}

#[test]
fn a_function_that_exits_is_reported_as_a_crash() {
    let sandbox = Sandbox::new();
    for (event, message) in [
        (r#"{"do":"exit"}"#, "Runtime exited without providing a reason"),
        (r#"{"do":"exit","code":"3"}"#, "Runtime exited with error: exit status 3"),
        (r#"{"do":"abort"}"#, "Runtime exited with error: signal: aborted"),
    ] {
        let run =
            sandbox.invoke(&["--event", event]).exits(112).says(&format!(" Error: {message}\nRuntime.ExitError\n"));
        assert!(
            run.stdout.starts_with(RUNTIME_ERROR) && run.stdout.ends_with(&format!(" Error: {message}\"}}\n")),
            "{run:?}"
        );
        run.says("\tStatus: error\tError Type: Runtime.ExitError\n")
            .says(&format!("error: the function crashed: Runtime.ExitError: {message}\n"));
    }
}

#[test]
fn after_a_crash_the_next_event_gets_a_new_start() {
    let run = Sandbox::new().invoke(&["--event", r#"{"do":"exit"}"#, "--event", "1"]).exits(112);
    assert_eq!(run.stderr.matches("booted\n").count(), 2, "{run:#?}");
    assert!(run.stdout.ends_with("\n1\n"), "{run:#?}");
}

#[test]
fn an_answer_counts_although_the_function_exits_afterwards() {
    let run = Sandbox::new().invoke(&["--event", r#"{"do":"exit-after"}"#]).exits(112).prints("\"done\"\n");
    run.says("Runtime exited with error: exit status 5");
}

#[test]
fn a_function_that_hangs_times_out_and_is_killed() {
    let sandbox = Sandbox::new();
    for isolation in ["auto", "none"] {
        let mark = format!("MARK=hang-{isolation}-{}", std::process::id());
        let flags = ["--event", r#"{"do":"escape"}"#, "--timeout", "1", "--env", &mark, "--isolation", isolation];
        let run = sandbox.invoke(&flags).exits(111);
        none_is_left_with(&mark);
        assert!(run.stdout.starts_with(r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: "#), "{run:#?}");
        assert!(run.stdout.ends_with(" Error: Task timed out after 1.00 seconds\"}\n"), "{run:#?}");
        run.says("\tDuration: 1000.00 ms\t").says("\tStatus: timeout\n").says(" Task timed out after 1.00 seconds\n");
    }
}

#[test]
fn a_child_process_ends_with_the_sandbox() {
    let sandbox = Sandbox::new();
    for isolation in ["auto", "none"] {
        let mark = format!("MARK=left-{isolation}-{}", std::process::id());
        let flags = ["--event", r#"{"do":"leave-child"}"#, "--env", &mark, "--isolation", isolation];
        sandbox.invoke(&flags).exits(0).prints("\"left\"\n");
        none_is_left_with(&mark);
    }
}

#[test]
fn a_function_that_fails_to_start_is_tried_twice() {
    let sandbox = Sandbox::new();
    let run = sandbox.invoke(&["--env", "START=exit"]).exits(113);
    let twice = run.stderr.matches("INIT_REPORT Init Duration: ").count();
    assert_eq!(twice, 2, "Lambda tries once more: {run:#?}");
    run.says("\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n")
        .says("\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError\n")
        .says("error: the function did not start: Runtime.ExitError: Runtime exited with error: exit status 7\n");
    let run = sandbox.invoke(&["--env", "START=error"]).exits(113);
    let run = run.prints("{\"errorType\":\"NoTable\",\"errorMessage\":\"TABLE is not set\"}\n");
    run.says("error: the function did not start: NoTable: TABLE is not set\n");
    sandbox.invoke(&["--env", "START=once"]).exits(0).prints("{}\n").says("\tPhase: init\tStatus: error");
}

#[test]
fn a_function_that_never_asks_for_an_event_times_out() {
    let run = Sandbox::new().invoke(&["--env", "START=hang", "--timeout", "1"]).exits(113);
    run.says("\tPhase: init\tStatus: timeout\n").says("\tPhase: invoke\tStatus: timeout\n").says("Sandbox.Timedout");
}

#[test]
fn a_bootstrap_that_cannot_start_is_an_invalid_entrypoint() {
    let sandbox = Sandbox::new();
    sandbox.write("script", "#!/bin/no-such-shell\n");
    sandbox.run(&["pack", "-o", "function.zip", "--allow", "script-interpreter", "script"]).exits(0);
    for (isolation, directory) in [("namespaces", "/var/task"), ("none", "")] {
        if isolation == "namespaces" && !crate::isolation::is_possible() {
            continue;
        }
        let flags = ["--allow", "script-interpreter", "--isolation", isolation];
        let run =
            sandbox.invoke(&flags).exits(113).says("error: the function did not start: Runtime.InvalidEntrypoint: ");
        assert!(
            run.stdout.contains("fork/exec ")
                && run.stdout.contains(&format!("{directory}/bootstrap: no such file or directory")),
            "{run:#?}"
        );
    }
}

#[test]
fn an_answer_counts_once_and_under_its_own_request_id() {
    let sandbox = Sandbox::new();
    sandbox.invoke(&["--event", r#"{"do":"twice"}"#]).exits(0).prints("\"one\"\n").says("first: 202, second: 403\n");
    sandbox
        .invoke(&["--event", r#"{"do":"wrong-id"}"#])
        .exits(0)
        .prints("\"right\"\n")
        .says("wrong: 400\nright: 202\n");
    sandbox.invoke(&["--event", r#"{"do":"next-first"}"#]).exits(0).prints("\"late\"\n").says("next: 200\n");
}

#[test]
fn invalid_calls_of_the_runtime_api_are_refused() {
    let run = Sandbox::new().invoke(&["--env", "START=early"]).exits(0).prints("{}\n");
    run.says("early answer: 400\nbroken: 400\nelsewhere: 404\nwrong method: 405\nbooted\n");
}

#[test]
fn an_answer_that_breaks_off_is_an_error() {
    let run = Sandbox::new().invoke(&["--event", r#"{"do":"break-off"}"#]).exits(110);
    run.prints("{\"errorType\":\"Runtime.TruncatedResponse\",\"errorMessage\":\"the response broke off\"}\n");
}

#[test]
fn an_answer_larger_than_six_megabytes_is_refused() {
    let sandbox = Sandbox::new();
    let run = sandbox.invoke(&["--event", r#"{"do":"large","size":"6291556"}"#]).exits(0).says("large: 202\n");
    assert_eq!(run.stdout.len(), 6_291_557);
    let run = sandbox.invoke(&["--event", r#"{"do":"large","size":"6291557"}"#]).exits(110).says("large: 413\n");
    run.prints(
        "{\"errorType\":\"Function.ResponseSizeTooLarge\",\"errorMessage\":\"Response payload size exceeded maximum \
         allowed payload size (6291556 bytes).\"}\n",
    );
}

#[test]
fn a_flood_of_output_is_printed_completely() {
    let sandbox = Sandbox::new();
    let run = sandbox.invoke(&["--event", r#"{"do":"flood"}"#, "--timeout", "60"]).exits(0).prints("\"flooded\"\n");
    let whole = "y".repeat(999);
    assert_eq!(run.stderr.lines().filter(|line| *line == whole).count(), 20_000, "every line arrives");
    sandbox.invoke(&["--event", r#"{"do":"flood-forever"}"#, "--timeout", "1"]).exits(111);
}

#[test]
fn a_function_that_takes_more_memory_than_it_has_is_killed() {
    let sandbox = Sandbox::new();
    let event = r#"{"do":"memory"}"#;
    let run = sandbox.invoke(&["--event", event, "--memory", "128", "--timeout", "30"]).exits(112);
    run.says("Runtime.OutOfMemory").says("hint: allow more memory with `--memory MB`");
    let run = sandbox.invoke(&["--event", event, "--memory", "1024", "--timeout", "30"]).exits(0).prints("419430400\n");
    let used = run.stderr.split("Max Memory Used: ").nth(1).unwrap().split(' ').next().unwrap();
    assert!((400..500).contains(&used.parse::<u32>().unwrap()), "{run:#?}");
}

#[test]
fn a_file_in_memory_counts_as_memory() {
    let sandbox = Sandbox::new();
    let event = r#"{"do":"memory-file"}"#;
    for isolation in ["auto", "none"] {
        let flags = ["--event", event, "--memory", "256", "--timeout", "30", "--isolation", isolation];
        sandbox.invoke(&flags).exits(112).says("Runtime.OutOfMemory");
    }
    sandbox.invoke(&["--event", event, "--memory", "512", "--timeout", "30"]).exits(0).prints("\"done\"\n");
}

#[test]
fn an_interrupted_run_leaves_nothing_behind() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        for isolation in ["auto", "none"] {
            let sandbox = Sandbox::new();
            let mark = format!("MARK={signal}-{isolation}-{}", std::process::id());
            let event = r#"{"do":"escape"}"#;
            let mut running = Running::start(
                &sandbox,
                &[
                    "invoke",
                    "function.zip",
                    "--event",
                    event,
                    "--timeout",
                    "600",
                    "--env",
                    &mark,
                    "--isolation",
                    isolation,
                ],
            );
            running.wait_for("START RequestId");
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
            while processes_with(&mark) < 3 {
                assert!(std::time::Instant::now() < deadline, "the function starts no children: {}", running.log());
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            running.signal(signal);
            assert_eq!(running.wait(), code, "{}", running.log());
            none_is_left_with(&mark);
            sandbox.is_clean();
        }
    }
}

#[test]
fn no_process_survives_a_killed_run() {
    for isolation in ["auto", "none"] {
        let sandbox = Sandbox::new();
        let mark = format!("MARK=killed-{isolation}-{}", std::process::id());
        let flags = ["invoke", "function.zip", "--timeout", "600", "--env", &mark, "--isolation", isolation];
        let mut running = Running::start(&sandbox, &[&flags[..], &["--event", r#"{"do":"hang"}"#]].concat());
        running.wait_for("START RequestId");
        running.signal("KILL");
        running.wait();
        none_is_left_with(&mark);
    }
}
