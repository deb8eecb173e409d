//! On Windows, a package becomes a zip with the bytes that Linux gives.
//!
//! There is no Rust for Windows here, so the program runs a `cargo.exe` and a `rustc.exe` that pass their arguments to
//! those of Linux (see `stand_in.rs`). Paths are translated on the way.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use test_support::wine::{compile, on_windows_in, windows_path};
use test_support::{Fixture, Run, Zip, program_under_test, repository};

/// A Windows machine with what looks like a Rust toolchain.
struct Machine {
    directory: PathBuf,
    real_sysroot: String,
    cargo_home: PathBuf,
}

impl Machine {
    fn new(directory: &Path) -> Self {
        let bin = directory.join("bin");
        fs::create_dir_all(&bin).unwrap();
        compile(&repository().join("tests/windows/stand_in.rs"), &bin.join("cargo.exe"));
        fs::copy(bin.join("cargo.exe"), bin.join("rustc.exe")).unwrap();
        let ask = |what: &str| {
            let output = Command::new("rustc").args(["--print", what]).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let (real_sysroot, host) = (ask("sysroot"), ask("host-tuple"));
        // The toolchain for Windows has the same standard libraries, and a linker with its Windows name.
        let rustlib = directory.join("sysroot/lib/rustlib");
        fs::create_dir_all(rustlib.join(&host).join("bin")).unwrap();
        let real_rustlib = Path::new(&real_sysroot).join("lib/rustlib");
        fs::write(rustlib.join(&host).join("bin/rust-lld.exe"), "").unwrap();
        // Where the program for Windows would link, the one for Linux does.
        let linkers = directory.join("linkers");
        fs::create_dir_all(&linkers).unwrap();
        symlink(program_under_test(), linkers.join("cargo-lambda-zip-cc")).unwrap();
        for triple in ["aarch64-unknown-linux-musl", "x86_64-unknown-linux-musl"] {
            symlink(real_rustlib.join(triple), rustlib.join(triple)).unwrap();
        }
        let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo");
        let cargo_home = std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from);
        Self { directory: directory.to_owned(), real_sysroot, cargo_home }
    }

    fn sysroot(&self) -> PathBuf {
        self.directory.join("sysroot")
    }

    /// Runs our program for Windows in a directory.
    fn run(&self, directory: &Path, args: &[&str]) -> Run {
        // A directory for this run alone, so that no request of another run is answered again.
        let meeting = tempfile::tempdir_in(&self.directory).unwrap();
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| self.serve(meeting.path(), &ended));
            let bin = self.directory.join("bin");
            let run = on_windows_in(directory)
                .args(args)
                .env("STAND_IN", windows_path(meeting.path()))
                .env("CARGO", windows_path(&bin.join("cargo.exe")))
                .env("RUSTC", windows_path(&bin.join("rustc.exe")))
                .env("CARGO_HOME", windows_path(&self.cargo_home))
                .run();
            ended.store(true, Ordering::Relaxed);
            run
        })
    }

    /// Answers the requests of the stand-ins until the program has ended.
    fn serve(&self, meeting: &Path, ended: &AtomicBool) {
        thread::scope(|scope| {
            let mut answered = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                for request in meeting.read_dir().unwrap() {
                    let request = request.unwrap().path();
                    if request.join("ready").exists() && !answered.contains(&request) {
                        answered.push(request.clone());
                        scope.spawn(move || self.answer(&request));
                    }
                }
                thread::sleep(Duration::from_millis(5));
            }
        });
    }

    fn answer(&self, request: &Path) {
        let read = |name: &str| fs::read_to_string(request.join(name)).unwrap();
        let words = |text: String| text.split('\0').map(|word| self.on_linux(word)).collect::<Vec<_>>();
        let mut command = Command::new(read("program"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if (name.starts_with("CARGO") && name != "CARGO_HOME") || name.starts_with("RUST") && name != "RUSTUP_HOME"
            {
                command.env_remove(name);
            }
        }
        for variable in words(read("variables")) {
            let (name, value) = variable.split_once('=').unwrap_or_default();
            let is_of_build =
                ["CARGO_ENCODED_", "CARGO_PROFILE_", "CARGO_TARGET_", "CFLAGS_", "CXXFLAGS_", "LAMBDA_ZIP_CC"];
            if is_of_build.iter().any(|prefix| name.starts_with(prefix)) {
                command.env(name, value.replace("rust-lld.exe", "rust-lld"));
            }
        }
        let path = std::env::var_os("PATH").unwrap();
        let directories = std::iter::once(self.directory.join("linkers")).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(directories).unwrap());
        let args = words(read("args"));
        let output = command.args(&args).current_dir(self.on_linux(&read("folder"))).stdin(Stdio::null()).output();
        let output = output.expect("the real program starts");
        let stdout = String::from_utf8(output.stdout).unwrap();
        fs::write(request.join("stdout"), self.on_windows(&stdout)).unwrap();
        fs::write(request.join("stderr"), output.stderr).unwrap();
        fs::write(request.join("code"), output.status.code().unwrap().to_string()).unwrap();
        fs::write(request.join("done"), "").unwrap();
    }

    /// Translates the Windows paths in a word to Linux. In TOML and JSON a backslash is written twice.
    fn on_linux(&self, word: &str) -> String {
        let mut translated = String::new();
        let mut rest = word;
        while let Some(start) = rest.find(r"Z:\") {
            let path = &rest[start..];
            let end = path.find(|c| "\"'=,;\u{1f}".contains(c)).unwrap_or(path.len());
            translated += &rest[..start];
            translated += &path[2..end].replace(r"\\", "/").replace('\\', "/");
            rest = &path[end..];
        }
        translated += rest;
        translated.replace(self.sysroot().to_str().unwrap(), &self.real_sysroot)
    }

    /// Translates the Linux paths in the output of cargo and rustc to Windows.
    fn on_windows(&self, text: &str) -> String {
        let line = |line: &str| match serde_json::from_str(line) {
            Ok(mut document @ Value::Object(_)) => {
                translate(&mut document);
                document.to_string()
            }
            _ => line.replace(&self.real_sysroot, &windows_path(&self.sysroot())),
        };
        text.lines().map(|text| line(text) + "\n").collect()
    }
}

