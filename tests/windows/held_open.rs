//! A zip that another program has open cannot be replaced on Windows.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use test_support::wine::{compile, on_windows, wine};
use test_support::{Fixture, Zip, repository};

/// A process that is killed at the end of the test.
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
fn a_zip_that_is_open_elsewhere_stays_and_is_reported() {
    let fixture = Fixture::with_executable();
    on_windows(&fixture, &["pack", "main"]).success();
    let before = Zip::read(fixture.path("main.zip")).bytes;
    let holding = fixture.path("tools/hold.exe");
    fs::create_dir_all(holding.parent().unwrap()).unwrap();
    compile(&repository().join("tests/windows/hold.rs"), &holding);
    let command = wine(&holding, fixture.root()).args(["main.zip", "held", "release"]).into_command();
    let holder = Holder::start(command);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !fixture.path("held").exists() {
        assert!(Instant::now() < deadline, "the zip is not held");
        std::thread::sleep(Duration::from_millis(20));
    }

    fixture.write_all(&["conf/a"]);
    let files = fixture.names();
    let run = on_windows(&fixture, &["pack", "main", "conf"]).fails(103, "failed to write `");
    assert!(run.stderr.contains("hint: another program may have it open"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
    assert_eq!(fixture.names(), files, "nothing is left behind");

    fixture.write("release", "");
    drop(holder);
    assert_eq!(Zip::read(fixture.path("main.zip")).bytes, before);
    on_windows(&fixture, &["pack", "main", "conf"]).success();
    assert_ne!(Zip::read(fixture.path("main.zip")).bytes, before);
}
