//! The packages in `examples/`, as the program packages them.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::{Fixture, Program, Run, repository, scratch};

/// The directory of one of the packages in `examples/`.
pub fn example(name: &str) -> PathBuf {
    repository().join("examples").join(name)
}

/// One target directory for all packages with dependencies, so that these are compiled once for each target. Cargo locks
/// it, so tests that use it take turns, and each writes its zips to a directory of its own.
pub fn shared_target_dir() -> PathBuf {
    scratch("shared-target")
}

/// Packages the package in a directory, such as one of the examples, without the two steps that take long and that most tests do not need: optimising it, and
/// removing the workspace's directory from it, for which cargo would compile the dependencies again for each workspace.
///
/// Cargo's lock on the shared target directory ends with the build, before the executable is packed. Another test's build
/// could replace the executable in between, so that these runs wait for one another.
#[track_caller]
pub fn package_quickly(package: &Path, output: &Path, args: &[&str]) -> Run {
    static TURNS: Mutex<()> = Mutex::new(());
    let program = Program::new(package)
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .args(["--locked", "--profile", "dev", "--no-trim-paths", "--target-dir"])
        .args([shared_target_dir().as_os_str(), "-o".as_ref(), output.as_os_str()])
        .args(args);
    let turn = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    let run = program.run();
    drop(turn);
    run.success()
}

/// Packs `examples/shell`.
#[track_caller]
pub fn pack_script(fixture: &Fixture) -> PathBuf {
    let output = fixture.path("shell.zip");
    let run = Program::new(example("shell")).args(["pack", "-o"]).arg(&output).arg("bootstrap").run().success();
    assert_eq!(run.zip(), output);
    output
}
