//! Paths that only Windows has.

use std::fs;

use test_support::wine::{on_windows, windows_path};
use test_support::{Fixture, Zip};

#[test]
#[ignore = "needs wine and the build for Windows"]
fn spaces_drives_and_mixed_separators_change_no_byte() {
    let fixture = Fixture::with_executable();
    fs::rename(fixture.path("main"), fixture.path("my main")).unwrap();
    fixture.write_all(&["my conf/deep er/a b.txt", "my conf/c"]);
    let here = fixture.pack(&["-o", "out/a zip.zip", "my main", "my conf"]);
    assert_eq!(here.names(), ["bootstrap", "my conf/c", "my conf/deep er/a b.txt"]);

    let drive = windows_path(&fixture.path("my main"));
    let mixed = drive.replacen(r"\tmp\", "/tmp/", 1);
    let share = drive.replacen("Z:", r"\\?\Z:", 1);
    for executable in [r".\my main", &drive, &mixed, &share] {
        let output = format!(r"{}\out/from windows.zip", windows_path(&fixture.path("")));
        on_windows(&fixture, &["pack", "-o", &output, executable, r"my conf/"]).success();
        assert_eq!(Zip::read(fixture.path("out/from windows.zip")).bytes, here.bytes, "{executable}");
        fs::remove_file(fixture.path("out/from windows.zip")).unwrap();
    }
}

#[test]
#[ignore = "needs wine and the build for Windows"]
fn a_file_on_a_share_needs_a_name_for_the_zip() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["conf/a", "conf/b/c"]);
    // Wine has no server of shares; `\\?\` and `\\.\` paths have a prefix of the same kind.
    for prefix in [r"\\?\", r"\\.\"] {
        let share = format!("{prefix}{}", windows_path(&fixture.path("conf")));
        on_windows(&fixture, &["pack", "main", &share]).fails(2, "drive letter or a network share");
        on_windows(&fixture, &["pack", "main", "--include", &format!("{share}=etc")]).success();
        assert_eq!(Zip::read(fixture.path("main.zip")).names(), ["bootstrap", "etc/a", "etc/b/c"]);
    }
    on_windows(&fixture, &["pack", r"\\server\share\main"])
        .fails(2, r"the executable `\\server\share\main` does not exist");
}

#[test]
#[ignore = "needs wine and the build for Windows"]
fn paths_longer_than_260_characters_are_packed() {
    let fixture = Fixture::with_executable();
    let directory = ["a folder with a long name, as node has them"; 8].join("/");
    assert!(directory.len() > 260);
    fixture.write(&format!("{directory}/file"), "deep");
    let here = fixture.pack(&["-o", "linux.zip", "main", "a folder with a long name, as node has them"]);
    let output = format!("{directory}/windows.zip");
    on_windows(
        &fixture,
        &["pack", "-o", &output.replace('/', r"\"), "main", "--include", &format!("{directory}/file")],
    )
    .success();
    assert_eq!(Zip::read(fixture.path(&output)).bytes, here.bytes);
}

#[test]
#[ignore = "needs wine and the build for Windows"]
fn names_that_differ_only_by_case_are_warned_of_as_on_linux() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["conf/readme.md", "conf/README.md"]);
    let here = fixture.run(&["pack", "-o", "linux.zip", "main", "conf"]).success().says("[case-collision]");
    let there = on_windows(&fixture, &["pack", "-o", "windows.zip", "main", "conf"]).success();
    let warning = |text: &str| text.lines().find(|line| line.contains("[case-collision]")).map(str::to_owned);
    assert_eq!(warning(&there.stderr), warning(&here.stderr));
    let zips = ["linux.zip", "windows.zip"].map(|name| Zip::read(fixture.path(name)).bytes);
    assert!(zips[0] == zips[1]);
}

/// Wine, like Windows, ignores the case of names.
#[test]
#[ignore = "needs wine and the build for Windows"]
fn a_name_that_only_windows_would_find_is_refused_as_on_linux() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["conf/readme.md", "data/a"]);
    let is_found = on_windows(&fixture, &["pack", "-o", "found.zip", "MAIN"]);
    assert_eq!(is_found.code, 0, "{}", is_found.stderr);
    for include in ["Conf", "conf/README.md", "CONF/*.md=x"] {
        let args = ["pack", "-o", "out.zip", "main", "--include", include];
        let here = fixture.run(&args).fails(2, "matches nothing").says("which is another name than");
        let there = on_windows(&fixture, &args).fails(2, "matches nothing");
        let hint = |text: &str| text.lines().last().map(str::to_owned);
        assert_eq!(hint(&there.stderr), hint(&here.stderr), "{include}");
    }
}
