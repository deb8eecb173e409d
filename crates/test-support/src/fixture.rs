//! Directories, packages and workspaces for one test.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::elf::executable;
use crate::{Program, Run, Zip};

/// The fat LTO that the program adds where nothing is set would take most of the tests' time. The examples are built with
/// it.
const QUICK_PROFILE: &str = "[profile.release]\nlto = \"off\"\n";

/// A directory outside of any workspace that is removed at the end of the test.
pub struct Fixture {
    _guard: TempDir,
    root: PathBuf,
}

impl Fixture {
    /// An empty directory.
    pub fn empty() -> Self {
        let guard = tempfile::Builder::new().prefix("lambda-zip-").tempdir().unwrap();
        // The program prints absolute paths; on macOS the directory for temporary files is a link.
        let root = guard.path().canonicalize().unwrap();
        Self { _guard: guard, root }
    }

    /// A directory with an executable `main` for x86-64 in it, which is only good for packing.
    pub fn with_executable() -> Self {
        let fixture = Self::empty();
        fixture.write("main", executable(62));
        fixture
    }

    /// A package with one binary and no dependencies.
    pub fn package(name: &str) -> Self {
        let fixture = Self::empty();
        fixture.add_package(".", name, QUICK_PROFILE);
        fixture.write("src/main.rs", prints(name));
        fixture
    }

    /// A package with these binaries and no dependencies.
    pub fn with_bins(name: &str, bins: &[&str]) -> Self {
        let fixture = Self::empty();
        fixture.add_package(".", name, QUICK_PROFILE);
        for bin in bins {
            fixture.write(&format!("src/bin/{bin}.rs"), prints(bin));
        }
        fixture
    }

    /// A workspace of packages with one binary each, named as the packages are.
    pub fn workspace(packages: &[&str]) -> Self {
        let fixture = Self::empty();
        fixture.write("Cargo.toml", format!("[workspace]\nresolver = \"3\"\nmembers = {packages:?}\n{QUICK_PROFILE}"));
        for package in packages {
            fixture.add_package(package, package, "");
            fixture.write(&format!("{package}/src/main.rs"), prints(package));
        }
        fixture
    }

    /// A package `function` that depends on a crate with a build script, which in turn depends on the crate `helper`. The
    /// name of the helper is what counts: `cc` stands for C that is compiled.
    pub fn with_native_crate(name: &str, helper: &str, build_script: &str) -> Self {
        let fixture = Self::empty();
        fixture.add_package("helper", helper, "[lib]\npath = \"lib.rs\"\n");
        fixture.write("helper/lib.rs", "");
        let library = "[lib]\npath = \"lib.rs\"\n[build-dependencies]\n";
        fixture.add_package("native", name, &format!("{library}{helper} = {{ path = \"../helper\" }}\n"));
        fixture.write("native/lib.rs", "");
        fixture.write("native/build.rs", build_script);
        let dependencies = format!("[dependencies]\n{name} = {{ path = \"native\" }}\n[workspace]\n{QUICK_PROFILE}");
        fixture.add_package(".", "function", &dependencies);
        fixture.write("src/main.rs", "fn main() {}\n");
        // `--dry-run` and `--list` read it and do not write it.
        Program::other("cargo", &fixture.root).arg("generate-lockfile").run().success();
        fixture
    }

    /// Writes a manifest, with `rest` below the `[package]` table.
    pub fn add_package(&self, directory: &str, name: &str, rest: &str) {
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n{rest}");
        self.write(&format!("{directory}/Cargo.toml"), manifest);
    }

    /// Writes a file, and makes the directories above it.
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }

    /// Writes files that contain their own names.
    pub fn write_all(&self, paths: &[&str]) {
        for path in paths {
            self.write(path, path);
        }
    }

    /// Makes a directory, and those above it.
    pub fn create_dir(&self, path: &str) {
        fs::create_dir_all(self.path(path)).unwrap();
    }

    /// Makes a symbolic link, and the directories above it.
    #[cfg(unix)]
    pub fn symlink(&self, target: impl AsRef<Path>, path: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the directory.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The program under test, to be started in the directory.
    pub fn program(&self) -> Program {
        Program::new(&self.root)
    }

    /// The program under test, to be started in a directory below.
    pub fn program_in(&self, directory: impl AsRef<Path>) -> Program {
        Program::new(self.path(directory)).root(&self.root)
    }

    /// Runs the program in the directory.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Run {
        self.program().args(args).run()
    }

    /// Runs `pack`, which must succeed, and reads the zip.
    #[track_caller]
    pub fn pack(&self, args: &[&str]) -> Zip {
        Zip::read(self.run(&[&["pack"], args].concat()).success().zip())
    }

    /// Runs `pack`, which must fail, print nothing to stdout and leave no file behind.
    #[track_caller]
    pub fn fails_to_pack(&self, args: &[&str]) -> Run {
        let before = self.names();
        let run = self.run(&[&["pack"], args].concat()).prints("");
        assert_ne!(run.code, 0, "{run}");
        assert_eq!(self.names(), before, "{run}");
        run
    }

    /// The names in the directory itself, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = self.root.read_dir().unwrap().map(Result::unwrap);
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The files below a directory, relative to it, sorted.
    pub fn files(&self, directory: &str) -> Vec<String> {
        let directory = self.path(directory);
        let mut files: Vec<_> = walkdir::WalkDir::new(&directory)
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| !entry.file_type().is_dir())
            .map(|entry| entry.path().strip_prefix(&directory).unwrap().to_str().unwrap().to_owned())
            .collect();
        files.sort();
        files
    }
}

/// A program that prints its name.
fn prints(name: &str) -> String {
    format!("fn main() {{\n    println!(\"this is {name}\");\n}}\n")
}
