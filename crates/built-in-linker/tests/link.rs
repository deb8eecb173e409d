//! Real links: rustc with this crate as its `cc`, and what came of it is run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use built_in_linker::Sysroot;
use object::elf::{self, FileHeader64};
use object::endian::LittleEndian;
use object::read::elf::{FileHeader, Sym};

/// The `cc` of `examples/cc.rs`. A test that is run alone has to build it first.
fn cc() -> &'static Path {
    static CC: OnceLock<PathBuf> = OnceLock::new();
    CC.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "built-in-linker", "--example", "cc"]);
        assert!(build.status().unwrap().success());
        let deps = std::env::current_exe().unwrap();
        deps.parent().unwrap().with_file_name("examples").join(format!("cc{}", std::env::consts::EXE_SUFFIX))
    })
}

fn rustc_says(arguments: &[&str]) -> String {
    let output = Command::new("rustc").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn host() -> String {
    let text = rustc_says(&["-vV"]);
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// `x86_64-unknown-linux-gnu` of `x86_64-unknown-linux-gnu.2.26`.
fn triple(target: &str) -> &str {
    target.split_once('.').map_or(target, |(triple, _)| triple)
}

/// rustc with this crate as its `cc`.
fn rustc(directory: &Path, target: &str, source: &str, output: &str) -> Command {
    let rustlib = Path::new(rustc_says(&["--print", "sysroot"]).trim()).join("lib/rustlib");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut rustc = Command::new("rustc");
    rustc
        .current_dir(directory)
        .env("CC_TARGET", target)
        .env("CC_SYSROOTS", directory.join("sysroots"))
        .env("CC_RUST_LLD", rustlib.join(host()).join("bin").join(format!("rust-lld{}", std::env::consts::EXE_SUFFIX)))
        .env("CC_SELF_CONTAINED", rustlib.join(triple(target)).join("lib/self-contained"))
        .args(["--edition", "2024", "--target", triple(target), "-C", "opt-level=1", "-o", output])
        .arg("-C")
        .arg(format!("linker={}", cc().display()))
        .arg(fixtures.join(source));
    rustc
}

#[track_caller]
fn link(directory: &Path, target: &str, source: &str, output: &str, arguments: &[&str]) -> PathBuf {
    let made = rustc(directory, target, source, output).args(arguments).output().unwrap();
    assert!(made.status.success(), "{target} {arguments:?}: {}", String::from_utf8_lossy(&made.stderr));
    directory.join(output)
}

#[track_caller]
fn fails(target: &str, arguments: &[&str]) -> String {
    let scratch = tempfile::tempdir().unwrap();
    let made = rustc(scratch.path(), target, "program.rs", "program").args(arguments).output().unwrap();
    assert!(!made.status.success(), "{arguments:?}");
    String::from_utf8(made.stderr).unwrap()
}

/// Runs a program. One for another architecture is run by QEMU, with Debian's glibc for it.
fn run(target: &str, program: &Path, arguments: &[&str]) -> Output {
    let mut command = if target.starts_with(std::env::consts::ARCH) {
        Command::new(program)
    } else {
        let mut qemu = Command::new("qemu-aarch64-static");
        qemu.args(["-L", "/usr/aarch64-linux-gnu"]).arg(program);
        qemu
    };
    command.args(arguments).output().unwrap()
}

#[track_caller]
fn check_program(directory: &Path, target: &str, arguments: &[&str]) {
    let program = link(directory, target, "program.rs", "program", arguments);
    let output = run(target, &program, &["a", "b c"]);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{target} {arguments:?}: {stdout}{stderr}");
    assert_eq!(
        stdout, "[\"a\", \"b c\"]\nthread-local dropped\nat exit\ndestructor\n",
        "{target} {arguments:?}: {stderr}"
    );
    if let Some((_, minor)) = target.split_once(".2.") {
        let newest = newest_glibc(&program);
        assert!(newest <= minor.parse().unwrap(), "{target} needs glibc 2.{newest}");
    }
}

/// The symbols that a program wants from others, as `NAME@VERSION`.
fn wanted(program: &Path) -> BTreeSet<String> {
    let data = fs::read(program).unwrap();
    let header = FileHeader64::<LittleEndian>::parse(&*data).unwrap();
    let endian = header.endian().unwrap();
    let sections = header.sections(endian, &*data).unwrap();
    let symbols = sections.symbols(endian, &*data, elf::SHT_DYNSYM).unwrap();
    let versions = sections.versions(endian, &*data).unwrap().expect("versions");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let symbols = symbols.enumerate().filter(|(index, symbol)| index.0 != 0 && symbol.is_undefined(endian)).map(
        |(index, symbol)| {
            let name = text(symbol.name(endian, symbols.strings()).unwrap());
            let version = versions.version(versions.version_index(endian, index).into()).unwrap();
            version.map_or(name.clone(), |version| format!("{name}@{}", text(version.name())))
        },
    );
    symbols.collect()
}

fn newest_glibc(program: &Path) -> u32 {
    let versions = wanted(program).into_iter().filter_map(|symbol| {
        let version = symbol.split_once("@GLIBC_2.")?.1.to_owned();
        version.split('.').next()?.parse().ok()
    });
    versions.max().unwrap()
}

/// The C libraries that programs are linked with, for the architecture of this machine.
fn targets(arch: &str) -> Vec<String> {
    let newest = Sysroot::glibc_versions().1;
    let glibcs = ["2.17".to_owned(), "2.26".to_owned(), "2.32".to_owned(), "2.34".to_owned(), newest.to_string()];
    glibcs.iter().map(|glibc| format!("{arch}-unknown-linux-gnu.{glibc}")).collect()
}

fn host_target(glibc: &str) -> String {
    format!("{}-unknown-linux-gnu.{glibc}", std::env::consts::ARCH)
}

#[test]
fn a_program_runs_with_each_glibc() {
    let scratch = tempfile::tempdir().unwrap();
    for glibc in ["2.17", "2.26", "2.34"] {
        check_program(scratch.path(), &host_target(glibc), &[]);
    }
}

#[test]
fn a_program_runs_however_it_is_built() {
    let scratch = tempfile::tempdir().unwrap();
    for arguments in [
        &["-C", "lto=fat"][..],
        &["-C", "relocation-model=static"],
        &["-C", "debuginfo=2", "-C", "strip=debuginfo"],
        &["-C", "default-linker-libraries=yes", "-C", "link-arg=-pthread"],
        &["-C", "link-args=-Wl,--build-id=sha1 -Wl,-z,noexecstack -Xlinker --icf=all -O2 -march=native"],
    ] {
        check_program(scratch.path(), &host_target("2.26"), arguments);
    }
}

#[test]
fn a_shared_library_can_be_loaded_and_unloaded() {
    let scratch = tempfile::tempdir().unwrap();
    for glibc in ["2.26", "2.34"] {
        let target = host_target(glibc);
        let plugin = link(scratch.path(), &target, "plugin.rs", "plugin.so", &["--crate-type=cdylib"]);
        let loader = link(scratch.path(), &target, "loader.rs", "loader", &[]);
        let output = run(&target, &loader, &[plugin.to_str().unwrap()]);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.contains("42\n") && stdout.contains("plugin unloaded\n"), "{output:?}");
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn a_long_command_line_becomes_a_response_file() {
    let scratch = tempfile::tempdir().unwrap();
    let arguments = scratch.path().join("arguments");
    fs::write(&arguments, "'-L a directory' ".repeat(40_000)).unwrap();
    let argument = format!("link-arg=@{}", arguments.display());
    check_program(scratch.path(), &host_target("2.34"), &["-C", &argument]);
}

#[test]
fn errors_of_the_linker_are_handed_on() {
    let target = host_target("2.26");
    let text = fails(&target, &["-l", "frobnicate"]);
    assert!(text.contains("unable to find library -lfrobnicate"), "{text}");
    let text = fails(&target, &["-C", "link-arg=-Wl,--frobnicate"]);
    assert!(text.contains("unknown argument '--frobnicate'"), "{text}");
    let text = fails(&target, &["-C", "link-arg=--frobnicate"]);
    assert!(text.contains("unknown linker argument `--frobnicate`"), "{text}");
    let text = fails(&target, &["-C", "target-feature=+crt-static"]);
    assert!(text.contains("glibc cannot be linked statically"), "{text}");
}

#[test]
#[ignore = "needs Rust's standard libraries for all four targets, and qemu-user-static and libc6-arm64-cross"]
fn a_program_runs_for_each_target() {
    let scratch = tempfile::tempdir().unwrap();
    for arch in ["x86_64", "aarch64"] {
        for target in targets(arch).into_iter().chain([format!("{arch}-unknown-linux-musl")]) {
            check_program(scratch.path(), &target, &[]);
        }
        let musl = format!("{arch}-unknown-linux-musl");
        check_program(scratch.path(), &musl, &["-C", "link-self-contained=no"]);
        check_program(scratch.path(), &musl, &["-C", "relocation-model=static", "-C", "lto=fat"]);
        check_program(
            scratch.path(),
            &musl,
            &["-C", "link-args=-ldl -lm -lpthread -lrt -lutil -lcrypt -lresolv -lgcc_s"],
        );
        let text = fails(&musl, &["-C", "target-feature=-crt-static"]);
        assert!(text.contains("musl cannot be linked dynamically"), "{text}");
    }
}

#[test]
#[ignore = "needs Debian 12's gcc and gcc-aarch64-linux-gnu, and Rust's standard libraries for both"]
fn a_program_wants_what_gcc_makes_it_want() {
    let scratch = tempfile::tempdir().unwrap();
    for (arch, gcc) in [("x86_64", "cc"), ("aarch64", "aarch64-linux-gnu-gcc")] {
        let target = format!("{arch}-unknown-linux-gnu.2.36");
        for arguments in [&[][..], &["-C", "lto=fat"], &["-C", "panic=abort"]] {
            let ours = wanted(&link(scratch.path(), &target, "program.rs", "ours", arguments));
            let linker = format!("linker={gcc}");
            let theirs = [&["-C", &linker], arguments].concat();
            let mut theirs = wanted(&link(scratch.path(), &target, "program.rs", "theirs", &theirs));
            // The files that GCC puts around a program can do more than run it: profiling, transactional memory. And GNU's
            // linker names both aliases of a variable where a program holds a copy of it.
            theirs.retain(|symbol| {
                !["_ITM_", "__gmon_start__", "__cxa_finalize", "__environ"].iter().any(|name| symbol.starts_with(name))
            });
            assert_eq!(ours, theirs, "{target} {arguments:?}");
            assert!(ours.len() > 50);
        }
    }
}
