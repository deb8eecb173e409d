//! The manual pages, which `man` itself must render.

use std::process::Command;

use test_support::Fixture;

const PAGES: [&str; 3] = ["cargo-lambda-zip", "cargo-lambda-zip-pack", "cargo-lambda-zip-check"];

#[test]
fn each_command_has_a_page_and_stdout_lists_them() {
    let fixture = Fixture::with_executable();
    let run = fixture.run(&["man", "share/man1"]).success();
    let written: Vec<_> = run.stdout.lines().collect();
    for page in PAGES {
        let path = fixture.path(format!("share/man1/{page}.1"));
        assert!(path.is_file(), "{page}");
        assert!(written.contains(&format!("share/man1/{page}.1").as_str()), "{written:?}");
    }
    let alone = fixture.run(&["man"]).success().stdout;
    assert_eq!(alone, std::fs::read_to_string(fixture.path("share/man1/cargo-lambda-zip.1")).unwrap());
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error() {
    let fixture = Fixture::with_executable();
    fixture.write("taken", "a file");
    fixture.run(&["man", "taken/man1"]).fails(103, "failed to write the manual pages to `taken/man1`");
}

#[test]
#[ignore = "needs man-db"]
fn man_finds_and_renders_every_page() {
    let fixture = Fixture::with_executable();
    fixture.run(&["man", "share/man1"]).success();
    let man = |page: &str| {
        let mut command = Command::new("man");
        command
            .args(["--warnings", "--no-justification", "--no-hyphenation", "-P", "cat", page])
            .env("MANPATH", fixture.path("share"))
            .env("MANWIDTH", "100");
        let output = command.env("LC_ALL", "C.UTF-8").output().expect("`man` starts");
        let [text, warnings] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(output.status.success() && warnings.is_empty(), "{page}: {warnings}");
        text
    };
    for page in PAGES {
        assert!(man(page).contains("EXAMPLES"), "{page}");
    }
    let whole = man("cargo-lambda-zip");
    for text in [
        "cargo-lambda-zip - Build a Rust package",
        "--message-format",
        "cargo lambda-zip --arch arm64                   one zip for each binary",
        "cargo-lambda-zip-completions(1)",
        "SEE ALSO",
    ] {
        assert!(whole.contains(text), "`{text}` is not in\n{whole}");
    }
    assert!(man("cargo-lambda-zip-pack").contains("cargo lambda-zip pack -o api.zip main conf templates"));
}
