//! Runs that are killed, or that run at the same time: there is always a complete zip at the path.
#![cfg(unix)]

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use test_support::{Fixture, Program, Zip, program_under_test, script};

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

/// Sends a signal to this process alone, and returns the number of the signal that ended it.
fn end_with(signal: &str, child: &mut Child) -> Option<i32> {
    assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap().signal()
}

/// The program under test, as a terminal starts it. What runs the tests may ignore SIGHUP, as `nohup` does, and hand that
/// on; GNU's `env` takes it back.
fn with_signals(fixture: &Fixture) -> Program {
    if cfg!(target_os = "linux") {
        Program::other("env", fixture.root()).arg("--default-signal=HUP,INT,TERM").arg(program_under_test())
    } else {
        fixture.program()
    }
}

/// The signals that end a run, and their numbers.
const SIGNALS: [(&str, i32); 3] = [("INT", 2), ("TERM", 15), ("HUP", 1)];

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_signal_while_packing_leaves_nothing_but_the_old_zip() {
    let fixture = Fixture::with_executable();
    let old = fixture.pack(&["main"]).bytes;
    fixture.write("noise", noise(64 << 20));
    let names = fixture.names();
    for (repetition, (signal, number)) in (0..40).zip(SIGNALS.into_iter().cycle()) {
        let pack = with_signals(&fixture).args(["pack", "main", "noise", "--compression", "best", "-q"]);
        let mut child = pack.into_command().stdout(Stdio::null()).spawn().unwrap();
        wait_until("no scratch file", || fixture.names().len() > names.len());
        sleep(Duration::from_millis(repetition % 8 * 5));
        assert_eq!(end_with(signal, &mut child), Some(number), "{signal}, repetition {repetition}");
        assert_eq!(fixture.names(), names, "{signal}, repetition {repetition}");
        assert_eq!(fs::read(fixture.path("main.zip")).unwrap(), old);
    }
}

/// A package whose build script says that it runs, and then runs for a long time, as does a program that it started.
fn endless_build() -> Fixture {
    let fixture = Fixture::package("endless");
    let script = "fn main() {
        let mut child = std::process::Command::new(\"sleep\").arg(\"600\").spawn().unwrap();
        let pids = format!(\"{} {}\", std::process::id(), child.id());
        std::fs::write(\"pids.new\", pids).unwrap();
        std::fs::rename(\"pids.new\", \"pids\").unwrap();
        child.wait().unwrap();
    }";
    fixture.write("build.rs", script);
    fixture
}

/// True until the process has ended. One that nobody waited for has ended, too.
fn is_running(pid: &str) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
    let state = String::from_utf8(output.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

#[test]
fn a_signal_while_building_ends_cargo_and_its_children() {
    let fixture = endless_build();
    for (repetition, (signal, number)) in (0..40).zip(SIGNALS.into_iter().cycle()) {
        let _ = fs::remove_file(fixture.path("pids"));
        // A process group of its own, as a shell makes one: it is never the foreground of the terminal that runs the tests.
        let mut build = with_signals(&fixture).args(["--libc", "musl"]).into_command();
        let mut child = build.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until("the build script does not run", || fixture.path("pids").exists());
        let pids = fs::read_to_string(fixture.path("pids")).unwrap();
        assert_eq!(end_with(signal, &mut child), Some(number), "{signal}, repetition {repetition}");
        let stderr = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert!(!stderr.contains("error: "), "the user ended it, which is no failure to report: {stderr}");
        for pid in pids.split(' ') {
            assert!(!is_running(pid), "process {pid} still runs after {signal}, repetition {repetition}");
        }
    }
}

#[test]
fn a_program_that_ignores_the_signal_is_killed() {
    let fixture = endless_build();
    let cargo = fixture.path("bin/cargo");
    script(
        &cargo,
        "case $* in *--message-format=json-render*) trap '' TERM; echo $$ > pids; sleep 600 ;; *) exec cargo \"$@\" ;; esac",
    );
    let build = with_signals(&fixture).args(["--libc", "musl"]).env("CARGO", &cargo);
    let mut child = build.into_command().process_group(0).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    wait_until("cargo does not run", || fs::read_to_string(fixture.path("pids")).is_ok_and(|pid| pid.ends_with('\n')));
    let pid = fs::read_to_string(fixture.path("pids")).unwrap();
    assert_eq!(end_with("TERM", &mut child), Some(15));
    assert!(!is_running(pid.trim()));
}

/// `nohup` starts a program that ignores the hang-up of its terminal.
#[test]
#[cfg(target_os = "linux")]
fn a_signal_that_is_ignored_from_the_start_ends_nothing() {
    let fixture = Fixture::with_executable();
    fixture.write("noise", noise(16 << 20));
    let pack = "trap '' HUP; exec \"$0\" pack main noise --compression best -q";
    let mut command = Program::other("sh", fixture.root()).args(["-c", pack]).arg(program_under_test()).into_command();
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    wait_until("no scratch file", || fixture.names().iter().any(|name| name.starts_with(".main.zip.")));
    assert_eq!(end_with("HUP", &mut child), None);
    assert_eq!(fixture.names(), ["main", "main.zip", "noise"]);
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
