//! The wheel: `pip install cargo-lambda-zip`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use test_support::{Fixture, Program, Toolchain, Zip, repository, required, script, wine};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Builds the wheel for this target as a release does, but with the profile of the tests, whose compiled crates it reuses.
#[track_caller]
fn wheel(target: &str, fixture: &Fixture) -> PathBuf {
    let maturin = required("LAMBDA_ZIP_TEST_MATURIN");
    let directories = [maturin.parent().unwrap().to_owned()];
    let output = fixture.path("wheels");
    Program::other("bash", repository())
        .first_on_path(&directories)
        .arg(repository().join(".github/release/wheel.sh"))
        .args([target, "--profile", "dev", "--out", output.to_str().unwrap()])
        // The C code asks nothing of a libc that not every compiler's headers have.
        .env(
            format!("CC_{}", target.replace('-', "_")),
            if target.contains("musl") { "gcc" } else { "x86_64-w64-mingw32-gcc" },
        )
        .run()
        .success();
    let wheels: Vec<_> = fs::read_dir(output).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(wheels.len(), 1, "{wheels:?}");
    wheels.into_iter().next().unwrap()
}

/// The wheel has the program, its licences and its bill of materials, and fits these systems.
#[track_caller]
fn unpacked(wheel: &Path, tags: &str, fixture: &Fixture) -> PathBuf {
    let name = wheel.file_name().unwrap().to_str().unwrap();
    assert_eq!(name, format!("cargo_lambda_zip-{VERSION}-py3-none-{tags}.whl"));
    let directory = fixture.path("unpacked");
    Program::other("unzip", fixture.root())
        .args(["-q".as_ref(), wheel.as_os_str(), "-d".as_ref(), directory.as_os_str()])
        .run()
        .success();
    let info = directory.join(format!("cargo_lambda_zip-{VERSION}.dist-info"));
    let metadata = fs::read_to_string(info.join("METADATA")).unwrap();
    for line in
        ["Provides-Extra: zig", "Requires-Dist: ziglang", "License: MIT OR Apache-2.0", "Requires-Python: >=3.8"]
    {
        assert!(metadata.lines().any(|found| found.starts_with(line)), "no `{line}` in {metadata}");
    }
    assert!(info.join("licenses/LICENSE-MIT").is_file());
    let materials = fs::read(info.join("sboms/cargo-lambda-zip.cyclonedx.json")).unwrap();
    let materials: Value = serde_json::from_slice(&materials).unwrap();
    let components = materials["components"].as_array().unwrap();
    assert!(components.iter().any(|component| component["name"] == "deployment-zip"), "{components:?}");
    directory.join(format!("cargo_lambda_zip-{VERSION}.data/scripts"))
}

/// pip installs the wheel with the extra `zig` into a fresh environment, as pipx does: off PATH, with a link on PATH. The
/// program finds that zig and builds a function whose crate compiles C.
#[test]
#[ignore = "needs maturin, Python, the network, a C compiler"]
fn the_wheel_brings_a_zig_that_builds_c() {
    let fixture = Fixture::empty();
    let arch = std::env::consts::ARCH;
    let wheel = wheel(&format!("{arch}-unknown-linux-musl"), &fixture);
    unpacked(&wheel, &format!("manylinux2014_{arch}.manylinux_2_17_{arch}.musllinux_1_2_{arch}"), &fixture);

    let environment = fixture.path("environment");
    let python = |program: &Path, args: &[&str]| Program::other(program, fixture.root()).args(args).run().success();
    python(Path::new("python3"), &["-m", "venv", environment.to_str().unwrap()]);
    let extra = format!("{}[zig]", wheel.display());
    python(
        &environment.join("bin/python3"),
        &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &extra],
    );
    let installed = environment.join("bin/cargo-lambda-zip");
    assert_eq!(python(&installed, &["--version"]).stdout, format!("cargo-lambda-zip {VERSION}\n"));

    let package = Fixture::empty();
    package.add_package(
        ".",
        "with-c",
        "[dependencies]\nzstd-sys = \"2\"\n\n[profile.release]\nlto = \"off\"\nopt-level = 0\n",
    );
    let source = "fn main() {\n    println!(\"{}\", unsafe { zstd_sys::ZSTD_versionNumber() });\n}\n";
    package.write("src/main.rs", source);
    // Build scripts need the `cc` of this machine.
    let computer = Toolchain::current().with_targets_only(&["aarch64-unknown-linux-musl"], &package);
    script(&computer.bin.join("cc"), "PATH=/usr/bin:/bin exec cc \"$@\"");
    std::os::unix::fs::symlink(&installed, computer.bin.join("cargo-lambda-zip")).unwrap();
    let run = Program::other(computer.bin.join("cargo-lambda-zip"), package.root())
        .env("PATH", &computer.bin)
        .args(["--arch", "arm64", "--libc", "musl", "--message-format", "json"])
        .run()
        .success();
    let archive = &run.json()["archives"][0];
    assert_eq!(archive["linker"]["kind"], "zig", "{run}");
    let zig = archive["linker"]["program"].as_str().unwrap();
    assert!(Path::new(zig.split(' ').next().unwrap()).starts_with(&environment), "{zig}");
    assert_eq!(Zip::read(archive["path"].as_str().unwrap()).names(), ["bootstrap"]);
}

#[test]
#[ignore = "needs maturin, unzip, wine, the build for Windows"]
fn the_wheel_for_windows_packs_a_function() {
    let fixture = Fixture::with_executable();
    let wheel = wheel("x86_64-pc-windows-gnu", &fixture);
    let program = unpacked(&wheel, "win_amd64", &fixture).join("cargo-lambda-zip.exe");
    fs::copy(wine::program().with_file_name("bcryptprimitives.dll"), program.with_file_name("bcryptprimitives.dll"))
        .unwrap();
    let on_windows = |args: &[&str]| wine::wine(&program, fixture.root()).args(args).run().success();
    assert_eq!(on_windows(&["--version"]).stdout.trim_end(), format!("cargo-lambda-zip {VERSION}"));
    on_windows(&["pack", "-o", "windows.zip", "main"]);
    assert_eq!(fs::read(fixture.path("windows.zip")).unwrap(), fixture.pack(&["-o", "linux.zip", "main"]).bytes);
}
