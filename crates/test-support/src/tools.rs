//! Programs besides the one under test: those that a test needs, and scripts that replace them.

use std::env;
use std::path::PathBuf;

/// A tool or directory that an environment variable names, as `.ci/run` sets it. Panics where it is missing: a test that
/// is asked for and skips itself would pass without having proven anything.
#[track_caller]
pub fn required(variable: &str) -> PathBuf {
    let path = env::var_os(variable).unwrap_or_else(|| panic!("set `{variable}`, as `.ci/run` does, to run this test"));
    let path = PathBuf::from(path);
    assert!(path.exists(), "`{variable}` names `{}`, which does not exist", path.display());
    path
}

#[cfg(unix)]
pub use toolchain::{Computer, Toolchain, script, write_executable};

#[cfg(unix)]
mod toolchain {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use crate::{Fixture, Program};

    /// Writes an executable file.
    pub fn write_executable(path: &Path, contents: impl AsRef<[u8]>) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Writes an executable shell script.
    pub fn script(path: &Path, text: &str) {
        write_executable(path, format!("#!/bin/sh\n{text}\n"));
    }

    /// The Rust toolchain in use, from which incomplete ones are made.
    pub struct Toolchain {
        /// Its directory.
        pub sysroot: PathBuf,
        /// The triple of this machine.
        pub host: String,
    }

    impl Toolchain {
        /// The toolchain of the `rustc` on `PATH`.
        pub fn current() -> Self {
            let ask = |args: &[&str]| {
                let output = Command::new("rustc").args(args).output().expect("`rustc` starts");
                assert!(output.status.success(), "`rustc {}` fails", args.join(" "));
                String::from_utf8(output.stdout).unwrap().trim().to_owned()
            };
            Self { sysroot: ask(&["--print", "sysroot"]).into(), host: ask(&["--print", "host-tuple"]) }
        }

        /// The linker that comes with Rust.
        pub fn rust_lld(&self) -> PathBuf {
            self.sysroot.join("lib/rustlib").join(&self.host).join("bin/rust-lld")
        }

        /// A machine in the fixture whose toolchain has the standard libraries of the host and of these targets, and whose
        /// `PATH` has `cargo`, `rustc` and nothing else.
        pub fn with_targets_only(&self, targets: &[&str], fixture: &Fixture) -> Computer {
            let directory = fixture.path("machine");
            let rustlib = directory.join("sysroot/lib/rustlib");
            fs::create_dir_all(&rustlib).unwrap();
            let host = Some(self.host.as_str()).filter(|host| !targets.contains(host));
            for triple in targets.iter().copied().chain(host) {
                symlink(self.sysroot.join("lib/rustlib").join(triple), rustlib.join(triple)).unwrap();
            }
            let bin = directory.join("bin");
            let rustc = self.sysroot.join("bin/rustc");
            let sysroot = directory.join("sysroot");
            script(&bin.join("rustc"), &format!("exec '{}' --sysroot '{}' \"$@\"", rustc.display(), sysroot.display()));
            symlink(self.sysroot.join("bin/cargo"), bin.join("cargo")).unwrap();
            Computer { bin, rustlib }
        }
    }

    /// A machine that has only what a test puts there.
    pub struct Computer {
        /// Its whole `PATH`.
        pub bin: PathBuf,
        /// The directory of its standard libraries.
        pub rustlib: PathBuf,
    }

    impl Computer {
        /// Removes `rust-lld` from the toolchain, which those of most distributions do not have.
        #[must_use]
        pub fn without_rust_lld(self, toolchain: &Toolchain) -> Self {
            let host = self.rustlib.join(&toolchain.host);
            fs::remove_file(&host).unwrap();
            fs::create_dir(&host).unwrap();
            let libraries = toolchain.sysroot.join("lib/rustlib").join(&toolchain.host).join("lib");
            symlink(libraries, host.join("lib")).unwrap();
            self
        }

        /// The program under test on this machine.
        pub fn program(&self, fixture: &Fixture) -> Program {
            fixture.program().env("PATH", &self.bin).env_remove("RUSTUP_TOOLCHAIN")
        }
    }
}
