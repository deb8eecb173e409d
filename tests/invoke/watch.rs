//! `--watch`: a function runs again when its zip or its sources change.

use std::fs;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use test_support::{Fixture, http};

use crate::support::{PATIENCE, Running, Sandbox, none_is_left_with, source};

/// A package with the function under test, which answers with its version.
pub(crate) struct Package {
    fixture: Fixture,
    pub(crate) mark: String,
}

impl Deref for Package {
    type Target = Fixture;

    fn deref(&self) -> &Fixture {
        &self.fixture
    }
}

/// What the function answers to any other event.
const ECHO: &str = "answer(event.as_bytes());\n            }\n        }";

impl Package {
    pub(crate) fn new(name: &str) -> Self {
        let fixture = Fixture::package(name);
        fixture.create_dir("unpacked");
        let package = Self { fixture, mark: format!("MARK={name}-{}", std::process::id()) };
        package.set_version("src/main.rs", "1");
        package
    }

    /// Writes the source of a version.
    pub(crate) fn set_version(&self, path: &str, version: &str) {
        let source = fs::read_to_string(source()).unwrap();
        let answer = format!("answer(b\"\\\"version {version}\\\"\");\n            }}\n        }}");
        assert_eq!(source.matches(ECHO).count(), 1, "the fixture has changed");
        self.write(path, source.replace(ECHO, &answer));
    }

    /// Builds for this machine and runs.
    pub(crate) fn start(&self, flags: &[&str]) -> Running {
        let arch = std::env::consts::ARCH;
        // Not optimized, since it is compiled often.
        let common = ["--arch", arch, "--libc", "musl", "--profile", "dev", "--watch", "--env", &self.mark];
        let program = self.program().env("TMPDIR", self.path("unpacked")).args(common).args(flags);
        Running::of(program, self.path("log"))
    }

