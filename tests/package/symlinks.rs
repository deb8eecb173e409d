//! Symbolic links.
#![cfg(unix)]

use crate::support::Sandbox;

#[test]
fn a_link_to_something_in_the_zip_stays_a_link() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["lib/libx.so.1.2", "lib/sub/a"]);
    sandbox.link("libx.so.1.2", "lib/libx.so.1");
    sandbox.link("libx.so.1", "lib/libx.so");
    sandbox.link("../lib/sub", "lib/folder");
    sandbox.link("../bootstrap", "lib/program");
    let zip = sandbox.pack(&["main", "lib"]);
    assert_eq!(
        zip.names(),
        ["bootstrap", "lib/folder", "lib/libx.so", "lib/libx.so.1", "lib/libx.so.1.2", "lib/program", "lib/sub/a"]
    );
    assert_eq!((zip.mode("lib/folder"), zip.entry("lib/folder").contents.as_slice()), (0o120_777, &b"../lib/sub"[..]));
    assert_eq!(zip.entry("lib/libx.so").contents, b"libx.so.1");
    assert_eq!(zip.mode("lib/libx.so.1.2"), 0o100_644);
}

#[test]
fn a_link_that_leads_out_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["conf/a", "elsewhere/b"]);
    sandbox.link("../elsewhere/b", "conf/b");
    sandbox.refused(&["main", "conf"]).failure(2, "`elsewhere/b` is not in the zip").says("--symlinks follow");
    assert_eq!(sandbox.pack(&["main", "conf", "elsewhere"]).mode("conf/b"), 0o120_777);
    sandbox.refused(&["main", "conf", "elsewhere", "--exclude-path", "elsewhere/b"]).failure(2, "is not in the zip");
    for target in ["/etc/hostname", "../../../../../../../../../etc/passwd"] {
        std::fs::remove_file(sandbox.path("conf/b")).unwrap();
        sandbox.link(target, "conf/b");
        sandbox.refused(&["main", "conf", "elsewhere"]).failure(2, "it points out of the zip");
    }
}

#[test]
fn a_broken_link_is_an_error_of_the_archive() {
    let sandbox = Sandbox::new();
    sandbox.link("gone", "conf/b");
    for symlinks in ["preserve", "follow"] {
        sandbox.refused(&["main", "conf", "--symlinks", symlinks]).failure(103, "conf/b` is a broken link");
    }
    sandbox.link("circle", "other/circle");
    sandbox.refused(&["main", "other"]).failure(103, "other/circle` is a broken link");
}

#[test]
fn links_are_followed_on_request() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["conf/a", "elsewhere/b", "elsewhere/deep/c"]);
    sandbox.link("../elsewhere", "conf/folder");
    sandbox.link("../elsewhere/b", "conf/file");
    let zip = sandbox.pack(&["main", "conf", "--symlinks", "follow"]);
    assert_eq!(zip.names(), ["bootstrap", "conf/a", "conf/file", "conf/folder/b", "conf/folder/deep/c"]);
    assert_eq!((zip.mode("conf/file"), zip.entry("conf/file").contents.as_slice()), (0o100_644, &b"elsewhere/b"[..]));
    sandbox.link(".", "conf/again");
    sandbox.refused(&["main", "conf", "--symlinks", "follow"]).failure(103, "points to a directory that contains it");
}

#[test]
fn links_are_rejected_on_request() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["conf/a"]);
    sandbox.pack(&["main", "conf", "--symlinks", "reject"]);
    std::fs::remove_file(sandbox.path("main.zip")).unwrap();
    sandbox.link("a", "conf/b");
    sandbox.refused(&["main", "conf", "--symlinks", "reject"]).failure(2, "conf/b` is a symbolic link");
    sandbox.refused(&["main", "--symlinks", "keep"]).failure(2, "`preserve`, `follow` or `reject`");
}

#[test]
fn the_executable_itself_may_be_a_link() {
    let sandbox = Sandbox::new();
    sandbox.link("main", "linked");
    assert_eq!(sandbox.pack(&["linked"]).mode("bootstrap"), 0o100_755);
}
