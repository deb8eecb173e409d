//! Crates that compile C, by zig, for all four targets.

use std::io::Cursor;
use std::path::Path;
use std::process::Command;

use lambda_platform::SymbolVersion;
use lambda_zip_check::elf::Elf;
use test_support::{Fixture, Program, Zip, required, shared_target_dir};

/// Two crates with C code of the two usual kinds: one has assembly, one a whole C library.
fn with_c() -> Fixture {
    let fixture = Fixture::empty();
    fixture.add_package(
        ".",
        "with-c",
        "[dependencies]\nring = \"0.17\"\nzstd-sys = \"2\"\n\n[profile.release]\nlto = \"off\"\nopt-level = 1\n",
    );
    let source = r#"fn main() {
    let digest = ring::digest::digest(&ring::digest::SHA256, b"lambda");
    let version = unsafe { zstd_sys::ZSTD_versionNumber() };
    println!("{:02x} {}", digest.as_ref()[0], version / 10000);
}
"#;
    fixture.write("src/main.rs", source);
    fixture
}

/// A crate that counts as compiling C, so that zig links, and has none.
fn with_a_c_crate() -> Fixture {
    Fixture::with_native_crate("native-sys", "cc", "fn main() {}\n")
}

fn with_zig(fixture: &Fixture) -> Program {
    let python = required("LAMBDA_ZIP_TEST_PYTHON");
    fixture
        .program()
        .env("CARGO_ZIGBUILD_PYTHON_PATH", python)
        .args(["--target-dir".as_ref(), shared_target_dir().as_os_str()])
}

/// The cryptography of AWS's SDKs and a whole database: some 400 files of C and assembly.
fn with_much_c() -> Fixture {
    let fixture = Fixture::empty();
    // The test is about compiling, linking and running; without optimisation that takes half the time.
    let rest = "[dependencies]\naws-lc-rs = \"1\"\nrusqlite = { version = \"0.37\", features = [\"bundled\"] }\n\n\
                [profile.release]\nlto = \"off\"\nopt-level = 0\n";
    fixture.add_package(".", "with-much-c", rest);
    let source = r#"fn main() {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"lambda");
    let database = rusqlite::Connection::open_in_memory().unwrap();
    let sum: u8 = database.query_row("SELECT 40 + 2", [], |row| row.get(0)).unwrap();
    println!("{:02x} {sum}", digest.as_ref()[0]);
}
"#;
    fixture.write("src/main.rs", source);
    fixture
}

/// Builds for a target, runs the executable, asserts what it prints, and returns its ELF properties.
fn built_and_run(fixture: &Fixture, triple: &str, runtime: &str, printed: &str) -> Elf {
    let output = fixture.path("out.zip");
    let args =
        ["--target", triple, "--runtime", runtime, "--message-format", "json", "--output", output.to_str().unwrap()];
    let report = with_zig(fixture).args(args).run().success().json();
    assert_eq!(report["archives"][0]["linker"]["kind"], "zig", "{report}");
    let zip = Zip::read(&output);
    let bootstrap = fixture.path("bootstrap");
    test_support::write_executable(&bootstrap, zip.bootstrap());
    let ran = emulated(triple, &bootstrap).output().unwrap();
    assert!(ran.status.success(), "{triple}: {ran:?}");
    assert_eq!(String::from_utf8_lossy(&ran.stdout), printed, "{triple}");
    Elf::read(Cursor::new(zip.bootstrap().to_vec())).unwrap()
}

fn emulated(triple: &str, bootstrap: &Path) -> Command {
    if triple.starts_with(std::env::consts::ARCH) {
        return Command::new(bootstrap);
    }
    let mut command = Command::new("qemu-aarch64-static");
    command.env("QEMU_LD_PREFIX", required("LAMBDA_ZIP_TEST_ARM64_ROOT")).arg(bootstrap);
    command
}

fn is_static(elf: &Elf) {
    assert!(elf.interpreter.is_none() && elf.needed.is_empty(), "{elf:?}");
}

fn needs_glibc_up_to(elf: &Elf, major: u32, minor: u32) {
    let (need, version) = elf.highest_need("GLIBC").expect("it is linked with glibc");
    assert!(version <= SymbolVersion::new(major, minor, 0), "it needs {need:?}");
}

#[test]
#[ignore = "needs ziglang, qemu-user"]
fn zig_builds_c_for_every_target_and_it_runs() {
    let fixture = with_c();
    let run = |triple: &str| built_and_run(&fixture, triple, "provided.al2023", "55 1\n");
    for arch in ["x86_64", "aarch64"] {
        is_static(&run(&format!("{arch}-unknown-linux-musl")));
        needs_glibc_up_to(&run(&format!("{arch}-unknown-linux-gnu")), 2, 34);
    }
}

/// Two of the four targets cover both architectures and both C libraries; each takes a minute or two.
#[test]
#[ignore = "needs ziglang, qemu-user"]
fn zig_builds_the_cryptography_of_the_sdks_and_a_database() {
    let fixture = with_much_c();
    let run = |triple| built_and_run(&fixture, triple, "provided.al2023", "55 42\n");
    is_static(&run("aarch64-unknown-linux-musl"));
    needs_glibc_up_to(&run("x86_64-unknown-linux-gnu"), 2, 34);
}

#[test]
#[ignore = "needs ziglang, qemu-user"]
fn the_glibc_is_that_of_the_older_runtime_or_of_the_triple() {
    let fixture = with_a_c_crate();
    fixture
        .write("src/main.rs", "fn main() {\n    println!(\"55 {}\", std::thread::spawn(|| 1).join().unwrap());\n}\n");
    let run = |triple: &str, runtime| built_and_run(&fixture, triple, runtime, "55 1\n");
    for arch in ["x86_64", "aarch64"] {
        let triple = format!("{arch}-unknown-linux-gnu");
        needs_glibc_up_to(&run(&triple, "provided.al2"), 2, 26);
        needs_glibc_up_to(&run(&format!("{triple}.2.28"), "provided.al2023"), 2, 28);
    }
}

#[test]
#[ignore = "needs ziglang"]
fn zig_and_the_built_in_linker_share_one_build() {
    let fixture = with_a_c_crate();
    let targets = ["--target", "aarch64-unknown-linux-gnu", "--target", "x86_64-unknown-linux-musl"];
    // A C compiler that the user chose leaves nothing to zig.
    let program = with_zig(&fixture).env("CC_x86_64_unknown_linux_musl", "gcc");
    let report = program.args(targets).args(["--message-format", "json"]).run().success().json();
    let linkers: Vec<_> =
        report["archives"].as_array().unwrap().iter().map(|archive| archive["linker"]["kind"].clone()).collect();
    assert_eq!(linkers, ["zig", "built-in"]);
}

#[test]
#[ignore = "needs ziglang"]
fn a_library_that_zig_does_not_find_is_named_with_the_ways_out() {
    let fixture = with_a_c_crate();
    fixture.write("build.rs", "fn main() { println!(\"cargo:rustc-link-lib=nosuchlibrary\"); }\n");
    for libc in ["gnu", "musl"] {
        let run = with_zig(&fixture).args(["--linker", "zig", "--libc", libc]).run();
        run.fails(101, "hint: zig links no library of this machine, such as `nosuchlibrary`").says("`--linker system`");
    }
}
