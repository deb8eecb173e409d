//! `--http --watch` under load for a minute, or for as many seconds as `LAMBDA_ZIP_TEST_SOAK_SECONDS` says.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use test_support::http;

use crate::support::{PATIENCE, Running, processes_with};
use crate::watch::{Package, address};

/// The clients that send requests all the time.
const CLIENTS: usize = 3;

/// The version in an answer. Each request must have one.
#[track_caller]
fn version(address: &str, method: &str, path: &str, body: &[u8]) -> usize {
    let answer = http::request(address, method, path, "", body).expect("no request is lost");
    let text = answer.text();
    assert_eq!(answer.status, 200, "{text}");
    text.trim_matches('"').strip_prefix("version ").unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

/// The open files of a process.
fn open_files(running: &Running) -> usize {
    fs::read_dir(format!("/proc/{}/fd", running.id())).unwrap().count()
}

#[test]
#[ignore = "needs a minute"]
fn no_request_and_no_process_is_lost() {
    let seconds = std::env::var("LAMBDA_ZIP_TEST_SOAK_SECONDS").map_or(60, |text| text.parse().unwrap());
    let package = Package::new("soaked");
    // The fixture answers a request without `do` with its version.
    let mut running = package.start(&["--http", "127.0.0.1:0", "--timeout", "60"]);
    let address = address(&mut running);
    let is_over = AtomicBool::new(false);
    let answered = AtomicUsize::new(0);
    let mut latest = 1;
    scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (address, is_over, answered) = (&address, &is_over, &answered);
                scope.spawn(move || {
                    let mut newest = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        let seen = match client {
                            0 => version(address, "GET", "/a?b=c", b""),
                            1 => version(address, "POST", "/", &[0xff; 4096]),
                            _ => version(address, "PUT", "/", b"{}"),
                        };
                        assert!(seen >= newest, "version {seen} after {newest}");
                        newest = seen;
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let mut files = 0;
        while Instant::now() < deadline && clients.iter().all(|client| !client.is_finished()) {
            if latest % 3 == 0 {
                package.write("src/main.rs", "fn main() { oops }\n");
                running.wait_for_count("the last version goes on", latest / 3);
            }
            latest += 1;
            package.set_version("src/main.rs", &latest.to_string());
            let patience = Instant::now() + PATIENCE;
            while version(&address, "GET", "/", b"") != latest {
                assert!(Instant::now() < patience, "version {latest} does not come: {}", running.log());
            }
            // The function and the first process of its sandbox.
            assert!(processes_with(&package.mark) <= 2, "{}", running.log());
            if latest == 3 {
                files = open_files(&running);
            }
        }
        is_over.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().unwrap();
        }
        assert!(open_files(&running) <= files + CLIENTS, "{files} files were open at first");
    });
    assert!(latest > 3, "{}", running.log());
    running.signal("INT");
    assert_eq!(running.wait(), 0, "{}", running.log());
    package.is_clean();
    let log = running.log();
    // Cargo writes to the same file, also in the middle of a line.
    let ended = log.matches("END RequestId").count();
    assert!(ended >= answered.load(Ordering::Relaxed), "{ended} of {answered:?}");
}
