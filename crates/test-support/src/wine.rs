//! Windows programs under Wine: the one under test, and small ones that a test needs as well.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Fixture, Program, Run, required};

/// The program under test, built for Windows by `.ci/run`.
#[track_caller]
pub fn program() -> PathBuf {
    required("LAMBDA_ZIP_TEST_WINDOWS_EXE")
}

/// Wine with a Windows program, in this directory.
pub fn wine(program: &Path, directory: &Path) -> Program {
    Program::other("wine", directory).arg(program).env("WINEDEBUG", "-all").env("LC_ALL", "C.UTF-8")
}

/// The program under test, to be run in this directory.
#[track_caller]
pub fn on_windows_in(directory: &Path) -> Program {
    wine(&program(), directory)
}

/// Runs the program under test in the fixture.
#[track_caller]
pub fn on_windows(fixture: &Fixture, args: &[&str]) -> Run {
    on_windows_in(fixture.root()).args(args).run()
}

/// A path of this machine as Wine shows it to Windows programs: below the drive `Z:`.
pub fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display().to_string().replace('/', r"\"))
}

/// Compiles a Windows program.
#[track_caller]
pub fn compile(source: &Path, output: &Path) {
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "--target=x86_64-pc-windows-gnu", "-Cdebuginfo=0", "-Cstrip=symbols", "-o"]);
    let status = rustc.arg(output).arg(source).status().expect("`rustc` starts");
    assert!(status.success(), "`{}` does not compile", source.display());
    // Rust's standard library needs a DLL that Wine lacks. `.ci/run` makes it next to the program under test.
    let library = program().with_file_name("bcryptprimitives.dll");
    std::fs::copy(library, output.with_file_name("bcryptprimitives.dll")).expect("`.ci/run` makes the library");
}
