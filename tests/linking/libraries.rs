//! The libraries and options that build scripts and rustflags name for a `cc` mean the same to the built-in linker, for all
//! four targets.

use std::process::Command;

use test_support::{Fixture, Zip, write_executable};

/// What `cc` finds on every Linux machine.
const LIBRARIES: [&str; 11] = ["dl", "m", "pthread", "rt", "util", "crypt", "resolv", "gcc", "gcc_s", "gcc_eh", "c"];

/// A program that calls functions of some of these libraries.
fn caller() -> Fixture {
    let fixture = Fixture::package("caller");
    fixture.write(
        "src/main.rs",
        r#"use std::ffi::{c_char, c_int, c_void};

#[link(name = "dl")]
unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

#[link(name = "m")]
unsafe extern "C" {
    safe fn hypot(x: f64, y: f64) -> f64;
}

#[link(name = "pthread")]
unsafe extern "C" {
    safe fn pthread_self() -> usize;
}

#[link(name = "rt")]
unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut [i64; 2]) -> c_int;
}

#[unsafe(no_mangle)]
pub extern "C" fn visible_to_plugins() {}

fn main() {
    let mut time = [0; 2];
    let failed = unsafe { clock_gettime(0, &raw mut time) };
    let address = unsafe { dlsym(std::ptr::null_mut(), c"visible_to_plugins".as_ptr()) };
    println!("{} {} {failed} {}", hypot(3.0, 4.0), pthread_self() != 0, !address.is_null());
}
"#,
    );
    fixture
}

/// What a zip's program prints.
fn printed(fixture: &Fixture, zip: impl AsRef<std::path::Path>) -> String {
    let bootstrap = fixture.path("bootstrap");
    write_executable(&bootstrap, Zip::read(zip).bootstrap());
    String::from_utf8(Command::new(&bootstrap).output().unwrap().stdout).unwrap()
}

#[test]
fn the_libraries_of_every_system_are_found_on_both_libcs() {
    let fixture = caller();
    let flags = LIBRARIES.map(|name| format!("-Clink-arg=-l{name}")).join(" ");
    for libc in ["musl", "gnu"] {
        let args = ["--arch", "x86_64,arm64", "--libc", libc, "--linker", "built-in"];
        let run = fixture.program().args(args).env("RUSTFLAGS", &flags).run().success();
        for zip in run.zips().iter().filter(|zip| zip.to_string_lossy().contains(std::env::consts::ARCH)) {
            assert!(printed(&fixture, zip).starts_with("5 true 0 "), "{libc}");
        }
    }
}

#[test]
fn each_library_is_found_by_itself() {
    for libc in ["musl", "gnu"] {
        let fixture = Fixture::package("api");
        for name in LIBRARIES {
            fixture.write("build.rs", format!("fn main() {{ println!(\"cargo:rustc-link-lib={name}\"); }}\n"));
            fixture.run(&["--libc", libc, "--linker", "built-in"]).success();
        }
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn rdynamic_exports_the_symbols_of_the_program() {
    let fixture = caller();
    let program = || fixture.program().args(["--libc", "gnu", "--linker", "built-in"]);
    let plain = program().run().success();
    assert_eq!(printed(&fixture, plain.zip()), "5 true 0 false\n");
    let flags = "-Clink-arg=-rdynamic -Clink-arg=-fuse-ld=lld";
    let exporting = program().env("RUSTFLAGS", flags).run().success();
    assert_eq!(printed(&fixture, exporting.zip()), "5 true 0 true\n");
}

#[test]
fn another_linker_than_lld_is_refused_by_name() {
    let fixture = Fixture::package("api");
    let run = fixture.program().args(["--linker", "built-in"]).env("RUSTFLAGS", "-Clink-arg=-fuse-ld=mold").run();
    run.fails(101, "`-fuse-ld=mold`").says("rustflags");
}

#[test]
fn the_library_of_cpp_is_named_with_the_linkers_that_have_it() {
    let fixture = Fixture::package("api");
    fixture.write("build.rs", "fn main() { println!(\"cargo:rustc-link-lib=stdc++\"); }\n");
    for libc in ["musl", "gnu"] {
        let run = fixture.run(&["--libc", libc, "--linker", "built-in"]);
        run.fails(101, "`stdc++` is the standard library of C++").says("link with `--linker zig`");
    }
}

#[test]
fn musl_is_not_linked_dynamically() {
    let fixture = Fixture::package("api");
    let program = fixture.program().args(["--libc", "musl", "--linker", "built-in"]);
    let run = program.env("RUSTFLAGS", "-Ctarget-feature=-crt-static").run();
    run.fails(101, "musl cannot be linked dynamically")
        .says("remove `-C target-feature=-crt-static`, or build for glibc");
}
