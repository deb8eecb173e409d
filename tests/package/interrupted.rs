//! Runs that are killed, or that run at the same time: there is always a complete zip at the path.
#![cfg(unix)]

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use test_support::{Fixture, Zip};

/// Bytes that do not compress, so that packing them takes a while.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes
}

#[test]
fn a_run_that_is_killed_leaves_the_old_zip_and_the_next_run_cleans_up() {
    let fixture = Fixture::with_executable();
    let old = fixture.pack(&["main"]).bytes;
    fixture.write("noise", noise(64 << 20));
    let mut killed_while_writing = false;
    for delay in [20, 60, 120, 200, 300] {
        let pack = fixture.program().args(["pack", "main", "noise", "--compression", "best", "-q"]);
        let mut child = pack.into_command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while fixture.names().len() < 4 && child.try_wait().unwrap().is_none() && Instant::now() < deadline {
            sleep(Duration::from_millis(1));
        }
        sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        let finished = child.wait().unwrap().success();
        if finished {
            break;
        }
        assert_eq!(fs::read(fixture.path("main.zip")).unwrap(), old);
        let left = fixture.names().iter().filter(|name| name.starts_with(".main.zip.")).count();
        assert!(left <= 1, "each run removes what the one before left: {:?}", fixture.names());
        killed_while_writing |= left == 1;
    }
    assert!(killed_while_writing);
    fixture.pack(&["main"]);
    assert_eq!(fixture.names(), ["main", "main.zip", "noise"]);
    assert_eq!(Zip::read(fixture.path("main.zip")).bytes, old);
}

#[test]
fn two_runs_at_once_on_one_output_both_succeed() {
    let fixture = Fixture::with_executable();
    fixture.write("noise", noise(4 << 20));
    for _ in 0..3 {
        let start = || {
            let pack = fixture.program().args(["pack", "main", ".", "-q"]);
            pack.into_command().stdout(Stdio::null()).spawn().unwrap()
        };
        let children = [start(), start(), start()];
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(fixture.names(), ["main", "main.zip", "noise"]);
        assert_eq!(Zip::read(fixture.path("main.zip")).names(), ["bootstrap", "noise"]);
    }
}
