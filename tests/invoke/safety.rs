//! What an isolated function cannot do to the machine, whoever started it. The probes only look: they test access, and try
//! mounts that would stay inside of the sandbox.

use std::fs;
use std::process::Command;

use test_support::{Program, Run, program_under_test};

use crate::support::Sandbox;

/// The users who start `invoke`: root, and an ordinary user.
const USERS: [u32; 2] = [0, 12_345];

/// Runs `invoke` as this user, with a variable in its environment that the function must not see.
fn invoke_as(user: u32, sandbox: &Sandbox, flags: &[&str]) -> Run {
    let program = sandbox.path("program");
    if !program.exists() {
        fs::copy(program_under_test(), &program).unwrap();
    }
    assert!(Command::new("chown").args(["-R", &user.to_string()]).arg(sandbox.path(".")).status().unwrap().success());
    let run = Program::other("setpriv", sandbox.path("."))
        .args(["--reuid", &user.to_string(), "--regid", &user.to_string(), "--clear-groups"])
        .arg(&program)
        .args(["invoke", "function.zip", "--timeout", "60"])
        .args(flags)
        .env("TMPDIR", sandbox.path("unpacked"))
        .env("SECRET", "of-the-caller")
        .run();
    sandbox.is_clean();
    run
}

/// What a shell script prints inside of the function. It must not contain double quotes or backslashes.
fn script_as(user: u32, isolation: &str, script: &str) -> String {
    let event = format!(r#"{{"do":"sh","script":"{script}"}}"#);
    let run = invoke_as(user, &Sandbox::new(), &["--isolation", isolation, "--event", &event]).exits(0);
    run.json().as_str().unwrap().trim_end().to_owned()
}

fn isolated_script_as(user: u32, script: &str) -> String {
    script_as(user, "namespaces", script)
}

#[test]
#[ignore = "needs root and user namespaces"]
fn nothing_of_the_machine_is_writable() {
    let probe = "find /proc/sys /proc/bus /proc/irq /proc/fs /sys /dev -writable -not -type l; \
                 find / /usr /etc /opt /var /var/task -maxdepth 1 -writable -not -type l -not -path /tmp -not -path /proc";
    for user in USERS {
        let found = isolated_script_as(user, probe);
        let devices = ["/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"];
        let found: Vec<_> = found.lines().filter(|path| !devices.contains(path)).collect();
        assert!(found.is_empty(), "user {user}: {found:#?}");
        // Access rights would be enough for these. The mount is the second wall.
        let names = "ls -d /proc/sys /proc/sysrq-trigger 2>&- | sort";
        let mounts = "grep -oE '/proc/(sys|sysrq-trigger) ro' /proc/self/mountinfo | cut -d' ' -f1 | sort";
        assert_eq!(isolated_script_as(user, mounts), isolated_script_as(user, names), "user {user}");
    }
    assert!(
        script_as(0, "none", "find /proc/sys/kernel -maxdepth 1 -writable").contains("core_pattern"),
        "the probe works"
    );
}

#[test]
#[ignore = "needs root and user namespaces"]
fn secrets_of_the_machine_are_unreadable() {
    let files = "/etc/shadow /proc/1/environ /proc/1/mem /proc/kcore /proc/keys /proc/1/stack /proc/timer_list";
    let probe = format!(
        "for file in {files}; do head -c 1 $file | wc -c; done; ls /proc/1/root /proc/1/cwd; readlink /proc/1/exe /proc/1/fd/0"
    );
    for user in USERS {
        let seen = isolated_script_as(user, &probe);
        assert!(seen.lines().all(|line| line == "0"), "user {user}: {seen}");
        let own_secret = isolated_script_as(user, "grep -ls SECRET=of-the-caller /proc/[0-9]*/environ");
        assert_eq!(own_secret, "", "user {user}");
    }
    assert!(script_as(0, "none", "head -c 1 /etc/shadow | wc -c").contains('1'), "the probe works");
    assert!(
        script_as(0, "none", "grep -ls SECRET=of-the-caller /proc/[0-9]*/environ").contains("/environ"),
        "it works"
    );
}

#[test]
#[ignore = "needs root and user namespaces"]
fn a_function_has_no_privileges() {
    let probe = "grep -E '^(Cap|NoNewPrivs|Groups|Uid|Gid)' /proc/self/status";
    for user in USERS {
        let status = isolated_script_as(user, probe);
        let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            assert_eq!(value(set), "0".repeat(16), "user {user}: {status}");
        }
        assert_eq!(value("NoNewPrivs:"), "1");
        assert_eq!(value("Uid:"), "993\t993\t993\t993");
        assert_eq!(value("Gid:"), "990\t990\t990\t990");
        assert_eq!(value("Groups:"), "");
    }
}

#[test]
#[ignore = "needs root and user namespaces"]
fn a_function_cannot_change_mounts_or_make_devices() {
    let probe = "mkdir /tmp/m; mount -t tmpfs none /tmp/m && echo mounted; \
                 mount -o remount,bind,rw /var/task && echo remounted; \
                 umount /proc/sys && echo unmounted; \
                 mknod /tmp/null c 1 3 && echo made; \
                 unshare -Urm sh -c 'mount -o remount,bind,rw /proc/sys && echo inner remounted; \
                     umount /proc/sys && echo inner unmounted; \
                     [ -w /proc/sys/kernel/core_pattern ] && echo inner writable; \
                     [ -w /usr ] && echo usr writable'";
    for user in USERS {
        assert_eq!(isolated_script_as(user, probe), "", "user {user}");
    }
}

