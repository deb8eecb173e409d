//! Go programs in zips of Go's standard library, as AWS's own tool for Go makes them.

use std::path::Path;
use std::process::Command;

use lambda_platform::{Arch, Runtime};
use lambda_zip_check::{ArchiveKind, Expectation, Levels, Rule, ZipView, check_view};
use tempfile::TempDir;
use time::macros::date;

/// A program that links what a function links.
const PROGRAM: &str = "package main\nimport (\"fmt\"; \"net/http\")\nfunc main() { fmt.Println(http.Get(\"x\")) }\n";

/// The same with calls of C.
const PROGRAM_WITH_C: &str = "package main\n// #include <stdlib.h>\nimport \"C\"\nimport \"net\"\n\
    func main() { C.free(C.malloc(1)); net.LookupHost(\"x\") }\n";

/// Writes `function.zip` as programs in Go do: compressed, with sizes after the data and a mode for the executable.
const PACKER: &str = r#"package main
import ("archive/zip"; "io"; "os")
func check(err error) { if err != nil { panic(err) } }
func main() {
    out, err := os.Create("function.zip"); check(err)
    archive := zip.NewWriter(out)
    for _, name := range os.Args[1:] {
        header := &zip.FileHeader{Name: name, Method: zip.Deflate}
        header.SetMode(0755)
        if name == "bootstrap" { header.CreatorVersion = 3 << 8; header.ExternalAttrs = 0777 << 16 | 0100000 << 16 }
        writer, err := archive.CreateHeader(header); check(err)
        file, err := os.Open(name); check(err)
        _, err = io.Copy(writer, file); check(err)
    }
    check(archive.Close())
}
"#;

fn go(directory: &Path, environment: &[(&str, &str)], args: &[&str]) {
    let output =
        Command::new("go").args(args).envs(environment.iter().copied()).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Packs a program and a data file, and asserts that no rule is broken. A note about debug information is allowed, since Go
/// does not strip it.
fn assert_good(source: &str, environment: &[(&str, &str)], arch: Arch, runtimes: &[Runtime]) {
    let directory = TempDir::new().unwrap();
    let path = directory.path();
    std::fs::write(path.join("main.go"), source).unwrap();
    std::fs::write(path.join("packer.go"), PACKER).unwrap();
    std::fs::write(path.join("d\u{e4}ta.txt"), "data").unwrap();
    go(path, environment, &["build", "-o", "bootstrap", "main.go"]);
    go(path, &[], &["run", "packer.go", "bootstrap", "d\u{e4}ta.txt"]);
    let view = ZipView::read(&path.join("function.zip")).unwrap();
    for runtime in runtimes {
        let expectation = Expectation {
            kind: ArchiveKind::Function,
            arch: Some(arch),
            runtime: Some(*runtime),
            today: date!(2026 - 06 - 01),
            levels: Levels::default(),
        };
        let findings = check_view(&view, &[], &expectation);
        assert!(findings.iter().all(|finding| finding.rule == Rule::Unstripped), "{findings:#?}");
    }
}

#[test]
#[ignore = "needs `go`"]
fn a_static_go_program_is_good() {
    for (name, arch) in [("amd64", Arch::X86_64), ("arm64", Arch::Arm64)] {
        let environment = [("CGO_ENABLED", "0"), ("GOOS", "linux"), ("GOARCH", name)];
        assert_good(PROGRAM, &environment, arch, &[Runtime::AL2023, Runtime::AL2]);
    }
}

#[test]
#[ignore = "needs `go`, and `gcc` on x86-64"]
fn a_go_program_that_calls_c_is_good() {
    assert_good(PROGRAM_WITH_C, &[("CGO_ENABLED", "1")], Arch::X86_64, &[Runtime::AL2023]);
}
