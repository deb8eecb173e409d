//! Event and env files are regular files of a bounded size: anything else could hang the program or fill the memory.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::support::Sandbox;

#[test]
fn special_and_huge_files_are_refused() {
    let sandbox = Sandbox::new();
    symlink("/dev/zero", sandbox.path("zero")).unwrap();
    assert!(Command::new("mkfifo").arg(sandbox.path("fifo")).status().unwrap().success());
    File::create(sandbox.path("huge")).unwrap().set_len(300 << 20).unwrap();
    for (name, problem) in [
        ("zero", "is a device, not a regular file"),
        ("fifo", "is a FIFO (named pipe), not a regular file"),
        ("huge", "is too large: found 314572800 bytes, expected at most"),
        ("missing", "No such file or directory"),
    ] {
        let event = format!("@{name}");
        sandbox.invoke(&["-e", &event]).fails(2, &format!("failed to read the event `{name}`")).says(problem);
        let run = sandbox.invoke(&["-e", "1", "--env-file", name]);
        run.fails(2, &format!("failed to read the variables in `{name}`")).says(problem);
    }
}
