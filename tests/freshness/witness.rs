//! Observes a run from the outside: which programs it called, and which files it wrote.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use test_support::{Fixture, Program, Run, Toolchain, script};

/// A cargo and a rustc in the fixture that log their arguments and then run the real ones.
pub(crate) struct Witness<'a> {
    fixture: &'a Fixture,
    cargo: PathBuf,
    rustc: PathBuf,
    log: PathBuf,
}

impl<'a> Witness<'a> {
    pub(crate) fn of(fixture: &'a Fixture) -> Self {
        let bin = Toolchain::current().sysroot.join("bin");
        let log = fixture.path("calls.log");
        let stand_in = |name: &str| {
            let path = fixture.path(format!("tools/{name}"));
            let real = bin.join(name);
            script(&path, &format!("echo \"{name} $*\" >> '{}'\nexec '{}' \"$@\"", log.display(), real.display()));
            path
        };
        Self { fixture, cargo: stand_in("cargo"), rustc: stand_in("rustc"), log }
    }

    /// The program, to be started in the fixture.
    pub(crate) fn program(&self) -> Program {
        self.fixture.program().env("CARGO", &self.cargo).env("RUSTC", &self.rustc)
    }

    /// The log of the calls.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Runs the program, and returns its calls of cargo and rustc: `cargo metadata`, `cargo build`, `rustc -vV`. Calls of
    /// rustc by cargo's build are left out.
    pub(crate) fn calls(&self, args: &[&str]) -> (Run, Vec<String>) {
        fs::write(&self.log, "").unwrap();
        let run = self.program().args(args).run();
        let log = fs::read_to_string(&self.log).unwrap();
        let call = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let mut calls: Vec<_> =
            log.lines().map(call).filter(|call| !call.ends_with('-') && !call.contains("--crate")).collect();
        calls.sort();
        (run, calls)
    }
}

/// The state of a file: its bytes, its date, and its inode, which changes if the file is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Untouched {
    bytes: Vec<u8>,
    modified: (i64, i64),
    inode: u64,
}

impl Untouched {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn at(path: impl AsRef<Path>) -> Self {
        let metadata = fs::metadata(&path).unwrap();
        Self {
            bytes: fs::read(&path).unwrap(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            inode: metadata.ino(),
        }
    }
}

/// The report, without the fields that differ between a run that makes a zip and one that finds it fresh.
pub(crate) fn lasting(run: &Run) -> Value {
    let mut report = run.json();
    report.as_object_mut().unwrap().remove("timings_ms").unwrap();
    for archive in report["archives"].as_array_mut().unwrap() {
        let archive = archive.as_object_mut().unwrap();
        assert!(archive.remove("timings_ms").unwrap().is_object());
        assert!(archive.remove("fresh").unwrap().is_boolean());
    }
    report
}

/// The status lines about zips: the verb and the function. In cargo's own lines a version follows the name.
pub(crate) fn statuses(run: &Run) -> Vec<(&str, &str)> {
    let words = run.stderr.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (verb, function) = (words.next()?, words.next()?.trim_end_matches([',', ':']));
        words.next().filter(|word| !word.starts_with('v')).map(|_| (verb, function))
    });
    words.filter(|(verb, _)| ["Packaging", "Packaged", "Fresh", "Refused"].contains(verb)).collect()
}
