//! The same files give the same bytes.

use crate::support::{Sandbox, Zip};
use crate::wine::{on_windows, windows_path};

#[test]
#[ignore = "needs wine and the build for Windows"]
fn windows_gives_the_bytes_that_linux_gives() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["conf/a.toml", "conf/deep/er/b", "conf/größe 日本.txt", "templates/index.html", "README.md"]);
    sandbox.write("conf/run.sh", "#!/bin/sh\n");
    sandbox
        .write("data.bin", (0..5_000_000_u32).map(|i| (i.wrapping_mul(i) >> 7).to_le_bytes()[0]).collect::<Vec<_>>());
    sandbox.folder("conf/empty");
    let here = sandbox.pack(&[
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
    // As typed there: the separator of Windows, and a folder with one at its end.
    let typed =
        ["pack", "-o", "windows.zip", "main", r"conf\", r"templates\index.html", "data.bin", "--include", "*.md=docs"];
    on_windows(&sandbox, &typed).success();
    assert_eq!(Zip::read(&sandbox.path("windows.zip")).bytes, here.bytes);
}

#[test]
#[ignore = "needs wine and the build for Windows"]
fn drive_letters_and_shares_are_refused_on_windows() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["conf/a"]);
    let absolute = windows_path(&sandbox.path("conf"));
    let before = sandbox.files();
    on_windows(&sandbox, &["pack", "main", &absolute]).failure(2, "drive letter or a network share").says("PATH=DEST");
    on_windows(&sandbox, &["pack", "main", r"..\x"]).failure(2, "..");
    assert_eq!(sandbox.files(), before);
    let named = format!("{absolute}=etc/conf");
    on_windows(&sandbox, &["pack", "main", "--include", &named]).success();
    assert_eq!(Zip::read(&sandbox.path("main.zip")).names(), ["bootstrap", "etc/conf/a"]);
}

#[test]
#[ignore = "needs wine and the build for Windows"]
fn a_zip_is_replaced_and_a_refused_one_leaves_it_on_windows() {
    let sandbox = Sandbox::new();
    on_windows(&sandbox, &["pack", "main"]).success();
    let first = Zip::read(&sandbox.path("main.zip")).bytes;
    sandbox.write_all(&["conf/a"]);
    on_windows(&sandbox, &["pack", "main", "conf"]).success();
    let second = Zip::read(&sandbox.path("main.zip")).bytes;
    assert_ne!(second, first);
    sandbox.write("main", "no executable");
    on_windows(&sandbox, &["pack", "main"]).failure(100, "[exec-format]");
    assert_eq!(Zip::read(&sandbox.path("main.zip")).bytes, second);
    assert_eq!(sandbox.files(), ["conf", "main", "main.zip"]);
}