fn translate(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with('/') => *text = windows_path(Path::new(text.as_str())),
        Value::Array(values) => values.iter_mut().for_each(translate),
        Value::Object(fields) => fields.values_mut().for_each(translate),
        _ => {}
    }
}

/// A package as an editor on Windows writes it: the lines of its configuration end in CR LF.
fn package() -> Fixture {
    let fixture = Fixture::with_executable();
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let manifest = "[package]\nname = \"hello\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n\
                    [package.metadata.lambda-zip]\ninclude = [\"assets/**\", { source = \"conf\", dest = \"etc\" }]\n\
                    exclude = [\"*.bak\"]\n\n[package.metadata.lambda-zip.mode]\n\"*.cgi\" = \"0755\"\n\n\
                    [profile.release]\nlto = \"off\"\n";
    fixture.write("function/Cargo.toml", crlf(manifest));
    fixture.write("function/.cargo/config.toml", crlf("[build]\nrustflags = [\"--cfg\", \"from_config\"]\n"));
    // The executable contains the path of the panic, and the text that the flag selects.
    let source = "fn main() {\n    let text = if cfg!(from_config) { \"configured\" } else { panic!(\"lost\") };\n    \
                  println!(\"{text} {}\", std::env::args().next().unwrap());\n}\n";
    fixture.write("function/src/main.rs", source);
    fixture.write_all(&[
        "function/assets/a b/größe.txt",
        "function/assets/run.cgi",
        "function/conf/x",
        "function/conf/x.bak",
    ]);
    fixture
}

#[test]
#[ignore = "needs wine, the build for Windows and a linker for it"]
fn a_package_gives_the_zip_that_linux_gives() {
    let fixture = package();
    let machine = Machine::new(&fixture.path("machine"));
    let directory = fixture.path("function");
    // Two target directories, so that both builds compile everything.
    let there = machine.run(&directory, &["lambda-zip", "--arch", "arm64", "--target-dir", "there"]).success();
    let here = fixture.program_in("function").args(["--arch", "arm64", "--target-dir", "here"]).run().success();

    let zips =
        ["there", "here"].map(|target_dir| Zip::read(directory.join(target_dir).join("lambda/hello/bootstrap.zip")));
    assert_eq!(there.stdout.trim_end(), windows_path(&zips[0].path));
    assert_eq!(here.stdout.trim_end(), zips[1].path.to_str().unwrap());
    let names = ["bootstrap", "assets/a b/größe.txt", "assets/run.cgi", "etc/x"];
    assert_eq!(zips[0].names(), names);
    assert_eq!(zips[0].mode("assets/run.cgi") & 0o777, 0o755);
    let text = b"configured";
    assert!(zips[0].entry("bootstrap").contents.windows(text.len()).any(|window| window == text));
    assert!(zips[0].bytes == zips[1].bytes, "the zips differ");

    let again = machine.run(&directory, &["lambda-zip", "--arch", "arm64", "--target-dir", "there"]).success();
    assert!(again.stderr.contains("Fresh hello"), "there is nothing to do: {again:?}");
    assert_eq!(again.stdout, there.stdout);
}

#[test]
#[ignore = "needs wine, the build for Windows and a linker for it"]
fn a_build_that_fails_exits_with_cargos_status_and_leaves_the_zip() {
    let fixture = package();
    let machine = Machine::new(&fixture.path("machine"));
    let directory = fixture.path("function");
    let zip = machine.run(&directory, &["lambda-zip"]).success().stdout;
    assert!(zip.trim_end().ends_with(r"\function\target\lambda\hello\bootstrap.zip"), "{zip}");
    let path = directory.join("target/lambda/hello/bootstrap.zip");
    let before = fs::read(&path).unwrap();
    fixture.write("function/src/main.rs", "fn main() {\n    nonsense()\n}\n");
    let run = machine.run(&directory, &["lambda-zip"]).fails(101, "cannot find function `nonsense`");
    assert_eq!(run.stdout, "");
    assert!(fs::read(path).unwrap() == before);
}
