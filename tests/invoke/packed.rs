//! An executable of another compiler and a script boot after `pack`.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use test_support::{Fixture, Platform, Zip, example, pack_script};

/// Builds `examples/go` for an architecture.
fn go_program(platform: &Platform, output: &Path) {
    let goarch = if platform.arch == "arm64" { "arm64" } else { "amd64" };
    let go = Command::new("go")
        // Without asking Git, which refuses to read a checkout of another user.
        .args(["build", "-buildvcs=false", "-o"])
        .arg(output)
        .current_dir(example("go"))
        .envs([("GOOS", "linux"), ("GOARCH", goarch), ("CGO_ENABLED", "0")])
        .output()
        .expect("`go` starts");
    assert!(go.status.success(), "{}", String::from_utf8_lossy(&go.stderr));
}

/// Sends events to the function in a zip, among them one that it does not understand.
#[track_caller]
fn greets(zip: &Path, platform: &Platform) {
    let answers = platform.answers(zip, &[r#"{"name":"Ada"}"#, r#"{"name":7}"#, r#"{"name": "Grace"}"#]);
    let answers: Vec<Value> = answers.iter().map(|answer| serde_json::from_str(answer).unwrap()).collect();
    assert_eq!(answers[0], json!({ "message": "Hello, Ada!" }));
    assert_eq!(answers[1]["errorType"], "BadEvent");
    assert_eq!(answers[2], json!({ "message": "Hello, Grace!" }));
}

/// Builds, packs, boots and greets.
#[track_caller]
fn a_go_program_boots(platform: &Platform, flags: &[&str]) {
    let fixture = Fixture::empty();
    go_program(platform, &fixture.path("handler"));
    let run = fixture.run(&[&["pack", "handler"], flags].concat()).success();
    assert_eq!(run.zip(), fixture.path("handler.zip"));
    if flags.is_empty() {
        assert_eq!(Zip::read(run.zip()).machine(), platform.machine);
    }
    greets(&run.zip(), platform);
}

#[test]
#[ignore = "needs go, AWS's Runtime Interface Emulator and unzip"]
fn a_go_program_boots_on_x86_64() {
    a_go_program_boots(&Platform::x86_64(), &[]);
}

#[test]
#[ignore = "needs go, AWS's Runtime Interface Emulator and unzip"]
fn a_go_program_that_keeps_its_name_boots_through_the_link() {
    a_go_program_boots(&Platform::x86_64(), &["--keep-name"]);
}

#[test]
#[ignore = "needs go, AWS's Runtime Interface Emulator, unzip and qemu-user registered with binfmt_misc"]
fn a_go_program_boots_on_arm64() {
    a_go_program_boots(&Platform::arm64(), &[]);
}

#[test]
#[ignore = "needs curl, AWS's Runtime Interface Emulator and unzip"]
fn a_script_boots() {
    let fixture = Fixture::empty();
    greets(&pack_script(&fixture), &Platform::x86_64());
}
