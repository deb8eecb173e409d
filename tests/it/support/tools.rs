//! Programs besides the one under test: those that a test needs, and stand-ins that write down how they were called.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Fixture, Program};

/// A tool or folder that an environment variable names. A test that needs one and gets none has failed: it says nothing
/// about the program.
#[track_caller]
pub(crate) fn required(variable: &str) -> PathBuf {
    let path = PathBuf::from(
        env::var_os(variable).unwrap_or_else(|| panic!("set `{variable}`, as `.ci/run` does, to run this test")),
    );
    assert!(path.exists(), "`{variable}` names `{}`, which does not exist", path.display());
    path
}

/// Writes an executable shell script.
pub(crate) fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The toolchain in use, from which others are made up.
pub(crate) struct Toolchain {
    pub(crate) sysroot: PathBuf,
    pub(crate) host: String,
}

impl Toolchain {
    pub(crate) fn current() -> Self {
        let ask = |args: &[&str]| {
            let output = Command::new("rustc").args(args).output().expect("`rustc` starts");
            assert!(output.status.success(), "`rustc {}` fails", args.join(" "));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        Self { sysroot: ask(&["--print", "sysroot"]).into(), host: ask(&["--print", "host-tuple"]) }
    }

    /// The linker that comes with Rust.
    pub(crate) fn rust_lld(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(&self.host).join("bin/rust-lld")
    }

    /// A toolchain in the fixture's folder with no standard library but those of this machine and of these targets, and
    /// a `PATH` on which there is nothing but its `cargo` and `rustc`.
    pub(crate) fn with_targets_only(&self, targets: &[&str], fixture: &Fixture) -> Computer {
        let folder = fixture.path("machine");
        let rustlib = folder.join("sysroot/lib/rustlib");
        fs::create_dir_all(&rustlib).unwrap();
        for triple in targets.iter().copied().chain([self.host.as_str()]) {
            symlink(self.sysroot.join("lib/rustlib").join(triple), rustlib.join(triple)).unwrap();
        }
        let bin = folder.join("bin");
        let rustc = self.sysroot.join("bin/rustc");
        let sysroot = folder.join("sysroot");
        script(&bin.join("rustc"), &format!("exec '{}' --sysroot '{}' \"$@\"", rustc.display(), sysroot.display()));
        symlink(self.sysroot.join("bin/cargo"), bin.join("cargo")).unwrap();
        Computer { bin, rustlib }
    }
}

/// A machine that has only what a test puts there.
pub(crate) struct Computer {
    /// Its whole `PATH`.
    pub(crate) bin: PathBuf,
    /// Where its standard libraries are.
    pub(crate) rustlib: PathBuf,
}

impl Computer {
    /// The program on this machine.
    pub(crate) fn program(&self, fixture: &Fixture) -> Program {
        fixture.program().env("PATH", &self.bin).env_remove("RUSTUP_TOOLCHAIN")
    }
}
