//! Details of the Runtime API and of the sandbox that runtimes rely on.

use crate::support::{Running, Sandbox, none_is_left_with};

fn event(name: &str) -> String {
    format!(r#"{{"do":"{name}"}}"#)
}

#[test]
fn headers_are_spelled_as_lambda_spells_them() {
    let run = Sandbox::new().invoke(&["--event", &event("spelling")]).exits(0);
    let names = run.json().as_str().unwrap().to_owned();
    for name in
        ["Content-Type", "Lambda-Runtime-Aws-Request-Id", "Lambda-Runtime-Deadline-Ms", "Lambda-Runtime-Trace-Id"]
    {
        assert!(names.split(' ').any(|found| found == name), "{names}");
    }
}

#[test]
fn a_shell_runtime_may_search_for_headers_as_lambda_spells_them() {
    let sandbox = Sandbox::new();
    let script = "#!/bin/bash\n\
        while true; do\n\
          exec 3<> /dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}\n\
          printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: api\\r\\nConnection: close\\r\\n\\r\\n' >&3\n\
          id=$(grep -o 'Lambda-Runtime-Aws-Request-Id: [^[:space:]]*' <&3 | cut -d' ' -f2)\n\
          exec 3<> /dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}\n\
          printf \"POST /2018-06-01/runtime/invocation/$id/response HTTP/1.1\\r\\nHost: api\\r\\nConnection: close\\r\\nContent-Length: 4\\r\\n\\r\\ntrue\" >&3\n\
          cat <&3 > /dev/null\n\
        done\n";
    sandbox.write("script", script);
    sandbox.run(&["pack", "-o", "function.zip", "--allow", "script-interpreter", "script"]).exits(0);
    sandbox.invoke(&["--allow", "script-interpreter", "--event", "1", "--event", "2"]).exits(0).prints("true\ntrue\n");
}

#[test]
fn an_event_goes_to_one_worker() {
    let start = ["--env", "START=keep-connections", "--timeout", "30"];
    let events = ["--event", &event("workers"), "--event", "2", "--event", "3"];
    let run = Sandbox::new().invoke(&[&start[..], &events].concat()).exits(0).prints("\"first\"\n2\n3\n");
    let id = |line: &str| line.strip_prefix("worker: ").or(line.strip_prefix("first: ")).map(str::to_owned);
    let mut ids: Vec<_> = run.stderr.lines().filter_map(id).collect();
    assert_eq!(ids.len(), 3, "{run:#?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3, "no event is handed out twice: {run:#?}");
}

#[test]
fn an_event_that_was_lost_with_its_connection_is_handed_out_again() {
    let run = Sandbox::new().invoke(&["--event", r#"{"do":"next-first"}"#]).exits(0).prints("\"late\"\n");
    run.says("next: 200\n");
}

#[test]
fn an_answer_to_an_earlier_delivery_is_refused() {
    let run = Sandbox::new().invoke(&["--event", &event("stale")]).exits(0).prints("1\n");
    run.says("stale: 410\n").says("fresh: 202\n");
}

#[test]
fn the_metadata_endpoint_names_the_zone() {
    let sandbox = Sandbox::new();
    let run = sandbox.invoke(&["--env", "AWS_REGION=eu-west-1", "--event", &event("metadata")]).exits(0);
    let run = run.prints("{\"AvailabilityZoneID\":\"euw1-az1\"}\n");
    let run = run.says("without a token: 401\n").says("with another token: 401\n").says("another method: 405\n");
    run.says("metadata: 200 private, max-age=43200, immutable\n");
    sandbox.invoke(&["--env", "AWS_LAMBDA_METADATA_TOKEN=x"]).exits(2).says("is reserved");
}

#[test]
fn a_streamed_response_is_slowed_down_if_asked() {
    // The last 6 MB take at least three seconds.
    let event = ["--event", r#"{"do":"stream-large","pieces":"12"}"#];
    let sandbox = Sandbox::new();
    let run = sandbox.invoke(&[&event[..], &["--timeout", "2", "--throttle-streams"]].concat()).exits(111);
    assert!(run.stdout.len() >= 6 << 20, "the first 6 MB arrive at once: {}", run.stdout.len());
    let run = sandbox.invoke(&[&event[..], &["--timeout", "60", "--throttle-streams"]].concat()).exits(0);
    assert_eq!(run.stdout.len(), 12 << 20);
    let duration = run.stderr.split("Duration: ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(duration.parse::<f64>().unwrap() >= 3000.0, "{duration}");
}

#[test]
fn doubled_and_trailing_slashes_make_other_paths() {
    let run = Sandbox::new().invoke(&["--event", &event("slashes")]).exits(0);
    run.says("//2018-06-01/runtime/invocation/next: 404\n").says("/2018-06-01/runtime/invocation/next/: 404\n");
}

#[test]
#[ignore = "needs user namespaces"]
fn the_user_has_a_name_and_there_is_no_dev_fd() {
    let script = r#"{"do":"sh","script":"id -un; ls -d /dev/fd || echo none"}"#;
    let run = Sandbox::new().invoke(&["--isolation", "namespaces", "--event", script]).exits(0);
    assert_eq!(run.json(), "sbx_user1051\nnone\n");
}

#[test]
fn a_signal_shuts_the_function_down_in_an_orderly_way() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let sandbox = Sandbox::new().with_extension();
        let mark = format!("MARK=orderly-{signal}-{}", std::process::id());
        let flags = ["--layer", "extension.zip", "--env", &mark, "--timeout", "600", "--event", &event("hang")];
        let mut running = Running::start(&sandbox, &[&["invoke", "function.zip"], &flags[..]].concat());
        running.wait_for("event: INVOKE");
        running.signal(signal);
        assert_eq!(running.wait(), code, "{}", running.log());
        assert!(running.log().contains("event: SHUTDOWN spindown\n"), "{}", running.log());
        none_is_left_with(&mark);
        sandbox.is_clean();
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let sandbox = Sandbox::new().with_extension();
    let mark = format!("MARK=twice-{}", std::process::id());
    let flags = ["--layer", "extension.zip", "--env", "EXTENSION=stubborn", "--env", &mark, "--timeout", "600"];
    let mut running =
        Running::start(&sandbox, &[&["invoke", "function.zip", "--event", &event("hang")], &flags[..]].concat());
    running.wait_for("event: INVOKE");
    running.signal("INT");
    running.wait_for("event: SHUTDOWN");
    running.signal("INT");
    assert_eq!(running.wait(), 130, "{}", running.log());
    assert!(!running.log().contains("still here"), "the extension had two seconds: {}", running.log());
    none_is_left_with(&mark);
    sandbox.is_clean();
}

#[test]
fn a_daemon_ends_with_the_function() {
    let sandbox = Sandbox::new();
    let script = "setsid sh -c '(while :; do sleep 0.05; done) > /dev/null 2>&1 &'; echo started";
    for isolation in ["auto", "none"] {
        let mark = format!("MARK=daemon-{isolation}-{}", std::process::id());
        let event = format!(r#"{{"do":"sh","script":"{script}"}}"#);
        sandbox
            .invoke(&["--isolation", isolation, "--env", &mark, "--event", &event])
            .exits(0)
            .prints("\"started\\n\"\n");
        none_is_left_with(&mark);
    }
}
