//! Zips as other tools make them, of programs as other compilers make them. They need the tools, so they run only when
//! asked for.

use std::path::Path;
use std::process::Command;

use lambda_platform::{Arch, Runtime};
use lambda_zip_check::{ArchiveKind, Expectation, Levels, Rule, check_file};
use time::macros::date;

use crate::elf_builder::static_program;

/// Runs a command line in a folder.
fn run(folder: &Path, command: &[&str]) {
    let output = Command::new(command[0]).args(&command[1..]).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The rules that the zip in this folder breaks.
fn broken(folder: &Path, arch: Arch, runtime: Runtime) -> Vec<Rule> {
    let expectation = Expectation {
        kind: ArchiveKind::Function,
        arch: Some(arch),
        runtime: Some(runtime),
        today: date!(2026 - 06 - 01),
        levels: Levels::default(),
    };
    let findings = check_file(&folder.join("function.zip"), &[], &expectation).unwrap();
    findings.iter().map(|finding| finding.rule).collect()
}

/// A folder with a function: an executable, data, a folder.
#[cfg(unix)]
fn function() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let bootstrap = path.join("bootstrap");
    std::fs::write(&bootstrap, static_program().build()).unwrap();
    std::fs::set_permissions(&bootstrap, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::create_dir(path.join("assets")).unwrap();
    for (name, contents) in [("assets/a.txt", "a".repeat(3000)), ("assets/empty", String::new())] {
        std::fs::write(path.join(name), contents).unwrap();
        std::fs::set_permissions(path.join(name), PermissionsExt::from_mode(0o644)).unwrap();
    }
    folder
}

#[cfg(unix)]
fn assert_good_when_packed_by(command: &[&str]) {
    let folder = function();
    run(folder.path(), command);
    assert_eq!(broken(folder.path(), Arch::X86_64, Runtime::AL2023), []);
}

#[test]
#[cfg(unix)]
#[ignore = "needs `zip` (Info-ZIP)"]
fn info_zip() {
    assert_good_when_packed_by(&["zip", "-r", "function.zip", "bootstrap", "assets"]);
    // Through a pipe it cannot seek: sizes follow the data.
    assert_good_when_packed_by(&["sh", "-c", "zip -r -fz- - bootstrap assets | cat > function.zip"]);
}

#[test]
#[cfg(unix)]
#[ignore = "needs `7z`"]
fn seven_zip() {
    assert_good_when_packed_by(&["7z", "a", "-tzip", "function.zip", "bootstrap", "assets"]);
}

#[test]
#[cfg(unix)]
#[ignore = "needs `bsdtar`"]
fn bsdtar() {
    assert_good_when_packed_by(&["bsdtar", "-a", "-cf", "function.zip", "bootstrap", "assets"]);
}

#[test]
#[cfg(unix)]
#[ignore = "needs `python3`"]
fn python_zipfile() {
    let by_script = |script: &str| {
        let folder = function();
        run(folder.path(), &["python3", "-c", &format!("import zipfile as z, shutil\n{script}")]);
        broken(folder.path(), Arch::X86_64, Runtime::AL2023)
    };
    assert_eq!(by_script("a = z.ZipFile('function.zip', 'w', z.ZIP_DEFLATED)\na.write('bootstrap')\na.close()"), []);
    let archive = "shutil.make_archive('/'.join(['out']), 'zip', '.')\nshutil.move('out.zip', 'function.zip')";
    assert!(!by_script(archive).contains(&Rule::NoBootstrap));
    // Modes that are given as a number often lack the bits of the type.
    let number = "i = z.ZipInfo('bootstrap')\ni.external_attr = 0o755 << 16\n\
                  a = z.ZipFile('function.zip', 'w')\na.writestr(i, open('bootstrap', 'rb').read())\na.close()";
    assert_eq!(by_script(number), [Rule::MissingTypeBits]);
    let none = "a = z.ZipFile('function.zip', 'w')\na.writestr('bootstrap', open('bootstrap', 'rb').read())\na.close()";
    assert_eq!(by_script(none), [Rule::NotExecutable, Rule::NotReadable, Rule::MissingTypeBits]);
}

fn c_program(compiler: &[&str], arch: Arch, runtime: Runtime) -> Vec<Rule> {
    let folder = tempfile::tempdir().unwrap();
    let source = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";
    std::fs::write(folder.path().join("main.c"), source).unwrap();
    run(folder.path(), &[compiler, &["-o", "bootstrap", "main.c"]].concat());
    run(folder.path(), &["zip", "function.zip", "bootstrap"]);
    broken(folder.path(), arch, runtime)
}

#[test]
#[ignore = "needs `gcc` on x86-64 with glibc 2.34 or newer, and `zip`"]
fn programs_in_c() {
    assert_eq!(c_program(&["gcc", "-static"], Arch::X86_64, Runtime::AL2), []);
    assert_eq!(c_program(&["gcc"], Arch::X86_64, Runtime::AL2023), []);
    assert_eq!(c_program(&["gcc"], Arch::X86_64, Runtime::AL2), [Rule::GlibcTooNew]);
    assert_eq!(c_program(&["gcc"], Arch::Arm64, Runtime::AL2023), [Rule::WrongArchitecture]);
    assert_eq!(c_program(&["gcc", "-z", "execstack"], Arch::X86_64, Runtime::AL2023), [Rule::ExecutableStack]);
    assert_eq!(c_program(&["gcc", "-shared", "-fPIC"], Arch::X86_64, Runtime::AL2023), [Rule::NotAProgram]);
    assert_eq!(c_program(&["gcc", "-c"], Arch::X86_64, Runtime::AL2023), [Rule::NotExecutable, Rule::NotAProgram]);
}

#[test]
#[ignore = "needs `aarch64-linux-gnu-gcc` and `zip`"]
fn programs_in_c_for_arm() {
    assert_eq!(c_program(&["aarch64-linux-gnu-gcc"], Arch::Arm64, Runtime::AL2023), []);
    assert_eq!(c_program(&["aarch64-linux-gnu-gcc", "-static"], Arch::Arm64, Runtime::AL2), []);
}

#[test]
#[ignore = "needs `rustc` with the musl targets, and `zip`"]
fn programs_in_rust_with_musl() {
    for (arch, target) in [(Arch::X86_64, "x86_64-unknown-linux-musl"), (Arch::Arm64, "aarch64-unknown-linux-musl")] {
        let folder = tempfile::tempdir().unwrap();
        let source = "fn main() { std::thread::spawn(|| println!(\"hello\")).join().unwrap() }";
        std::fs::write(folder.path().join("main.rs"), source).unwrap();
        let options = ["-O", "-C", "linker=rust-lld", "--target", target, "-o", "bootstrap"];
        run(folder.path(), &[&["rustc"], options.as_slice(), &["main.rs"]].concat());
        run(folder.path(), &["zip", "function.zip", "bootstrap"]);
        let found = broken(folder.path(), arch, Runtime::AL2);
        // The standard library brings debug information, which a note says.
        assert!(found.iter().all(|rule| *rule == Rule::Unstripped), "{found:?}");
    }
}