#[test]
#[ignore = "needs root and user namespaces"]
fn processes_of_the_machine_are_out_of_reach() {
    let own = std::process::id();
    let probe = format!("kill -0 {own} && echo killable; ls -d /proc/{own} && echo visible");
    for user in USERS {
        assert_eq!(isolated_script_as(user, &probe), "", "user {user}");
        let processes = isolated_script_as(user, "ls -d /proc/[0-9]* | wc -l");
        assert!(processes.parse::<u32>().unwrap() < 10, "user {user}: {processes}");
    }
    assert!(script_as(0, "none", &probe).contains("visible"), "the probe works");
}

#[test]
fn inherited_files_are_closed() {
    let sandbox = Sandbox::new();
    for isolation in ["auto", "none"] {
        let output = Command::new("sh")
            .args(["-c", r#"exec 7</ 8>>inherited; exec "$0" "$@""#])
            .arg(program_under_test())
            .args(["invoke", "function.zip", "--isolation", isolation, "--event"])
            .arg(r#"{"do":"sh","script":"ls -x /proc/self/fd"}"#)
            .current_dir(sandbox.path("."))
            .env("TMPDIR", sandbox.path("unpacked"))
            .output()
            .unwrap();
        // The fourth is the directory that `ls` reads.
        assert_eq!(String::from_utf8_lossy(&output.stdout), "\"0  1  2  3\\n\"\n", "{isolation}");
        sandbox.is_clean();
    }
}

#[test]
#[ignore = "needs root and user namespaces"]
fn threads_and_open_files_are_limited_as_on_lambda() {
    for user in USERS {
        let run = invoke_as(user, &Sandbox::new(), &["--isolation", "namespaces", "--event", r#"{"do":"threads"}"#]);
        let threads: u32 = run.exits(0).stdout.trim().parse().unwrap();
        assert!((1000..=1024).contains(&threads), "user {user}: {threads}");
        assert_eq!(isolated_script_as(user, "ulimit -n"), "1024");
    }
}

/// Writes this many MB to a file in `/tmp`, and prints how many arrived.
fn fill(megabytes: u32) -> String {
    let script = format!("head -c {megabytes}M /dev/zero > /tmp/file 2>&-; expr `wc -c < /tmp/file` / 1048576");
    format!(r#"{{"do":"sh","script":"{script}"}}"#)
}

#[test]
#[ignore = "needs root and user namespaces"]
fn the_size_of_tmp_is_limited_as_on_lambda() {
    for user in USERS {
        let isolated = ["--isolation", "namespaces"];
        let written = |flags: &[&str], megabytes| {
            let run = invoke_as(user, &Sandbox::new(), &[&isolated, flags, &["--event", &fill(megabytes)]].concat());
            run.exits(0).json().as_str().unwrap().trim().parse::<u32>().unwrap()
        };
        assert_eq!(written(&[], 600), 512, "user {user}");
        assert_eq!(written(&["--ephemeral-storage", "700"], 600), 600, "user {user}");
        assert_eq!(written(&["--memory", "128"], 300), 300, "what is in `/tmp` is not the function's memory");
    }
}

#[test]
#[ignore = "needs root and user namespaces"]
fn tmp_is_kept_when_the_function_is_started_again() {
    for user in USERS {
        let events = ["--event", &fill(3), "--event", r#"{"do":"exit"}"#];
        let look = r#"{"do":"sh","script":"wc -c < /tmp/file"}"#;
        let flags = [&["--isolation", "namespaces"][..], &events, &["--event", look]].concat();
        let run = invoke_as(user, &Sandbox::new(), &flags).exits(112);
        assert_eq!(run.stdout.lines().last(), Some(r#""3145728\n""#), "user {user}: {run}");
    }
}

#[test]
fn a_size_of_tmp_that_lambda_would_refuse_is_refused() {
    let sandbox = Sandbox::new();
    for size in ["511", "10241", "0", "many"] {
        sandbox.invoke(&["--ephemeral-storage", size]).exits(2);
    }
    let run = sandbox.invoke(&["--isolation", "none", "--ephemeral-storage", "1024", "--event", "1"]).exits(0);
    run.says("warning: `--ephemeral-storage` has no effect: without isolation, `/tmp` is this machine's");
    let run = sandbox.invoke(&["--isolation", "none", "--event", "1"]).exits(0);
    assert!(!run.stderr.contains("warning"), "{run}");
}

#[test]
fn a_lower_limit_of_the_machine_stays() {
    let sandbox = Sandbox::new();
    let output = Command::new("sh")
        .args(["-c", r#"ulimit -n 200; exec "$0" "$@""#])
        .arg(program_under_test())
        .args(["invoke", "function.zip", "--event", r#"{"do":"sh","script":"ulimit -n"}"#])
        .current_dir(sandbox.path("."))
        .env("TMPDIR", sandbox.path("unpacked"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "\"200\\n\"\n", "{stderr}");
}

#[test]
fn a_deep_directory_is_removed() {
    let sandbox = Sandbox::new();
    sandbox.invoke(&["--event", r#"{"do":"deep"}"#, "--timeout", "60"]).exits(0).prints("\"deep\"\n");
}
