//! A zip that another program has open cannot be replaced on Windows.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::support::{Sandbox, Zip};
use crate::wine::{compile, on_windows, wine};

/// A process that ends with the test.
struct Holder(Child);

impl Holder {
    fn start(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
#[ignore = "needs wine, the build for Windows and a linker for it"]
fn a_zip_that_is_open_elsewhere_stays_and_is_told_of() {
    let sandbox = Sandbox::new();
    on_windows(&sandbox, &["pack", "main"]).success();
    let before = Zip::read(&sandbox.path("main.zip")).bytes;
    let holding = sandbox.path("tools/hold.exe");
    fs::create_dir_all(holding.parent().unwrap()).unwrap();
    compile("hold.rs", &holding);
    let mut command = wine(&holding, &sandbox.path(""));
    command.args(["main.zip", "held", "release"]);
    let holder = Holder::start(command);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !sandbox.path("held").exists() {
        assert!(Instant::now() < deadline, "the zip is not held");
        std::thread::sleep(Duration::from_millis(20));
    }

    sandbox.write_all(&["conf/a"]);
    let files = sandbox.files();
    let run = on_windows(&sandbox, &["pack", "main", "conf"]).failure(103, "failed to write `");
    assert!(run.stderr.contains("hint: another program may have it open"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
    assert_eq!(sandbox.files(), files, "nothing is left behind");

    sandbox.write("release", "");
    drop(holder);
    assert_eq!(Zip::read(&sandbox.path("main.zip")).bytes, before);
    on_windows(&sandbox, &["pack", "main", "conf"]).success();
    assert_ne!(Zip::read(&sandbox.path("main.zip")).bytes, before);
}
