//! The files that a run writes itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::include::lexically_normal;
use super::staged;
use lambda_zip_error::fs;

/// The files that a run writes, the directories that it writes into, and its executable. They are left out of included
/// directories: the zip of one run must not be packed into the zip of the next.
#[derive(Debug, Clone, Default)]
pub struct OutputPaths {
    /// The written files by directory: each file of each zip is looked up, and there may be many of both.
    outputs: HashMap<PathBuf, Vec<PathBuf>>,
    /// The executable, which has an entry of its own.
    executable: Option<PathBuf>,
    /// The directories of earlier outputs and of cargo's.
    directories: Vec<PathBuf>,
}

impl OutputPaths {
    /// The paths that a run writes, and its executable if that was built by another program. All paths are absolute.
    pub fn new(outputs: impl IntoIterator<Item = PathBuf>, executable: Option<&Path>) -> Self {
        let mut by_directory: HashMap<PathBuf, Vec<PathBuf>> = HashMap::new();
        for path in outputs {
            // If the path is a symbolic link, the file to which it points is written.
            let target = fs::output_file(&path).ok().filter(|target| *target != path);
            for path in [Some(path), target].into_iter().flatten() {
                let path = lexically_normal(&path);
                let directory = path.parent().unwrap_or(Path::new("")).to_owned();
                by_directory.entry(directory).or_default().push(path);
            }
        }
        Self { outputs: by_directory, executable: executable.map(lexically_normal), directories: Vec::new() }
    }

    /// Also leaves out these directories, which are absolute. An include of a path inside one of them still counts.
    #[must_use]
    pub fn with_directories(mut self, directories: impl IntoIterator<Item = PathBuf>) -> Self {
        self.directories.extend(directories.into_iter().map(|directory| lexically_normal(&directory)));
        self
    }

    /// Whether the run writes to this path.
    pub(super) fn writes(&self, normal: &Path) -> bool {
        self.in_directory_of(normal).any(|output| output == normal)
    }

    /// Whether the path is a directory to leave out. Its links are resolved if it has the name of one: cargo reports the
    /// target directory without links.
    pub(super) fn is_directory(&self, normal: &Path) -> bool {
        self.directories.iter().any(|directory| {
            directory == normal
                || directory.file_name() == normal.file_name()
                    && matches!((directory.canonicalize(), normal.canonicalize()), (Ok(a), Ok(b)) if a == b)
        })
    }

    /// Whether the path is the executable, a written file or the scratch file for one.
    #[must_use]
    pub fn contains(&self, normal: &Path) -> bool {
        let is_output = |output: &PathBuf| output == normal || staged::is_scratch_of(output, normal);
        self.executable.as_deref() == Some(normal) || self.in_directory_of(normal).any(is_output)
    }

    fn in_directory_of(&self, normal: &Path) -> impl Iterator<Item = &PathBuf> {
        normal.parent().and_then(|directory| self.outputs.get(directory)).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_their_scratch_files_and_the_executable_are_contained() {
        let outputs = [PathBuf::from("/w/a/../out/x.zip"), PathBuf::from("/w/out/page.html")];
        let paths = OutputPaths::new(outputs, Some(Path::new("/w/./main")));
        for path in ["/w/out/x.zip", "/w/out/page.html"] {
            assert!(paths.writes(Path::new(path)) && paths.contains(Path::new(path)), "{path}");
        }
        for path in ["/w/out/.x.zip.abc123.tmp", "/w/main"] {
            assert!(!paths.writes(Path::new(path)) && paths.contains(Path::new(path)), "{path}");
        }
        for path in ["/w/x.zip", "/w/out/.y.zip.abc123.tmp", "/w/out", "/w/out/main", "/"] {
            assert!(!paths.contains(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn directories_are_found_by_their_normal_path() {
        let paths = OutputPaths::default().with_directories([PathBuf::from("/w/a/../target")]);
        assert!(paths.is_directory(Path::new("/w/target")));
        for path in ["/w", "/w/target/lambda", "/w/a/target", "/"] {
            assert!(!paths.is_directory(Path::new(path)), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_is_found_through_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        std::fs::create_dir_all(path("real/target")).unwrap();
        std::os::unix::fs::symlink("real", path("link")).unwrap();
        let paths = OutputPaths::default().with_directories([path("real/target")]);
        assert!(paths.is_directory(&path("link/target")));
    }

    #[cfg(unix)]
    #[test]
    fn the_target_of_a_link_is_contained() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        std::os::unix::fs::symlink("assets/real.zip", path("link.zip")).unwrap();
        let paths = OutputPaths::new([path("link.zip")], None);
        for name in ["link.zip", "assets/real.zip"] {
            assert!(paths.writes(&path(name)), "{name}");
        }
        assert!(paths.contains(&path("assets/.real.zip.abc123.tmp")));
    }
}
