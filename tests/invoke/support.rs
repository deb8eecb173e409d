//! The function under test in a directory for one test, and the checks that nothing is left behind.

use std::fs;
use std::io::Read;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use test_support::{Fixture, Program, Run, repository, scratch};

/// How long a busy machine may need for what takes a moment, or for a build.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// The source of the function that does what events tell it to do.
pub(crate) fn source() -> PathBuf {
    repository().join("tests/invoke/fixture.rs")
}

/// That function, compiled once for this machine's processor.
pub(crate) fn function() -> &'static Path {
    static FUNCTION: OnceLock<PathBuf> = OnceLock::new();
    FUNCTION.get_or_init(|| {
        let program = scratch("invoke-fixture");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        let triple = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
        let output = Command::new("rustc")
            .args(["--edition", "2024", "-O", "-C", "linker=rust-lld", "-C", "strip=symbols", "--target", &triple])
            .arg(source())
            .arg("-o")
            .arg(&program)
            .output()
            .expect("`rustc` starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        program
    })
}

/// A directory with `function.zip`, and in it the directory `unpacked` for temporary files, which must be empty after a
/// run.
pub(crate) struct Sandbox(Fixture);

impl Deref for Sandbox {
    type Target = Fixture;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let sandbox = Self(Fixture::empty());
        sandbox.create_dir("unpacked");
        fs::copy(function(), sandbox.path("bootstrap")).unwrap();
        sandbox.write("data/message.txt", "hello");
        sandbox.run(&["pack", "-o", "function.zip", "bootstrap", "data"]).exits(0);
        sandbox
    }

    /// Makes the layer `extension.zip`, with the same program as the extension `watcher`.
    pub(crate) fn with_extension(self) -> Self {
        fs::copy(function(), self.path("watcher")).unwrap();
        self.run(&["pack", "--extension", "-o", "extension.zip", "watcher"]).exits(0);
        self
    }

    pub(crate) fn program(&self, args: &[&str]) -> Program {
        self.0.program().args(args).env("TMPDIR", self.path("unpacked"))
    }

    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        let run = self.program(args).run();
        self.is_clean();
        run
    }

    /// Runs the program while another one has files unpacked.
    #[track_caller]
    pub(crate) fn run_beside(&self, args: &[&str]) -> Run {
        self.program(args).run()
    }

    /// Invokes the function with these flags.
    #[track_caller]
    pub(crate) fn invoke(&self, flags: &[&str]) -> Run {
        self.run(&[&["invoke", "function.zip"], flags].concat())
    }

    /// Asserts that nothing is left of what was unpacked.
    #[track_caller]
    pub(crate) fn is_clean(&self) {
        let left: Vec<_> = fs::read_dir(self.path("unpacked")).unwrap().flatten().map(|entry| entry.path()).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// The program while it runs, with what it prints to stderr in a file.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    pub(crate) fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        Self::of(sandbox.program(args), sandbox.path("log"))
    }

    pub(crate) fn of(program: Program, log: PathBuf) -> Self {
        let file = fs::File::create(&log).unwrap();
        let mut command = program.into_command();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn().unwrap();
        Self { child, log }
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Waits until the log has this text, and returns the log.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        self.wait_for_count(text, 1)
    }

    /// Waits until the log has this text so often, and returns the log.
    #[track_caller]
    pub(crate) fn wait_for_count(&mut self, text: &str, count: usize) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            if log.matches(text).count() >= count {
                return log;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("ended ({status}) before {text:?} came: {}", self.log());
            }
            assert!(Instant::now() < deadline, "no {text:?} in {log}");
            sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// True while it runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The most memory that the program itself has had, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end, and returns the exit code.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < deadline, "it does not end: {}", self.log());
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The number of processes on this machine that have this in their environment.
pub(crate) fn processes_with(variable: &str) -> usize {
    let has_it = |path: PathBuf| {
        let mut environment = Vec::new();
        let read = fs::File::open(path.join("environ")).and_then(|mut file| file.read_to_end(&mut environment));
        read.is_ok() && environment.split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes())
    };
    fs::read_dir("/proc").unwrap().flatten().filter(|entry| has_it(entry.path())).count()
}

/// Asserts that in the end there is no such process. The kernel may take a moment to remove one.
#[track_caller]
pub(crate) fn none_is_left_with(variable: &str) {
    let deadline = Instant::now() + PATIENCE;
    while processes_with(variable) > 0 {
        assert!(Instant::now() < deadline, "a process with `{variable}` is left");
        sleep(Duration::from_millis(10));
    }
}
