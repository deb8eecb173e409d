//! The promise itself: what comes out of the zip boots under AWS's own emulator and answers.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Emulator, Fixture, Machine, Program, Zip, example, required, shared_target_dir};

/// Packages `examples/hello`, unpacks the zip as a stranger to this project would, boots it and greets it.
#[track_caller]
fn boots_and_answers(arch: &str, libc: &str, machine: &Machine, emulator: &Path, library_root: Option<&Path>) {
    let fixture = Fixture::empty();
    let output = fixture.path("hello.zip");
    let run = Program::new(&example("hello"))
        .args(["--locked", "--arch", arch, "--libc", libc, "--target-dir"])
        .args([shared_target_dir().as_os_str(), "-o".as_ref(), output.as_os_str()])
        .run()
        .success();
    assert_eq!(run.zip(), output);
    assert_eq!(Zip::read(&output).machine(), *machine);

    let folder = fixture.path("task");
    let unzip = Command::new("unzip").arg(&output).arg("-d").arg(&folder).output().expect("`unzip` starts");
    assert!(unzip.status.success(), "{}", String::from_utf8_lossy(&unzip.stderr));
    let function = Emulator::boot(emulator, &folder, library_root);
    for name in ["Ada", "Grace"] {
        let answer: Value = serde_json::from_str(&function.invoke(&json!({ "name": name }).to_string())).unwrap();
        assert_eq!(answer, json!({ "message": format!("Hello, {name}!") }));
    }
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator and unzip"]
fn hello_boots_on_x86_64_with_musl() {
    let emulator = required("LAMBDA_ZIP_TEST_RIE_X86_64");
    boots_and_answers("x86_64", "musl", &Machine::X86_64, &emulator, None);
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator, unzip and a C compiler for x86_64"]
fn hello_boots_on_x86_64_with_gnu() {
    let emulator = required("LAMBDA_ZIP_TEST_RIE_X86_64");
    boots_and_answers("x86_64", "gnu", &Machine::X86_64, &emulator, None);
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator, unzip and qemu-user registered with binfmt_misc"]
fn hello_boots_on_arm64_with_musl() {
    let emulator = required("LAMBDA_ZIP_TEST_RIE_ARM64");
    boots_and_answers("arm64", "musl", &Machine::Arm64, &emulator, None);
}

#[test]
#[ignore = "needs AWS's Runtime Interface Emulator, unzip, qemu-user registered with binfmt_misc, and a cross GCC and a \
            C library for arm64"]
fn hello_boots_on_arm64_with_gnu() {
    let emulator = required("LAMBDA_ZIP_TEST_RIE_ARM64");
    let library_root = required("LAMBDA_ZIP_TEST_ARM64_ROOT");
    boots_and_answers("arm64", "gnu", &Machine::Arm64, &emulator, Some(&library_root));
}
