//! What a run did, told from the outside: whom it called, and which files it wrote.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use test_support::{Fixture, Program, Run, Toolchain, script};

/// A cargo and a rustc in the fixture that write down how they are called and then let the real ones answer.
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

    /// Where the calls are written down.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Runs the program, and returns the calls of the other two in words: `cargo metadata`, `cargo build`, `rustc -vV`.
    /// A build's own calls of the compiler are left out.
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

/// A file as it lies there: its bytes, its date, and its inode, which another file of the same name does not have.
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

/// The report, without what differs between a run that makes a zip and one that leaves it.
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

/// The status lines about zips: the verb, and the function. Cargo's own have the version of a crate behind its name.
pub(crate) fn statuses(run: &Run) -> Vec<(&str, &str)> {
    let words = run.stderr.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (verb, function) = (words.next()?, words.next()?.trim_end_matches([',', ':']));
        words.next().filter(|word| !word.starts_with('v')).map(|_| (verb, function))
    });
    words.filter(|(verb, _)| ["Packaging", "Packaged", "Fresh", "Refused"].contains(verb)).collect()
}
