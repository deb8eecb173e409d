//! `pack --output -` writes the zip to stdout.

use std::process::Stdio;

use test_support::{Fixture, Zip};

/// What the program writes to stdout, which is no text.
fn packed(fixture: &Fixture, output: &str) -> Vec<u8> {
    let mut command = fixture.program().args(["pack", "main", "-o", output]).into_command();
    let run = command.stdin(Stdio::null()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    run.stdout
}

#[test]
fn the_zip_on_stdout_is_the_one_that_a_file_would_be() {
    let fixture = Fixture::with_executable();
    let names = fixture.names();
    let zip = packed(&fixture, "-");
    assert_eq!(fixture.names(), names, "no file is written");
    assert_eq!(Zip::parse(&zip).names(), ["bootstrap"]);
    #[cfg(unix)]
    assert!(packed(&fixture, "/dev/stdout") == zip);
    fixture.run(&["pack", "main", "-o", "main.zip"]).success();
    assert!(std::fs::read(fixture.path("main.zip")).unwrap() == zip);
}

#[test]
fn other_output_on_stdout_is_refused() {
    let fixture = Fixture::with_executable();
    for flags in [&["--message-format", "json"][..], &["--report-html", "page.html"]] {
        let run = fixture.run(&[&["pack", "main", "-o", "-"], flags].concat());
        run.fails(2, "cannot be combined with a zip on stdout").prints("");
    }
    Fixture::package("greeter").run(&["-o", "-"]).fails(2, "`--output -` is only for `pack`");
}

#[test]
fn a_zip_that_breaks_a_rule_leaves_stdout_empty() {
    let fixture = Fixture::empty();
    fixture.write("main", "not an executable");
    fixture.run(&["pack", "main", "-o", "-"]).exits(100).prints("");
}
