//! An environment in which the program cannot work is not blamed on the zip.

use test_support::Fixture;
use test_support::elf::static_program;
use test_support::zip_builder::{EXECUTABLE, Item, zip};

use crate::bootstrap;

/// An executable that is unpacked to a temporary file.
fn large() -> Item {
    let mut contents = static_program().build();
    contents.resize(5 << 20, 0);
    Item::new("bootstrap", EXECUTABLE, contents)
}

/// Only Unix takes the directory for temporary files from `TMPDIR`.
#[test]
#[cfg(unix)]
fn without_a_directory_for_temporary_files_the_hint_is_about_it() {
    let directory = Fixture::empty();
    directory.write("large.zip", zip(&[large()]));
    directory.write("small.zip", zip(&[bootstrap()]));
    let missing = directory.path("missing");
    let check = || directory.program().args(["check", "--arch", "x86_64", "large.zip", "small.zip"]);
    let run = check().env("TMPDIR", &missing).run();
    run.exits(103)
        .says("error: cannot check `large.zip`")
        .says(&format!("failed to write a temporary file in `{}`", missing.display()))
        .says("hint: set `TMPDIR` to a writable directory")
        .prints("large.zip: not checked\nsmall.zip: ok; fits provided.al2023 (x86_64), provided.al2 (x86_64), provided (x86_64), \
             go1.x (x86_64)\n");
    let run = check().env("TMPDIR", &missing).args(["--message-format", "json"]).run().exits(103);
    let error = run.json()["zips"][0]["error"].as_str().unwrap().to_owned();
    assert!(error.contains("temporary file") && !error.contains("failed to read"), "{error}");
    let verdict = check().run().success().stdout;
    assert!(verdict.starts_with("large.zip: ok; fits"), "{verdict}");
}
