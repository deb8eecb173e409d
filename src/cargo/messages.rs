//! The executables of a build, from cargo's own messages. Paths under `target/` are never guessed.

use std::io::{self, BufRead};

use cargo_metadata::camino::Utf8PathBuf;
use cargo_metadata::{Message, PackageId, TargetKind};

/// An executable that cargo reported as built or as fresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Executable {
    pub(crate) package: PackageId,
    /// The name of the binary or example.
    pub(crate) name: String,
    pub(crate) is_example: bool,
    pub(crate) path: Utf8PathBuf,
}

impl Executable {
    /// True if it was built for this triple. The messages do not tell, but the path does:
    /// `<target dir>/<triple>/<profile>/<name>`, with `examples/` before the name of an example.
    pub(crate) fn is_for(&self, triple: &str) -> bool {
        let depth = if self.is_example { 3 } else { 2 };
        self.path.components().rev().nth(depth).is_some_and(|name| name.as_str() == triple)
    }
}

/// The executables in a stream of cargo's messages, which is read to its end.
pub(crate) fn executables(stream: impl BufRead) -> io::Result<Vec<Executable>> {
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
            found.push(Executable { package: artifact.package_id, name: artifact.target.name, is_example, path });
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
        let found = executables(stream.as_bytes()).unwrap();
        let names: Vec<_> = found.iter().map(|executable| executable.name.as_str()).collect();
        assert_eq!(names, ["api", "demo"]);
        assert!(found[0].is_for("aarch64-unknown-linux-musl"));
        assert!(!found[0].is_for("x86_64-unknown-linux-musl"));
        assert!(found[1].is_for("x86_64-unknown-linux-musl"));
    }

    #[test]
    fn a_triple_elsewhere_in_the_path_is_ignored() {
        let executable = Executable {
            package: PackageId { repr: "p".into() },
            name: "api".into(),
            is_example: false,
            path: "/aarch64-unknown-linux-musl/target/x86_64-unknown-linux-musl/release/api".into(),
        };
        assert!(!executable.is_for("aarch64-unknown-linux-musl"));
    }
}
