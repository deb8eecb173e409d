//! What the tests share.

mod boot;
mod emulator;
mod fixture;
mod program;
pub(crate) mod tools;
mod zip;

pub(crate) use boot::Platform;
pub(crate) use emulator::{Emulator, Server, free_port};
pub(crate) use fixture::Fixture;
pub(crate) use program::{Program, Run};
pub(crate) use tools::{Toolchain, required, script};
pub(crate) use zip::{Machine, Zip, contains};

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The folder of one of the packages in `examples/`.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// The one target directory for everything with dependencies, so that these are compiled once for each target. Tests
/// that use it take turns, as cargo locks it, and each writes its zips to a folder of its own.
pub(crate) fn shared_target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures-target")
}

/// Packages one of the examples without what is no matter to most tests and takes long: optimising it, and taking the
/// workspace's folder out of it, for which cargo would compile the dependencies of each workspace anew. All share one target
/// directory, in which executables of other packages, made by other tests or by an earlier run, lie. Cargo's lock on it ends
/// with the build, when the executable is yet to be packed, and another test's build may replace it: so they take turns.
#[track_caller]
pub(crate) fn package_quickly(example_name: &str, output: &Path, args: &[&str]) -> Run {
    static TURNS: Mutex<()> = Mutex::new(());
    let program = Program::new(&example(example_name))
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
pub(crate) fn pack_script(fixture: &Fixture) -> PathBuf {
    let output = fixture.path("shell.zip");
    let run = Program::new(&example("shell")).args(["pack", "-o"]).arg(&output).arg("bootstrap").run().success();
    assert_eq!(run.zip(), output);
    output
}
