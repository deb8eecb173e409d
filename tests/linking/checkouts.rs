//! The executable does not tell where it was built.

use crate::support::{Fixture, Zip, contains};

/// A package that would tell: a panic knows where it is written, in the package as in code that a build script made.
pub(crate) fn checkout() -> Fixture {
    let fixture = Fixture::package("checkout");
    fixture.write(
        "build.rs",
        r#"fn main() {
    let folder = std::env::var("OUT_DIR").unwrap();
    let code = "pub fn made(n: usize) -> u8 { let bytes = [1, 2, 3]; bytes[n] }";
    std::fs::write(std::path::Path::new(&folder).join("made.rs"), code).unwrap();
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
                assert!(contains(zip.bootstrap(), "src/main.rs"), "the test looks for the wrong thing");
                for folder in [fixture.path(".").canonicalize().unwrap().to_str().unwrap(), &home] {
                    assert!(!contains(zip.bootstrap(), folder), "`{folder}` is in the executable");
                }
            }
            bytes
        })
        .collect();
    assert!(zips[0] == zips[1], "the zips differ");
}

#[test]
fn paths_stay_when_they_are_asked_for() {
    let fixture = checkout();
    let zip = Zip::read(fixture.run(&["--no-trim-paths"]).success().zip());
    assert!(contains(zip.bootstrap(), fixture.path("target").to_str().unwrap()));
}
