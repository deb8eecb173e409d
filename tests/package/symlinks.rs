//! Symbolic links.
#![cfg(unix)]

use test_support::Fixture;

#[test]
fn a_link_to_something_in_the_zip_stays_a_link() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["lib/libx.so.1.2", "lib/sub/a"]);
    fixture.symlink("libx.so.1.2", "lib/libx.so.1");
    fixture.symlink("libx.so.1", "lib/libx.so");
    fixture.symlink("../lib/sub", "lib/folder");
    fixture.symlink("../bootstrap", "lib/program");
    let zip = fixture.pack(&["main", "lib"]);
    assert_eq!(
        zip.names(),
        ["bootstrap", "lib/folder", "lib/libx.so", "lib/libx.so.1", "lib/libx.so.1.2", "lib/program", "lib/sub/a"]
    );
    assert_eq!((zip.mode("lib/folder"), zip.entry("lib/folder").contents.as_slice()), (0o120_777, &b"../lib/sub"[..]));
    assert_eq!(zip.entry("lib/libx.so").contents, b"libx.so.1");
    assert_eq!(zip.mode("lib/libx.so.1.2"), 0o100_644);
}

#[test]
fn a_link_that_leads_out_of_the_zip_is_refused() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["conf/a", "elsewhere/b"]);
    fixture.symlink("../elsewhere/b", "conf/b");
    fixture.fails_to_pack(&["main", "conf"]).fails(2, "`elsewhere/b` is not in the zip").says("--symlinks follow");
    assert_eq!(fixture.pack(&["main", "conf", "elsewhere"]).mode("conf/b"), 0o120_777);
    fixture
        .fails_to_pack(&["main", "conf", "elsewhere", "--exclude-path", "elsewhere/b"])
        .fails(2, "is not in the zip");
    for target in ["/etc/hostname", "../../../../../../../../../etc/passwd"] {
        std::fs::remove_file(fixture.path("conf/b")).unwrap();
        fixture.symlink(target, "conf/b");
        fixture.fails_to_pack(&["main", "conf", "elsewhere"]).fails(2, "it points out of the zip");
    }
}

#[test]
fn a_broken_link_is_an_error_of_the_archive() {
    let fixture = Fixture::with_executable();
    fixture.symlink("gone", "conf/b");
    for symlinks in ["preserve", "follow"] {
        fixture.fails_to_pack(&["main", "conf", "--symlinks", symlinks]).fails(103, "conf/b` is a broken link");
    }
    fixture.symlink("circle", "other/circle");
    fixture.fails_to_pack(&["main", "other"]).fails(103, "other/circle` is a broken link");
}

#[test]
fn links_are_followed_on_request() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["conf/a", "elsewhere/b", "elsewhere/deep/c"]);
    fixture.symlink("../elsewhere", "conf/folder");
    fixture.symlink("../elsewhere/b", "conf/file");
    let zip = fixture.pack(&["main", "conf", "--symlinks", "follow"]);
    assert_eq!(zip.names(), ["bootstrap", "conf/a", "conf/file", "conf/folder/b", "conf/folder/deep/c"]);
    assert_eq!((zip.mode("conf/file"), zip.entry("conf/file").contents.as_slice()), (0o100_644, &b"elsewhere/b"[..]));
    fixture.symlink(".", "conf/again");
    fixture
        .fails_to_pack(&["main", "conf", "--symlinks", "follow"])
        .fails(103, "points to a directory that contains it");
}

#[test]
fn links_are_rejected_on_request() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["conf/a"]);
    fixture.pack(&["main", "conf", "--symlinks", "reject"]);
    std::fs::remove_file(fixture.path("main.zip")).unwrap();
    fixture.symlink("a", "conf/b");
    fixture.fails_to_pack(&["main", "conf", "--symlinks", "reject"]).fails(2, "conf/b` is a symbolic link");
    fixture.fails_to_pack(&["main", "--symlinks", "keep"]).fails(2, "`preserve`, `follow` or `reject`");
}

#[test]
fn the_executable_itself_may_be_a_link() {
    let fixture = Fixture::with_executable();
    fixture.symlink("main", "linked");
    assert_eq!(fixture.pack(&["linked"]).mode("bootstrap"), 0o100_755);
}
