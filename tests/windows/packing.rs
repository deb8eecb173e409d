//! The same files give the same bytes.

use test_support::wine::{on_windows, windows_path};
use test_support::{Fixture, Zip};

#[test]
#[ignore = "needs wine and the build for Windows"]
fn windows_gives_the_bytes_that_linux_gives() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["conf/a.toml", "conf/deep/er/b", "conf/größe 日本.txt", "templates/index.html", "README.md"]);
    fixture.write("conf/run.sh", "#!/bin/sh\n");
    fixture
        .write("data.bin", (0..5_000_000_u32).map(|i| (i.wrapping_mul(i) >> 7).to_le_bytes()[0]).collect::<Vec<_>>());
    fixture.create_dir("conf/empty");
    let here = fixture.pack(&[
        "-o",
        "linux.zip",
        "main",
        "conf",
        "templates/index.html",
        "data.bin",
        "--include",
        "*.md=docs",
    ]);
    assert_eq!(
        here.names(),
        [
            "bootstrap",
            "conf/a.toml",
            "conf/deep/er/b",
            "conf/empty/",
            "conf/größe 日本.txt",
            "conf/run.sh",
            "data.bin",
            "docs/README.md",
            "templates/index.html"
        ]
    );
    // With the separator of Windows, also at the end of a directory.
    let typed =
        ["pack", "-o", "windows.zip", "main", r"conf\", r"templates\index.html", "data.bin", "--include", "*.md=docs"];
    on_windows(&fixture, &typed).success();
    assert_eq!(Zip::read(fixture.path("windows.zip")).bytes, here.bytes);
}

#[test]
#[ignore = "needs wine and the build for Windows"]
fn drive_letters_and_shares_are_refused_on_windows() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["conf/a"]);
    let absolute = windows_path(&fixture.path("conf"));
    let before = fixture.names();
    on_windows(&fixture, &["pack", "main", &absolute]).fails(2, "drive letter or a network share").says("PATH=DEST");
    on_windows(&fixture, &["pack", "main", r"..\x"]).fails(2, "..");
    assert_eq!(fixture.names(), before);
    let named = format!("{absolute}=etc/conf");
    on_windows(&fixture, &["pack", "main", "--include", &named]).success();
    assert_eq!(Zip::read(fixture.path("main.zip")).names(), ["bootstrap", "etc/conf/a"]);
}

#[test]
#[ignore = "needs wine and the build for Windows"]
fn a_zip_is_replaced_and_a_refused_one_leaves_it_on_windows() {
    let fixture = Fixture::with_executable();
    on_windows(&fixture, &["pack", "main"]).success();
    let first = Zip::read(fixture.path("main.zip")).bytes;
    fixture.write_all(&["conf/a"]);
    on_windows(&fixture, &["pack", "main", "conf"]).success();
    let second = Zip::read(fixture.path("main.zip")).bytes;
    assert_ne!(second, first);
    fixture.write("main", "no executable");
    on_windows(&fixture, &["pack", "main"]).fails(100, "[exec-format]");
    assert_eq!(Zip::read(fixture.path("main.zip")).bytes, second);
    assert_eq!(fixture.names(), ["conf", "main", "main.zip"]);
}
