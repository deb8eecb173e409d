//! The executables of a build, from cargo's own messages. Paths under `target/` are never guessed.

use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use cargo_metadata::camino::Utf8PathBuf;
use cargo_metadata::{Message, PackageId, TargetKind};

/// An executable that cargo reported as built or as fresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Executable {
    pub(crate) package: PackageId,
    /// The name of the binary or example.
    pub(crate) name: String,
    pub(crate) is_example: bool,
    /// The index of the build that reported it.
    pub(crate) build: usize,
    /// Where cargo put it.
    path: Utf8PathBuf,
    /// A copy that later runs of cargo do not replace.
    kept: Option<PathBuf>,
}

impl Executable {
    /// The file to package.
    pub(crate) fn file(&self) -> &Path {
        self.kept.as_deref().unwrap_or_else(|| self.path.as_std_path())
    }

    /// Keeps the file below this directory, under the end of cargo's path: `<triple>/<profile>/<name>`.
    fn keep(&mut self, directory: &Path) -> io::Result<()> {
        let mut end: Vec<_> = self.path.components().rev().take(self.depth() + 1).collect();
        end.reverse();
        let kept = directory.join(end.iter().collect::<Utf8PathBuf>());
        fs::create_dir_all(kept.parent().unwrap_or(directory))?;
        match fs::remove_file(&kept) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Cargo replaces the file and never writes into it, so a link keeps the contents.
        fs::hard_link(&self.path, &kept).or_else(|_| fs::copy(&self.path, &kept).map(drop))?;
        self.kept = Some(kept);
        Ok(())
    }

    /// How many directories of its path follow the triple.
    fn depth(&self) -> usize {
        if self.is_example { 3 } else { 2 }
    }

    /// True if it was built for this triple. The messages do not tell, but the path does:
    /// `<target dir>/<triple>/<profile>/<name>`, with `examples/` before the name of an example.
    pub(crate) fn is_for(&self, triple: &str) -> bool {
        self.path.components().rev().nth(self.depth()).is_some_and(|name| name.as_str() == triple)
    }
}

/// The executables in the messages of the build with this index. The stream is read to its end. If `keep` is a directory, each
/// executable is kept there as soon as cargo reports it.
pub(crate) fn executables(stream: impl BufRead, build: usize, keep: Option<&Path>) -> io::Result<Vec<Executable>> {
    let mut found = Vec::new();
    for message in Message::parse_stream(stream) {
        let Message::CompilerArtifact(artifact) = message? else { continue };
        let is_bin = artifact.target.is_kind(TargetKind::Bin);
        let is_example = artifact.target.is_kind(TargetKind::Example);
        // A test harness is an executable too, with the name of the binary that it tests.
        if artifact.profile.test || !(is_bin || is_example) {
            continue;
        }
        if let Some(path) = artifact.executable {
            let (package, name) = (artifact.package_id, artifact.target.name);
            let mut executable = Executable { package, name, is_example, build, path, kept: None };
            if let Some(directory) = keep {
                executable.keep(directory)?;
            }
            found.push(executable);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(kind: &str, name: &str, executable: &str) -> String {
        format!(
            r#"{{"reason":"compiler-artifact","package_id":"path+file:///w#0.1.0","manifest_path":"/w/Cargo.toml","target":{{"kind":["{kind}"],"crate_types":["bin"],"name":"{name}","src_path":"/w/main.rs","edition":"2024","doc":true,"doctest":false,"test":true}},"profile":{{"opt_level":"3","debuginfo":0,"debug_assertions":false,"overflow_checks":false,"test":false}},"features":[],"filenames":[],"executable":{executable},"fresh":true}}"#
        )
    }

    #[test]
    fn only_binaries_and_examples_are_found() {
        let stream = [
            artifact("lib", "util", "null"),
            artifact("custom-build", "build-script-build", "null"),
            artifact("bin", "api", r#""/w/target/aarch64-unknown-linux-musl/release/api""#),
            "some text that a wrapper printed".to_owned(),
            artifact("example", "demo", r#""/w/target/x86_64-unknown-linux-musl/release/examples/demo""#),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ]
        .join("\n");
        let found = executables(stream.as_bytes(), 0, None).unwrap();
        let names: Vec<_> = found.iter().map(|executable| executable.name.as_str()).collect();
        assert_eq!(names, ["api", "demo"]);
        assert!(found[0].is_for("aarch64-unknown-linux-musl"));
        assert!(!found[0].is_for("x86_64-unknown-linux-musl"));
        assert!(found[1].is_for("x86_64-unknown-linux-musl"));
    }

    #[test]
    fn a_kept_executable_survives_the_next_one_on_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x86_64-unknown-linux-musl/release/api");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let message = artifact("bin", "api", &serde_json::to_string(path.to_str().unwrap()).unwrap());
        let report = |contents: &str, run: &str| {
            let _ = fs::remove_file(&path);
            fs::write(&path, contents).unwrap();
            executables(message.as_bytes(), 0, Some(&directory.path().join(run))).unwrap().remove(0)
        };
        for contents in [["one", "other"], ["new one", "new other"]] {
            let built = [report(contents[0], "0"), report(contents[1], "1")];
            for (executable, contents) in built.iter().zip(contents) {
                assert_eq!(fs::read_to_string(executable.file()).unwrap(), contents);
                assert!(executable.is_for("x86_64-unknown-linux-musl"));
            }
        }
    }

    #[test]
    fn a_triple_elsewhere_in_the_path_is_ignored() {
        let executable = Executable {
            package: PackageId { repr: "p".into() },
            name: "api".into(),
            is_example: false,
            build: 0,
            path: "/aarch64-unknown-linux-musl/target/x86_64-unknown-linux-musl/release/api".into(),
            kept: None,
        };
        assert!(!executable.is_for("aarch64-unknown-linux-musl"));
    }
}
