//! No path of the machine is in the executable.

use std::fs;

use test_support::{Fixture, Zip, contains, required};

/// A package with paths in its executable: those of panics in its source and in code that a build script made.
pub(crate) fn checkout() -> Fixture {
    let fixture = Fixture::package("checkout");
    fixture.write(
        "build.rs",
        r#"fn main() {
    let directory = std::env::var("OUT_DIR").unwrap();
    let code = "pub fn made(n: usize) -> u8 { let bytes = [1, 2, 3]; bytes[n] }";
    std::fs::write(std::path::Path::new(&directory).join("made.rs"), code).unwrap();
}
"#,
    );
    fixture.write(
        "src/main.rs",
        r#"include!(concat!(env!("OUT_DIR"), "/made.rs"));
fn main() {
    let count = std::env::args().count();
    println!("{} {}", made(count), file!());
    assert!(count < 10, "so many");
}
"#,
    );
    fixture
}

#[test]
fn two_checkouts_give_the_same_zip() {
    let zips: Vec<_> = ["target", "elsewhere/build"]
        .into_iter()
        .map(|target_dir| {
            let fixture = checkout();
            let run = fixture.run(&["--target-dir", target_dir, "--arch", "x86_64,arm64"]).success();
            let bytes: Vec<_> = run.zips().iter().map(|path| std::fs::read(path).unwrap()).collect();
            let home = std::env::var("HOME").unwrap();
            for zip in run.zips() {
                let zip = Zip::read(zip);
                assert!(contains(zip.bootstrap(), "src/main.rs"), "the test searches for the wrong text");
                for directory in [fixture.path(".").canonicalize().unwrap().to_str().unwrap(), &home] {
                    assert!(!contains(zip.bootstrap(), directory), "`{directory}` is in the executable");
                }
            }
            bytes
        })
        .collect();
    assert!(zips[0] == zips[1], "the zips differ");
}

#[test]
fn no_trim_paths_keeps_the_paths() {
    let fixture = checkout();
    let zip = Zip::read(fixture.run(&["--no-trim-paths"]).success().zip());
    assert!(contains(zip.bootstrap(), fixture.path("target").to_str().unwrap()));
}

/// The same with more paths: a crate of the registry that panics, one with a build script, and C code with `__FILE__`.
fn checkout_with_dependencies() -> Fixture {
    let fixture = checkout();
    let rest = "[dependencies]\nbytes = \"1\"\nlibc = \"0.2\"\n[build-dependencies]\ncc = \"1\"\n[profile.release]\nlto = \
                \"off\"\n";
    fixture.add_package(".", "checkout", rest);
    fixture.write("native.c", "const char *native_file(void) { return __FILE__; }\n");
    let build_script = fs::read_to_string(fixture.path("build.rs")).unwrap().replace(
        "fn main() {",
        "fn main() {\n    cc::Build::new().file(std::path::absolute(\"native.c\").unwrap()).compile(\"native\");",
    );
    fixture.write("build.rs", &build_script);
    let source = fs::read_to_string(fixture.path("src/main.rs")).unwrap().replace(
        "fn main() {",
        "unsafe extern \"C\" {\n    safe fn native_file() -> *const std::ffi::c_char;\n}\nfn main() {\n    \
         println!(\"{:?}\", bytes::Bytes::from_static(b\"lambda\").slice(std::env::args().count()..));\n    \
         println!(\"{:?} {}\", unsafe { std::ffi::CStr::from_ptr(native_file()) }, unsafe { libc::getpid() });",
    );
    fixture.write("src/main.rs", &source);
    fixture
}

#[test]
#[ignore = "needs the network, ziglang"]
fn crates_of_the_registry_and_c_have_no_path_of_this_machine() {
    let zips = [("target", "home"), ("elsewhere/build", "another/cargo")].map(|(target_dir, cargo_home)| {
        let fixture = checkout_with_dependencies();
        let program = fixture.program().env("CARGO_HOME", fixture.path(cargo_home));
        let run = program
            .env("CARGO_ZIGBUILD_PYTHON_PATH", required("LAMBDA_ZIP_TEST_PYTHON"))
            .args(["--target-dir", target_dir, "--arch", "arm64", "--linker", "zig"])
            .run()
            .success();
        let zip = Zip::read(run.zip());
        for told in ["/cargo/registry/src/", "native.c", "made.rs", "src/main.rs"] {
            assert!(contains(zip.bootstrap(), told), "the test searches for the wrong text: there is no `{told}`");
        }
        let home = std::env::var("HOME").unwrap();
        for directory in [fixture.path(".").canonicalize().unwrap().to_str().unwrap(), &home] {
            assert!(!contains(zip.bootstrap(), directory), "`{directory}` is in the executable");
        }
        fs::read(run.zip()).unwrap()
    });
    assert!(zips[0] == zips[1], "the zips differ");
}
