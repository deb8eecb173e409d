//! A packaged function boots and answers, under AWS's own emulator and by `invoke`.

use serde_json::{Value, json};
use test_support::{Fixture, Platform, Program, Zip, example, shared_target_dir};

/// Packages `examples/hello` as it would be deployed, boots it and greets it.
#[track_caller]
fn boots_and_answers(libc: &str, platform: &Platform) {
    let fixture = Fixture::empty();
    let output = fixture.path("hello.zip");
    let run = Program::new(example("hello"))
        .args(["--locked", "--arch", platform.arch, "--libc", libc, "--target-dir"])
        .args([shared_target_dir().as_os_str(), "-o".as_ref(), output.as_os_str()])
        .run()
        .success();
    assert_eq!(run.zip(), output);
    assert_eq!(Zip::read(&output).machine(), platform.machine);

    let events = ["Ada", "Grace"].map(|name| json!({ "name": name }).to_string());
    let answers = platform.answers(&output, &events.each_ref().map(String::as_str));
    for (name, answer) in ["Ada", "Grace"].iter().zip(answers) {
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer, json!({ "message": format!("Hello, {name}!") }));
    }
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator and unzip"]
fn hello_boots_on_x86_64_with_musl() {
    boots_and_answers("musl", &Platform::x86_64());
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator and unzip"]
fn hello_boots_on_x86_64_with_gnu() {
    boots_and_answers("gnu", &Platform::x86_64());
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator, unzip and qemu-user registered with binfmt_misc"]
fn hello_boots_on_arm64_with_musl() {
    boots_and_answers("musl", &Platform::arm64());
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator, unzip, qemu-user registered with binfmt_misc, and a C library \
            for arm64"]
fn hello_boots_on_arm64_with_gnu() {
    boots_and_answers("gnu", &Platform::arm64_with_glibc());
}
