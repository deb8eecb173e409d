//! Machines that lack user namespaces, or a kernel that runs programs for other architectures. Each is simulated in a new
//! namespace.

use std::process::Command;

use test_support::{Program, Run, program_under_test};

use crate::support::{Sandbox, source};

/// Runs a script in new namespaces, in which it is root. `$PROGRAM` is the program under test.
fn run_inside(sandbox: &Sandbox, script: &str) -> Run {
    let run = Program::other("unshare", sandbox.root())
        .args(["--user", "--map-root-user", "--mount", "sh", "-ec", script])
        .env("PROGRAM", program_under_test())
        .env("TMPDIR", sandbox.path("unpacked"))
        .run();
    sandbox.is_clean();
    run
}

const NO_NAMESPACES: &str = "echo 0 > /proc/sys/user/max_user_namespaces";

#[test]
#[ignore = "needs user namespaces, to take them away"]
fn without_namespaces_a_function_runs_with_a_warning() {
    let sandbox = Sandbox::new();
    let run = run_inside(&sandbox, &format!("{NO_NAMESPACES}; \"$PROGRAM\" invoke function.zip --event 1"));
    let run = run
        .exits(0)
        .prints("1\n")
        .says("warning: the function is not isolated (the kernel does not allow this user to create namespaces");
    run.says("hint: pass `--isolation none` to silence this warning\n")
        .says("    Invoking function (not isolated: it can read and change your files)\n");
    let run =
        run_inside(&sandbox, &format!("{NO_NAMESPACES}; \"$PROGRAM\" invoke function.zip --isolation namespaces"));
    run.exits(96).prints("").says("error: cannot isolate the function: ").says("hint: allow user namespaces");
}

#[test]
#[ignore = "needs user namespaces, to mount a file system"]
fn a_noexec_directory_for_temporary_files_is_reported() {
    let sandbox = Sandbox::new();
    let script = "mkdir still; mount -t tmpfs -o noexec none still; TMPDIR=$PWD/still \"$PROGRAM\" invoke function.zip";
    let run = run_inside(&sandbox, script).exits(96).prints("").says("does not run programs (`noexec`)\n");
    run.says("hint: set `TMPDIR` to another directory\n");
}

/// Gives the namespace an empty list of the formats that the kernel runs by an interpreter.
const NO_BINFMT: &str = "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc";

/// A sandbox whose `function.zip` is for arm64, with this triple's C library.
fn for_arm64(libc: &str, linker: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let output = Command::new("rustc")
        .args(["--edition", "2024", "-O", "-C", &format!("linker={linker}"), "--target"])
        .arg(format!("aarch64-unknown-linux-{libc}"))
        .arg(source())
        .args(["-o", "bootstrap"])
        .current_dir(sandbox.path("."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    sandbox.run(&["pack", "-o", "function.zip", "bootstrap", "data"]).exits(0);
    sandbox
}

#[test]
#[ignore = "needs qemu-user registered with binfmt_misc, a machine for x86_64, and a cross GCC and a C library for arm64"]
fn the_kernel_runs_a_function_for_arm64() {
    for (libc, linker) in [("musl", "rust-lld"), ("gnu", "aarch64-linux-gnu-gcc")] {
        let sandbox = for_arm64(libc, linker);
        for isolation in ["auto", "none"] {
            let run = sandbox.invoke(&["--isolation", isolation, "--timeout", "60", "--event", r#"{"do":"where"}"#]);
            assert_eq!(run.exits(0).says(", emulated)\n").json()["data"], "hello", "{libc}");
        }
    }
}

#[test]
#[ignore = "needs qemu-user, a machine for x86_64, and a kernel with binfmt_misc for each namespace (6.7)"]
fn qemu_on_the_path_runs_a_function_for_arm64() {
    let sandbox = for_arm64("musl", "rust-lld");
    for isolation in ["auto", "none"] {
        let invoke = format!("\"$PROGRAM\" invoke function.zip --isolation {isolation} --timeout 60");
        let run = run_inside(&sandbox, &format!("{NO_BINFMT}; {invoke} --event '{{\"do\":\"where\"}}'")).exits(0);
        assert_eq!(run.says(", emulated)\n").json()["data"], "hello");
    }
    let run = run_inside(&sandbox, &format!("{NO_BINFMT}; PATH=/nowhere \"$PROGRAM\" invoke function.zip")).exits(96);
    let run = run.prints("").says("error: the function is for arm64, and this machine cannot run programs for it\n");
    run.says("`apt install qemu-user-static`");
}
