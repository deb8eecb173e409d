//! Output that cannot be written is a failure, whichever command prints it; a reader that has read enough is not.

use std::fs::File;
use std::io;
use std::process::{Output, Stdio};

use test_support::Fixture;

/// A command line for each kind of output, with its usual exit code.
const COMMANDS: [(&[&str], i32); 25] = [
    (&["-h"], 0),
    (&["--help"], 0),
    (&["--version"], 0),
    (&["pack", "--help"], 0),
    (&["check", "-h"], 0),
    (&["completions", "bash"], 0),
    (&["completions", "fish"], 0),
    (&["man"], 0),
    (&["man", "pages"], 0),
    (&["doctor"], 0),
    (&["doctor", "--message-format", "json"], 0),
    (&["pack", "main"], 0),
    (&["pack", "main", "--message-format", "json"], 0),
    (&["pack", "main", "--list"], 0),
    (&["pack", "main", "--list", "--message-format", "json"], 0),
    (&["check", "broken.zip"], 100),
    (&["check", "broken.zip", "--message-format", "json"], 100),
    (&["check", "broken.zip", "--message-format", "github"], 100),
    (&["check", "--list"], 0),
    (&["check", "--list", "--message-format", "json"], 0),
    (&["check", "--explain", "no-bootstrap"], 0),
    (&["check", "--explain", "no-bootstrap", "--message-format", "json"], 0),
    (&["invoke", "--list-events"], 0),
    (&["invoke", "--list-events", "--message-format", "json"], 0),
    (&["invoke", "--help"], 0),
];

/// The same for a package.
#[cfg(target_os = "linux")]
const BUILD_COMMANDS: [&[&str]; 6] = [
    &["--dry-run"],
    &["--dry-run", "--message-format", "json"],
    &["--list"],
    &["--list", "--message-format", "json"],
    &[],
    &["--message-format", "json"],
];

fn run(fixture: &Fixture, args: &[&str], stdout: impl Into<Stdio>) -> Output {
    let mut command = fixture.program().args(args).into_command();
    command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

fn with_zips() -> Fixture {
    let fixture = Fixture::with_executable();
    fixture.write("broken.zip", "not a zip");
    fixture
}

#[track_caller]
fn fails_to_print(fixture: &Fixture, args: &[&str], stdout: File) {
    let output = run(fixture, args, stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(103), "{args:?}: {stderr}");
    assert!(stderr.contains("error: failed to write to stdout\n\nCaused by:\n"), "{args:?}: {stderr}");
}

#[cfg(target_os = "linux")]
fn full_disk() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_of_every_command() {
    let fixture = with_zips();
    for (args, _) in COMMANDS {
        fails_to_print(&fixture, args, full_disk());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_of_a_build() {
    let fixture = Fixture::package("printed");
    for args in BUILD_COMMANDS {
        fails_to_print(&fixture, args, full_disk());
    }
}

#[test]
fn a_stdout_that_is_open_for_reading_only_is_an_error_of_every_command() {
    let fixture = with_zips();
    for (args, _) in COMMANDS {
        fails_to_print(&fixture, args, File::open("/dev/null").unwrap());
    }
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_error() {
    let fixture = with_zips();
    for (args, code) in COMMANDS {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = run(&fixture, args, writer);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(!stderr.contains("stdout") && !stderr.contains("panicked"), "{args:?}: {stderr}");
    }
}

#[test]
fn nothing_to_print_needs_no_stdout() {
    let fixture = Fixture::empty();
    fixture.write("text", "not an executable");
    let output = run(&fixture, &["pack", "text"], File::open("/dev/null").unwrap());
    assert_eq!(output.status.code(), Some(100), "no zip is published, so no path is printed");
}

#[test]
fn messages_that_cannot_be_printed_do_not_stop_the_work() {
    let fixture = with_zips();
    let mut command = fixture.program().args(["pack", "main"]).into_command();
    let output = command.stderr(File::open("/dev/null").unwrap()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), fixture.path("main.zip").to_str().unwrap());
}
