//! On Windows, a package becomes a zip: the real `cargo.exe` and `rustc.exe` build it under Wine.

use std::fs;
use std::path::{Path, PathBuf};

use test_support::wine::{on_windows_in, windows_path};
use test_support::{Fixture, Program, Zip, required};

/// Runs our program for Windows with a toolchain for Windows, which `.ci/run` installs with the Linux targets.
fn with_rust(directory: &Path) -> Program {
    let bin = required("LAMBDA_ZIP_TEST_WINDOWS_TOOLCHAIN").join("bin");
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo");
    let cargo_home = std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from);
    // Cargo for Windows cannot reach the network through Wine. The crates come from this machine's home of cargo.
    on_windows_in(directory)
        .env("CARGO", windows_path(&bin.join("cargo.exe")))
        .env("RUSTC", windows_path(&bin.join("rustc.exe")))
        .env("WINEPATH", windows_path(&bin))
        .env("CARGO_HOME", windows_path(&cargo_home))
        .env("CARGO_NET_OFFLINE", "true")
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
    // The executable contains the text that the flag selects.
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
#[ignore = "needs wine, the build for Windows and a toolchain for Windows"]
fn a_package_gives_the_files_that_linux_gives() {
    let fixture = package();
    let directory = fixture.path("function");
    // Two target directories, so that both builds compile everything.
    let build =
        || with_rust(&directory).args(["lambda-zip", "--arch", "arm64", "--target-dir", "there"]).run().success();
    let there = build();
    let here = fixture.program_in("function").args(["--arch", "arm64", "--target-dir", "here"]).run().success();

    let zips =
        ["there", "here"].map(|target_dir| Zip::read(directory.join(target_dir).join("lambda/hello/bootstrap.zip")));
    assert_eq!(there.stdout.trim_end(), windows_path(&zips[0].path));
    assert_eq!(here.stdout.trim_end(), zips[1].path.to_str().unwrap());
    let names = ["bootstrap", "assets/a b/größe.txt", "assets/run.cgi", "etc/x"];
    assert_eq!(zips[0].names(), names);
    for name in names {
        assert_eq!(zips[0].mode(name), zips[1].mode(name), "{name}");
    }
    // The executables differ: rustc writes the source's path, with its separators, into the messages of panics.
    for name in &names[1..] {
        assert!(zips[0].entry(name).contents == zips[1].entry(name).contents, "{name} differs");
    }
    let text = b"configured";
    assert!(zips[0].entry("bootstrap").contents.windows(text.len()).any(|window| window == text));

    let again = build();
    assert!(again.stderr.contains("Fresh hello"), "there is nothing to do: {again}");
    assert_eq!(again.stdout, there.stdout);
}

#[test]
#[ignore = "needs wine, the build for Windows and a toolchain for Windows"]
fn a_build_that_fails_exits_with_cargos_status_and_leaves_the_zip() {
    let fixture = package();
    let directory = fixture.path("function");
    let build = || with_rust(&directory).args(["lambda-zip"]).run();
    let zip = build().success().stdout;
    assert!(zip.trim_end().ends_with(r"\function\target\lambda\hello\bootstrap.zip"), "{zip}");
    let path = directory.join("target/lambda/hello/bootstrap.zip");
    let before = fs::read(&path).unwrap();
    fixture.write("function/src/main.rs", "fn main() {\n    nonsense()\n}\n");
    let run = build().fails(101, "cannot find function `nonsense`");
    assert_eq!(run.stdout, "");
    assert!(fs::read(path).unwrap() == before);
}