    #[track_caller]
    pub(crate) fn is_clean(&self) {
        none_is_left_with(&self.mark);
        let left: Vec<_> = fs::read_dir(self.path("unpacked")).unwrap().flatten().map(|entry| entry.path()).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// The address in the log of a server.
#[track_caller]
pub(crate) fn address(running: &mut Running) -> String {
    let log = running.wait_for("until Ctrl-C\n");
    log.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

fn get(address: &str, path: &str) -> String {
    let answer = http::request(address, "GET", path, "", b"").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

/// Asks again and again, each time with an answer, until it is this one.
#[track_caller]
fn wait_for_answer(address: &str, path: &str, expected: &str) {
    let deadline = Instant::now() + PATIENCE;
    while get(address, path) != expected {
        assert!(Instant::now() < deadline, "no {expected}");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_zip_that_is_replaced_answers_the_next_request() {
    let sandbox = Sandbox::new();
    let mut running =
        Running::start(&sandbox, &["invoke", "function.zip", "--http", "127.0.0.1:0", "--watch", "--timeout", "60"]);
    let address = address(&mut running);
    let message = || serde_json::from_str::<serde_json::Value>(&get(&address, "/?do=where")).unwrap()["data"].clone();
    assert_eq!(message(), "hello");
    let is_over = AtomicBool::new(false);
    scope(|scope| {
        // Requests keep coming meanwhile, and each is answered.
        let asking = scope.spawn(|| {
            let mut count = 0;
            while !is_over.load(Ordering::Relaxed) {
                get(&address, "/");
                count += 1;
            }
            count
        });
        for text in ["second", "third"] {
            sandbox.write("data/message.txt", text);
            sandbox.run_beside(&["pack", "-o", "function.zip", "bootstrap", "data"]).exits(0);
            let deadline = Instant::now() + PATIENCE;
            while message() != text {
                assert!(Instant::now() < deadline, "{}", running.log());
                sleep(Duration::from_millis(10));
            }
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(asking.join().unwrap() > 2);
    });
    assert!(running.log().contains("    Replaced function: requests go to the new zip\n"), "{}", running.log());

    sandbox.write("function.zip", "not a zip");
    running.wait_for("the last version goes on");
    assert_eq!(message(), "third");
    fs::remove_file(sandbox.path("function.zip")).unwrap();
    assert_eq!(message(), "third");
    sandbox.write("data/message.txt", "fourth");
    sandbox.run_beside(&["pack", "-o", "function.zip", "bootstrap", "data"]).exits(0);
    let deadline = Instant::now() + PATIENCE;
    while message() != "fourth" {
        assert!(Instant::now() < deadline, "{}", running.log());
    }
    running.signal("INT");
    assert_eq!(running.wait(), 0, "{}", running.log());
    sandbox.is_clean();
}

#[test]
fn an_invocation_that_is_under_way_ends_on_the_old_zip() {
    let sandbox = Sandbox::new();
    let mut running =
        Running::start(&sandbox, &["invoke", "function.zip", "--http", "127.0.0.1:0", "--watch", "--timeout", "60"]);
    let address = address(&mut running);
    let prelude = "7b7d";
    scope(|scope| {
        let slow = scope.spawn(|| get(&address, &format!("/?do=http-stream&prelude={prelude}&pause=300")));
        running.wait_for("START RequestId");
        sandbox.write("data/message.txt", "second");
        sandbox.run_beside(&["pack", "-o", "function.zip", "bootstrap", "data"]).exits(0);
        assert_eq!(slow.join().unwrap(), "one,two,three");
    });
    running.wait_for("Replaced function");
}

#[test]
fn invocations_that_run_at_once_all_end_on_the_old_zip() {
    let sandbox = Sandbox::new();
    let flags = ["--http", "127.0.0.1:0", "--watch", "--timeout", "60", "--concurrency", "3", "--env", "START=workers"];
    let mut running = Running::start(&sandbox, &[&["invoke", "function.zip"], &flags[..]].concat());
    let address = address(&mut running);
    scope(|scope| {
        let sleep = || get(&address, "/?do=sleep&milliseconds=2000");
        let requests = [scope.spawn(sleep), scope.spawn(sleep), scope.spawn(sleep)];
        running.wait_for_count("START RequestId", 3);
        assert!(!running.log().contains("END RequestId"), "they run at once: {}", running.log());
        sandbox.write("data/message.txt", "second");
        sandbox.run_beside(&["pack", "-o", "function.zip", "bootstrap", "data"]).exits(0);
        for request in requests {
            assert!(request.join().unwrap().contains("milliseconds=2000"));
        }
    });
    running.wait_for("Replaced function");
    let deadline = Instant::now() + PATIENCE;
    while !get(&address, "/?do=where").contains("\"data\":\"second\"") {
        assert!(Instant::now() < deadline, "{}", running.log());
    }
    running.signal("INT");
    assert_eq!(running.wait(), 0, "{}", running.log());
    sandbox.is_clean();
}

#[test]
fn events_are_sent_again_to_a_new_zip() {
    let sandbox = Sandbox::new();
    let mut running = Running::start(&sandbox, &["invoke", "function.zip", "--event", "{\"a\":1}", "--watch"]);
    running.wait_for("REPORT RequestId");
    sandbox.write("data/message.txt", "second");
    sandbox.run_beside(&["pack", "-o", "function.zip", "bootstrap", "data"]).exits(0);
    running.wait_for_count("REPORT RequestId", 2);
    running.signal("TERM");
    assert_eq!(running.wait(), 0, "{}", running.log());
    sandbox.is_clean();
}

#[test]
fn a_source_that_changes_is_built_and_served() {
    let package = Package::new("watched");
    let mut running = package.start(&["--http", "127.0.0.1:0"]);
    let address = address(&mut running);
    assert_eq!(get(&address, "/"), "\"version 1\"");
    package.set_version("src/main.rs", "2");
    wait_for_answer(&address, "/", "\"version 2\"");

    package.write("src/main.rs", "fn main() { oops }\n");
    running.wait_for("the last version goes on");
    assert_eq!(get(&address, "/"), "\"version 2\"");
    // A module in a new directory.
    let source = fs::read_to_string(source()).unwrap().replace(ECHO, "answer(new::VERSION);\n            }\n        }");
    package.write("src/main.rs", format!("mod new;\n{}", source.replace("//!", "//")));
    package.write("src/new/mod.rs", "pub const VERSION: &[u8] = b\"3\";\n");
    wait_for_answer(&address, "/", "3");

    // Another build with the same result changes nothing.
    let replaced = running.log().matches("Replaced").count();
    package.write("src/unused.rs", "// Not a module.\n");
    package.write("src/unused.rs", "// Still not.\n");
    running.wait_for("Fresh watched");
    assert_eq!(running.log().matches("Replaced").count(), replaced);
    running.signal("INT");
    assert_eq!(running.wait(), 0, "{}", running.log());
    package.is_clean();
}

#[test]
fn a_signal_ends_a_build_that_is_under_way() {
    let package = Package::new("stopped");
    // The build waits for longer than the test.
    package.write("build.rs", "fn main() { if std::path::Path::new(\"slow\").exists() { std::thread::sleep(std::time::Duration::from_secs(300)); } }\n");
    // Cargo and what it starts inherit the variable; the function does not.
    let mut running = package.start(&["--serve", "127.0.0.1:0"]);
    address(&mut running);
    package.write("slow", "");
    running.wait_for("Compiling stopped");
    running.wait_for_count("Compiling stopped", 2);
    running.signal("TERM");
    let begun = Instant::now();
    assert_eq!(running.wait(), 0, "{}", running.log());
    assert!(begun.elapsed() < PATIENCE);
    package.is_clean();
    let left = crate::support::processes_with(&format!("CARGO_MANIFEST_DIR={}", package.root().display()));
    assert_eq!(left, 0, "a build script is left");
}

#[test]
fn the_functions_of_a_workspace_are_served_together() {
    let package = Package::new("first");
    package.add_package("second", "second", "");
    let manifest = fs::read_to_string(package.path("Cargo.toml")).unwrap();
    package.write("Cargo.toml", format!("[workspace]\nmembers = [\"second\"]\n{manifest}"));
    package.set_version("second/src/main.rs", "1 of the second");
    let mut running = package.start(&["--workspace", "--http", "127.0.0.1:0"]);
    let address = address(&mut running);
    wait_for_answer(&address, "/first/", "\"version 1\"");
    wait_for_answer(&address, "/second/", "\"version 1 of the second\"");
    package.set_version("second/src/main.rs", "2 of the second");
    wait_for_answer(&address, "/second/", "\"version 2 of the second\"");
    assert_eq!(get(&address, "/first/"), "\"version 1\"");
    let log = running.log();
    assert!(log.contains("Replaced second") && !log.contains("Replaced first"), "{log}");
}

#[test]
fn an_event_is_sent_again_after_each_build() {
    let package = Package::new("evented");
    let mut running = package.start(&["--invoke-event", "{}"]);
    running.wait_for("Answered \"version 1\"");
    package.write("src/main.rs", "fn main() { oops }\n");
    running.wait_for("waiting for a change");
    package.set_version("src/main.rs", "2");
    running.wait_for("Answered \"version 2\"");
    running.signal("INT");
    assert_eq!(running.wait(), 0, "{}", running.log());
    package.is_clean();
}

#[test]
fn a_build_that_fails_is_tried_again_only_after_a_change() {
    let package = Package::new("failing");
    package.write("src/main.rs", "fn main() { oops }\n");
    // Cargo would write it, which is a change.
    let lock = "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = 4\n\n\
                [[package]]\nname = \"failing\"\nversion = \"1.2.3\"\n";
    package.write("Cargo.lock", lock);
    // The log lies in the package, too.
    let mut running = package.start(&["--invoke-event", "{}"]);
    running.wait_for("waiting for a change");
    sleep(Duration::from_secs(1));
    assert_eq!(running.log().matches("could not compile").count(), 1, "{}", running.log());
    package.set_version("src/main.rs", "1");
    running.wait_for("REPORT RequestId");
    running.signal("INT");
    assert_eq!(running.wait(), 0, "{}", running.log());
    package.is_clean();
}

#[test]
fn an_included_file_is_watched() {
    let package = Package::new("including");
    package.write("data/message.txt", "first");
    let mut running = package.start(&["--include", "data", "--http", "127.0.0.1:0"]);
    let address = address(&mut running);
    assert!(get(&address, "/?do=where").contains("\"data\":\"first\""));
    package.write("data/message.txt", "second");
    let deadline = Instant::now() + PATIENCE;
    while !get(&address, "/?do=where").contains("\"data\":\"second\"") {
        assert!(Instant::now() < deadline, "{}", running.log());
    }
}

#[test]
fn flags_of_a_run_need_one() {
    let fixture = Fixture::package("hello");
    for (flags, flag) in
        [(&["--watch"][..], "--watch"), (&["--env", "A=1"], "--env"), (&["--timeout", "9"], "--timeout")]
    {
        let run = fixture.run(flags).exits(2);
        let run = run.says(&format!("error: `{flag}` applies to a function that is run\n"));
        run.says("hint: add `--http`, `--serve ADDRESS` or `--invoke-event EVENT`\n");
    }
    for flags in
        [&["--http", "--message-format", "json"][..], &["--http", "--dry-run"], &["--http", "--invoke-event", "{}"]]
    {
        fixture.run(flags).exits(2).says("cannot be used with");
    }
    let run = fixture.run(&["--http", "--arch", "x86_64,arm64", "--libc", "musl"]).exits(2);
    run.says("error: two functions to serve have the name `hello`\nhint: serve one architecture: `--arch ARCH`\n");
    fixture.run(&["--http", "--list"]).exits(2).says("error: `--list` builds no function to run\n");
}
