//! Zips by the writers that people use: none may break a rule. Each packs an executable, a text and an empty file, stored and
//! deflated, with known sizes and streamed, and with zip64 where the writer can be made to use it.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lambda_zip_check::{Rule, Severity};
use test_support::elf::static_program;
use test_support::required;

use support::check_function;

/// Runs a command line in a directory.
fn run(directory: &Path, command: &mut Command) {
    let output = command.current_dir(directory).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A program of `tests/writers`, called with the executable to pack and the directory for the zips.
fn run_writer(command: &mut Command, bootstrap: &Path, out: &Path) {
    run(out, command.arg(bootstrap).arg(out));
}

fn writer(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/writers").join(name)
}

/// Checks every zip in a directory. Only those with zip64 in their name may use it.
fn assert_good(directory: &Path, expected: usize) {
    let zips: Vec<_> = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    let zips: BTreeSet<_> =
        zips.into_iter().filter(|path| path.extension().is_some_and(|found| found == "zip")).collect();
    assert_eq!(zips.len(), expected, "{zips:?}");
    for path in zips {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let mut findings = check_function(&fs::read(&path).unwrap());
        if name.contains("zip64") || name == "stream-zip-auto" {
            findings.retain(|finding| finding.rule != Rule::NeedlessZip64);
        }
        // Java's zip file system writes permissions, but not the type of a file.
        if name.starts_with("java") {
            findings.retain(|finding| finding.rule != Rule::MissingTypeBits);
        }
        findings.retain(|finding| finding.severity > Severity::Note);
        assert_eq!(findings, [], "{name}");
    }
}

/// A directory with an executable to pack.
fn scratch() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let scratch = tempfile::tempdir().unwrap();
    let (bootstrap, out) = (scratch.path().join("bootstrap"), scratch.path().join("out"));
    fs::write(&bootstrap, static_program().build()).unwrap();
    fs::create_dir(&out).unwrap();
    (scratch, bootstrap, out)
}

#[test]
#[ignore = "needs node, with the packages of `.ci/package.json`"]
fn zips_by_packages_of_npm_are_good() {
    let (_scratch, bootstrap, out) = scratch();
    let mut node = Command::new("node");
    node.arg(writer("write.mjs")).arg(required("LAMBDA_ZIP_TEST_NODE_MODULES"));
    run_writer(&mut node, &bootstrap, &out);
    assert_good(&out, 27);
}

#[test]
#[ignore = "needs Python with stream-zip"]
fn zips_by_packages_of_python_are_good() {
    let (_scratch, bootstrap, out) = scratch();
    let mut python = Command::new(required("LAMBDA_ZIP_TEST_PYTHON"));
    run_writer(python.arg(writer("write.py")), &bootstrap, &out);
    assert_good(&out, 10);
}

#[test]
#[ignore = "needs Go"]
fn zips_by_go_are_good() {
    let (_scratch, bootstrap, out) = scratch();
    let mut go = Command::new("go");
    run_writer(go.arg("run").arg(writer("write.go")), &bootstrap, &out);
    assert_good(&out, 3);
}

#[test]
#[ignore = "needs Java"]
fn zips_by_java_are_good() {
    let (_scratch, bootstrap, out) = scratch();
    let mut java = Command::new("java");
    run_writer(java.arg(writer("Write.java")), &bootstrap, &out);
    assert_good(&out, 2);
}

#[test]
#[cfg(unix)]
#[ignore = "needs zip (Info-ZIP), 7z and bsdtar"]
fn zips_by_command_line_tools_are_good() {
    use std::os::unix::fs::PermissionsExt;

    let (scratch, bootstrap, out) = scratch();
    let input = scratch.path();
    fs::create_dir(input.join("conf")).unwrap();
    fs::write(input.join("conf/a.txt"), "the same again ".repeat(200)).unwrap();
    fs::write(input.join("empty"), "").unwrap();
    for (path, mode) in [("bootstrap", 0o755), ("conf", 0o755), ("conf/a.txt", 0o644), ("empty", 0o644)] {
        fs::set_permissions(input.join(path), PermissionsExt::from_mode(mode)).unwrap();
    }
    assert!(bootstrap.exists());
    let files = "bootstrap conf empty";
    let commands = [
        format!("zip -qr out/zip-deflated.zip {files}"),
        format!("zip -qr0 out/zip-stored.zip {files}"),
        format!("zip -qr -fz- - {files} | cat > out/zip-streamed.zip"),
        format!("zip -qr -fz out/zip-zip64.zip {files}"),
        format!("7z a -tzip out/7z-deflated.zip {files}"),
        format!("7z a -tzip -mx0 out/7z-stored.zip {files}"),
        format!("bsdtar -a -cf out/bsdtar-deflated.zip {files}"),
        format!("bsdtar -c --format zip --options zip:compression=store -f out/bsdtar-stored.zip {files}"),
        format!("bsdtar -c --format zip -f - {files} | cat > out/bsdtar-streamed.zip"),
    ];
    for command in &commands {
        run(input, Command::new("sh").args(["-c", command]));
    }
    assert_good(&out, commands.len());
}
