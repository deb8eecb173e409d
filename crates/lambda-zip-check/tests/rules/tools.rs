//! Zips of other tools, and programs of other compilers.

use std::path::Path;
use std::process::Command;

use lambda_platform::{Arch, Runtime};
use lambda_zip_check::{ArchiveKind, Expectation, Levels, Rule, check_file};
use test_support::elf::static_program;
use time::macros::date;

/// Runs a command in a directory.
fn run(directory: &Path, command: &[&str]) {
    let output = Command::new(command[0]).args(&command[1..]).current_dir(directory).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The rules that the zip in this directory breaks.
fn broken(directory: &Path, arch: Arch, runtime: Runtime) -> Vec<Rule> {
    let expectation = Expectation {
        kind: ArchiveKind::Function,
        arch: Some(arch),
        runtime: Some(runtime),
        today: date!(2026 - 06 - 01),
        levels: Levels::default(),
    };
    let findings = check_file(&directory.join("function.zip"), &[], &expectation).unwrap();
    findings.iter().map(|finding| finding.rule).collect()
}

/// A directory with a function: an executable, and a directory with data.
#[cfg(unix)]
fn function() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let bootstrap = path.join("bootstrap");
    std::fs::write(&bootstrap, static_program().build()).unwrap();
    std::fs::set_permissions(&bootstrap, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::create_dir(path.join("assets")).unwrap();
    for (name, contents) in [("assets/a.txt", "a".repeat(3000)), ("assets/empty", String::new())] {
        std::fs::write(path.join(name), contents).unwrap();
        std::fs::set_permissions(path.join(name), PermissionsExt::from_mode(0o644)).unwrap();
    }
    directory
}

#[cfg(unix)]
fn assert_good_when_packed_by(command: &[&str]) {
    let directory = function();
    run(directory.path(), command);
    assert_eq!(broken(directory.path(), Arch::X86_64, Runtime::AL2023), []);
}

#[test]
#[cfg(unix)]
#[ignore = "needs `zip` (Info-ZIP)"]
fn zips_by_info_zip_are_good() {
    assert_good_when_packed_by(&["zip", "-r", "function.zip", "bootstrap", "assets"]);
    // It cannot seek in a pipe, so sizes follow the data.
    assert_good_when_packed_by(&["sh", "-c", "zip -r -fz- - bootstrap assets | cat > function.zip"]);
}

#[test]
#[cfg(unix)]
#[ignore = "needs `7z`"]
fn zips_by_7z_are_good() {
    assert_good_when_packed_by(&["7z", "a", "-tzip", "function.zip", "bootstrap", "assets"]);
}

#[test]
#[cfg(unix)]
#[ignore = "needs `bsdtar`"]
fn zips_by_bsdtar_are_good() {
    assert_good_when_packed_by(&["bsdtar", "-a", "-cf", "function.zip", "bootstrap", "assets"]);
}

#[test]
#[cfg(unix)]
#[ignore = "needs `python3`"]
fn zips_by_python_are_good_unless_they_lack_modes() {
    let by_script = |script: &str| {
        let directory = function();
        run(directory.path(), &["python3", "-c", &format!("import zipfile as z, shutil\n{script}")]);
        broken(directory.path(), Arch::X86_64, Runtime::AL2023)
    };
    assert_eq!(by_script("a = z.ZipFile('function.zip', 'w', z.ZIP_DEFLATED)\na.write('bootstrap')\na.close()"), []);
    let archive = "shutil.make_archive('/'.join(['out']), 'zip', '.')\nshutil.move('out.zip', 'function.zip')";
    assert!(!by_script(archive).contains(&Rule::NoBootstrap));
    // Modes that are given as a number often lack the bits for the type of file.
    let number = "i = z.ZipInfo('bootstrap')\ni.external_attr = 0o755 << 16\n\
                  a = z.ZipFile('function.zip', 'w')\na.writestr(i, open('bootstrap', 'rb').read())\na.close()";
    assert_eq!(by_script(number), [Rule::MissingTypeBits]);
    let none = "a = z.ZipFile('function.zip', 'w')\na.writestr('bootstrap', open('bootstrap', 'rb').read())\na.close()";
    assert_eq!(by_script(none), [Rule::NotExecutable, Rule::NotReadable, Rule::MissingTypeBits]);
}

fn c_program(compiler: &[&str], arch: Arch, runtime: Runtime) -> Vec<Rule> {
    let directory = tempfile::tempdir().unwrap();
    let source = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";
    std::fs::write(directory.path().join("main.c"), source).unwrap();
    run(directory.path(), &[compiler, &["-o", "bootstrap", "main.c"]].concat());
    run(directory.path(), &["zip", "function.zip", "bootstrap"]);
    broken(directory.path(), arch, runtime)
}

#[test]
#[ignore = "needs `gcc` on x86-64 with glibc 2.34 or newer, and `zip`"]
fn programs_in_c_fit_the_runtimes_that_they_should() {
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
fn programs_in_c_for_arm_are_good() {
    assert_eq!(c_program(&["aarch64-linux-gnu-gcc"], Arch::Arm64, Runtime::AL2023), []);
    assert_eq!(c_program(&["aarch64-linux-gnu-gcc", "-static"], Arch::Arm64, Runtime::AL2), []);
}

#[test]
#[ignore = "needs `rustc` with the musl targets, and `zip`"]
fn programs_in_rust_with_musl_are_good() {
    for (arch, target) in [(Arch::X86_64, "x86_64-unknown-linux-musl"), (Arch::Arm64, "aarch64-unknown-linux-musl")] {
        let directory = tempfile::tempdir().unwrap();
        let source = "fn main() { std::thread::spawn(|| println!(\"hello\")).join().unwrap() }";
        std::fs::write(directory.path().join("main.rs"), source).unwrap();
        let options = ["-O", "-C", "linker=rust-lld", "--target", target, "-o", "bootstrap"];
        run(directory.path(), &[&["rustc"], options.as_slice(), &["main.rs"]].concat());
        run(directory.path(), &["zip", "function.zip", "bootstrap"]);
        let found = broken(directory.path(), arch, Runtime::AL2);
        // A note about the debug information of the standard library is allowed.
        assert!(found.iter().all(|rule| *rule == Rule::Unstripped), "{found:?}");
    }
}
