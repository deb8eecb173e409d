//! Pure Rust needs no compiler, C library or zig for the target, only this machine's `cc`, which Rust needs for build
//! scripts.

use lambda_platform::{GlibcVersion, SymbolVersion};
use lambda_zip_check::elf::Elf;
use test_support::{Fixture, Toolchain, Zip, script};

const TARGETS: [&str; 4] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
];

#[test]
fn every_target_links_without_a_compiler_for_it() {
    let fixture = Fixture::package("pure");
    fixture.write("build.rs", "fn main() {}\n");
    let toolchain = Toolchain::current();
    let targets: Vec<_> = TARGETS.into_iter().filter(|target| *target != toolchain.host).collect();
    let computer = toolchain.with_targets_only(&targets, &fixture);
    let called = fixture.path("called");
    // Files of a target are in a directory named after it, and long command lines come in a file.
    script(
        &computer.bin.join("cc"),
        &format!(
            "PATH=/usr/bin:/bin\necho >> '{}'\nfor argument; do\n  case $argument in\n  @*) words=$(cat \"${{argument#@}}\") ;;\n  \
             *) words=$argument ;;\n  esac\n  case $words in\n  */target/*-unknown-linux-*) echo \"cc was handed $argument\" \
             >&2; exit 1 ;;\n  esac\ndone\nexec cc \"$@\"",
            called.display()
        ),
    );
    for libc in ["musl", "gnu"] {
        let program = computer.program(&fixture).env("RUSTFLAGS", "-Cdebuginfo=0");
        let run = program.args(["--arch", "x86_64,arm64", "--libc", libc]).run().success();
        assert_eq!(run.zips().len(), 2, "{run}");
    }
    assert!(called.exists(), "the build script was linked by another `cc`");
}

#[test]
fn a_program_needs_no_newer_glibc_than_the_one_asked_for() {
    let fixture = Fixture::package("pure");
    fixture.write("src/main.rs", "fn main() { std::thread::spawn(|| println!(\"hello\")).join().unwrap(); }\n");
    let GlibcVersion { major, minor } = GlibcVersion::DEFAULT;
    let default = SymbolVersion::new(major, minor, 0);
    for (target, newest) in [
        ("x86_64-unknown-linux-gnu", default),
        ("aarch64-unknown-linux-gnu", default),
        ("x86_64-unknown-linux-gnu.2.17", SymbolVersion::new(2, 17, 0)),
        ("x86_64-unknown-linux-gnu.2.34", SymbolVersion::new(2, 34, 0)),
    ] {
        let run = fixture.run(&["--target", target, "--deny", "glibc-too-new"]).success();
        let elf = Elf::read(std::io::Cursor::new(Zip::read(run.zip()).bootstrap())).unwrap();
        let (_, needed) = elf.highest_need("GLIBC").unwrap();
        assert!(needed <= newest, "{target} needs {needed}");
    }
}

#[test]
fn a_linker_argument_that_is_not_known_is_named() {
    let fixture = Fixture::package("pure");
    let run = fixture.program().env("RUSTFLAGS", "-Clink-arg=--no-such-argument").run();
    run.fails(101, "`--no-such-argument`").says("rustflags");
}

#[test]
fn a_missing_system_library_is_named_with_the_ways_out() {
    let fixture = Fixture::package("pure");
    fixture.write("build.rs", "fn main() { println!(\"cargo:rustc-link-lib=dylib=nosuchlibrary\"); }\n");
    let run = fixture.run(&[]).fails(101, "no library `nosuchlibrary`");
    run.says("was found, which `pure` needs: enable a `vendored` or `bundled` feature of `pure`")
        .says("--linker system");

    // An attribute in the source leaves no trace of its crate.
    fixture.write("build.rs", "fn main() {}\n");
    fixture.write("src/main.rs", "#[link(name = \"nosuchlibrary\")]\nunsafe extern \"C\" {}\n\nfn main() {}\n");
    fixture.run(&[]).fails(101, "was found: enable a `vendored` or `bundled` feature of the crate that needs it");
}

#[test]
fn a_damaged_sysroot_is_repaired() {
    let fixture = Fixture::package("pure");
    fixture.run(&["--libc", "gnu"]).success();
    let sysroots = fixture.path("target/.lambda-zip-linker/sysroots");
    let libc = sysroots.join("x86_64-unknown-linux-gnu.2.26/libc.so.6");
    let intact = std::fs::read(&libc).unwrap();
    std::fs::write(&libc, "damaged").unwrap();
    fixture.write("src/main.rs", "fn main() { println!(\"changed\"); }\n");
    fixture.run(&["--libc", "gnu"]).success();
    assert!(std::fs::read(&libc).unwrap() == intact);

    std::fs::remove_dir_all(&sysroots).unwrap();
    std::fs::write(&sysroots, "in its place").unwrap();
    let run = fixture.run(&["--libc", "gnu"]).fails(96, "failed to write the libraries to link with for `x86_64");
    run.says(sysroots.to_str().unwrap());
}

#[test]
fn the_plan_of_pure_rust_names_the_built_in_linker() {
    let fixture = Fixture::package("pure");
    let report = fixture.run(&["--dry-run", "--message-format", "json"]).success().json();
    assert_eq!(report["functions"][0]["linker"]["kind"], "built-in");
}
