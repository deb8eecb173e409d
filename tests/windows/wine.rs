//! Windows programs under Wine: ours, and small ones that a test needs beside it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Run, Sandbox};

/// The program for Windows, as `.ci/run` builds it.
fn program() -> PathBuf {
    let program = env::var_os("LAMBDA_ZIP_TEST_WINDOWS_EXE");
    let program =
        PathBuf::from(program.expect("set `LAMBDA_ZIP_TEST_WINDOWS_EXE`, as `.ci/run` does, to run this test"));
    assert!(program.is_file(), "{}", program.display());
    program
}

/// Wine with a Windows program, in this folder.
pub(crate) fn wine(program: &Path, folder: &Path) -> Command {
    let mut wine = Command::new("wine");
    wine.arg(program).current_dir(folder).env("WINEDEBUG", "-all").env("LC_ALL", "C.UTF-8");
    for name in ["CI", "CLICOLOR_FORCE", "NO_COLOR", "RUSTFLAGS", "SOURCE_DATE_EPOCH"] {
        wine.env_remove(name);
    }
    wine
}

/// Our program, to be run in this folder.
pub(crate) fn ours(folder: &Path) -> Command {
    wine(&program(), folder)
}

/// Our program, run in the sandbox.
pub(crate) fn on_windows(sandbox: &Sandbox, args: &[&str]) -> Run {
    Run::of(ours(&sandbox.path("")).args(args))
}

/// A path of this machine as Wine shows it to Windows programs: below the drive `Z:`.
pub(crate) fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display().to_string().replace('/', r"\"))
}

/// Compiles one of the Windows programs beside this file.
pub(crate) fn compile(source: &str, to: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/windows").join(source);
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "--target=x86_64-pc-windows-gnu", "-Cdebuginfo=0", "-Cstrip=symbols", "-o"]);
    let status = rustc.arg(to).arg(source).status().expect("`rustc` starts");
    assert!(status.success(), "a Windows program does not compile");
    // What Rust's standard library needs of Windows and Wine lacks lies beside our program.
    let library = program().with_file_name("bcryptprimitives.dll");
    std::fs::copy(library, to.with_file_name("bcryptprimitives.dll")).expect("`.ci/run` makes the library");
}
