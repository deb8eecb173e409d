//! The paths that Windows has and Linux has not.

use std::fs;

use crate::support::{Sandbox, Zip};
use crate::wine::{on_windows, windows_path};

#[test]
#[ignore = "needs wine and the build for Windows"]
fn spaces_drives_and_mixed_separators_change_no_byte() {
    let sandbox = Sandbox::new();
    fs::rename(sandbox.path("main"), sandbox.path("my main")).unwrap();
    sandbox.write_all(&["my conf/deep er/a b.txt", "my conf/c"]);
    let here = sandbox.pack(&["-o", "out/a zip.zip", "my main", "my conf"]);
    assert_eq!(here.names(), ["bootstrap", "my conf/c", "my conf/deep er/a b.txt"]);

    let drive = windows_path(&sandbox.path("my main"));
    let mixed = drive.replacen(r"\tmp\", "/tmp/", 1);
    let share = drive.replacen("Z:", r"\\?\Z:", 1);
    for executable in [r".\my main", &drive, &mixed, &share] {
        let output = format!(r"{}\out/from windows.zip", windows_path(&sandbox.path("")));
        on_windows(&sandbox, &["pack", "-o", &output, executable, r"my conf/"]).success();
        assert_eq!(Zip::read(&sandbox.path("out/from windows.zip")).bytes, here.bytes, "{executable}");
        fs::remove_file(sandbox.path("out/from windows.zip")).unwrap();
    }
}

#[test]
#[ignore = "needs wine and the build for Windows"]
fn what_lies_on_a_share_is_packed_under_a_name_and_refused_without_one() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["conf/a", "conf/b/c"]);
    // Wine has no server of shares; `\\?\` and `\\.\` paths have a prefix of the same kind.
    for prefix in [r"\\?\", r"\\.\"] {
        let share = format!("{prefix}{}", windows_path(&sandbox.path("conf")));
        on_windows(&sandbox, &["pack", "main", &share]).failure(2, "drive letter or a network share");
        on_windows(&sandbox, &["pack", "main", "--include", &format!("{share}=etc")]).success();
        assert_eq!(Zip::read(&sandbox.path("main.zip")).names(), ["bootstrap", "etc/a", "etc/b/c"]);
    }
    on_windows(&sandbox, &["pack", r"\\server\share\main"]).failure(2, r"there is no executable `\\server\share\main`");
}

#[test]
#[ignore = "needs wine and the build for Windows"]
fn paths_longer_than_260_characters_are_packed() {
    let sandbox = Sandbox::new();
    let folder = ["a folder with a long name, as node has them"; 8].join("/");
    assert!(folder.len() > 260);
    sandbox.write(&format!("{folder}/file"), "deep");
    let here = sandbox.pack(&["-o", "linux.zip", "main", "a folder with a long name, as node has them"]);
    let output = format!("{folder}/windows.zip");
    on_windows(&sandbox, &["pack", "-o", &output.replace('/', r"\"), "main", "--include", &format!("{folder}/file")])
        .success();
    assert_eq!(Zip::read(&sandbox.path(&output)).bytes, here.bytes);
}

#[test]
#[ignore = "needs wine and the build for Windows"]
fn names_that_differ_only_by_case_are_warned_of_as_on_linux() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["conf/readme.md", "conf/README.md"]);
    let here = sandbox.run(&["pack", "-o", "linux.zip", "main", "conf"]).success().says("[case-collision]");
    let there = on_windows(&sandbox, &["pack", "-o", "windows.zip", "main", "conf"]).success();
    let warning = |text: &str| text.lines().find(|line| line.contains("[case-collision]")).map(str::to_owned);
    assert_eq!(warning(&there.stderr), warning(&here.stderr));
    let zips = ["linux.zip", "windows.zip"].map(|name| Zip::read(&sandbox.path(name)).bytes);
    assert!(zips[0] == zips[1]);
}

/// Wine finds names as Windows does, whatever their case.
#[test]
#[ignore = "needs wine and the build for Windows"]
fn what_only_windows_would_find_is_refused_as_on_linux() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["conf/readme.md", "data/a"]);
    let is_found = on_windows(&sandbox, &["pack", "-o", "found.zip", "MAIN"]);
    assert_eq!(is_found.code, 0, "{}", is_found.stderr);
    for include in ["Conf", "conf/README.md", "CONF/*.md=x"] {
        let args = ["pack", "-o", "out.zip", "main", "--include", include];
        let here = sandbox.run(&args).failure(2, "matches nothing").says("which is another name than");
        let there = on_windows(&sandbox, &args).failure(2, "matches nothing");
        let hint = |text: &str| text.lines().last().map(str::to_owned);
        assert_eq!(hint(&there.stderr), hint(&here.stderr), "{include}");
    }
}
