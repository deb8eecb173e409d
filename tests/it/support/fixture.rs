//! Packages made for one test, in a folder of their own outside of any workspace.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Program, Run};

/// The fat LTO that the program adds where nothing is set would take most of the tests' time. The examples are built with
/// it.
const QUICK_PROFILE: &str = "[profile.release]\nlto = \"off\"\n";

/// A folder that goes away with the test.
pub(crate) struct Fixture {
    _guard: TempDir,
    root: PathBuf,
}

impl Fixture {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        let guard = tempfile::Builder::new().prefix("lambda-zip-").tempdir().unwrap();
        // The program prints absolute paths; where the folder for temporary files is a link, both spellings would do.
        let root = guard.path().canonicalize().unwrap();
        Self { _guard: guard, root }
    }

    /// A package with one binary and no dependencies.
    pub(crate) fn package(name: &str) -> Self {
        let fixture = Self::empty();
        fixture.add_package(".", name, QUICK_PROFILE);
        fixture.write("src/main.rs", &prints(name));
        fixture
    }

    /// A package with these binaries and no dependencies.
    pub(crate) fn with_bins(name: &str, bins: &[&str]) -> Self {
        let fixture = Self::empty();
        fixture.add_package(".", name, QUICK_PROFILE);
        for bin in bins {
            fixture.write(&format!("src/bin/{bin}.rs"), &prints(bin));
        }
        fixture
    }

    /// A workspace of packages with one binary each, named as the packages are.
    pub(crate) fn workspace(packages: &[&str]) -> Self {
        let fixture = Self::empty();
        fixture.write("Cargo.toml", &format!("[workspace]\nresolver = \"3\"\nmembers = {packages:?}\n{QUICK_PROFILE}"));
        for package in packages {
            fixture.add_package(package, package, "");
            fixture.write(&format!("{package}/src/main.rs"), &prints(package));
        }
        fixture
    }

    /// Writes a manifest, with `rest` below the `[package]` table.
    pub(crate) fn add_package(&self, folder: &str, name: &str, rest: &str) {
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n{rest}");
        self.write(&format!("{folder}/Cargo.toml"), &manifest);
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A path in the folder.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The program, to be started in the folder.
    pub(crate) fn program(&self) -> Program {
        Program::new(&self.root)
    }

    /// Runs the program in the folder.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.program().args(args).run()
    }

    /// Every file below a folder, relative to it, sorted.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let folder = self.path(folder);
        let mut files: Vec<_> = walkdir::WalkDir::new(&folder)
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| !entry.file_type().is_dir())
            .map(|entry| entry.path().strip_prefix(&folder).unwrap().to_str().unwrap().to_owned())
            .collect();
        files.sort();
        files
    }
}

/// A program that says its name.
fn prints(name: &str) -> String {
    format!("fn main() {{\n    println!(\"this is {name}\");\n}}\n")
}
