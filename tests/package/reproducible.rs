//! The same inputs give the same bytes.

use std::fs;
use std::time::{Duration, SystemTime};

use test_support::{Fixture, Program, Zip};

const FILES: [&str; 5] = ["conf/b", "conf/a", "conf/é", "conf/deep/x", "conf/B"];

fn tree(files: &[&str]) -> Fixture {
    let fixture = Fixture::with_executable();
    fixture.write_all(files);
    fixture.create_dir("conf/empty");
    fixture
}

#[test]
fn order_path_and_time_do_not_reach_the_bytes() {
    let mut reversed = FILES;
    reversed.reverse();
    let (one, other) = (tree(&FILES), tree(&reversed));
    for (days, path) in (1..).zip(FILES.iter().chain(&["main"])) {
        let file = fs::File::options().write(true).open(other.path(path)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(days * 400 * 86_400)).unwrap();
    }
    let zip = one.pack(&["main", "conf"]);
    assert_eq!(zip.bytes, other.pack(&["main", "conf"]).bytes);
    assert_eq!(zip.bytes, other.pack(&["./main", "--include", "conf/**"]).bytes);
    assert_eq!(zip.names(), ["bootstrap", "conf/B", "conf/a", "conf/b", "conf/deep/x", "conf/empty/", "conf/é"]);
    assert!(zip.entries.iter().all(|entry| entry.date_and_time() == 0x0021_0000));
    assert_ne!(zip.entry("conf/é").flags & 1 << 11, 0, "the name is marked as UTF-8");
}

#[cfg(unix)]
#[test]
fn umask_locale_time_zone_and_permissions_do_not_reach_the_bytes() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = tree(&FILES);
    let before = fixture.pack(&["main", "conf"]).bytes;
    for path in FILES.iter().chain(&["main"]) {
        fs::set_permissions(fixture.path(path), fs::Permissions::from_mode(0o700)).unwrap();
    }
    Program::other("sh", fixture.root())
        .args(["-c", "umask 077; exec cargo-lambda-zip pack main conf"])
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("TZ", "Pacific/Kiritimati")
        .run()
        .success();
    assert_eq!(Zip::read(fixture.path("main.zip")).bytes, before);
}

#[test]
fn the_date_is_that_of_source_date_epoch() {
    let fixture = tree(&FILES);
    let run = |epoch| fixture.program().args(["pack", "main"]).env("SOURCE_DATE_EPOCH", epoch).run();
    run("1700000000").success();
    let zip = Zip::read(fixture.path("main.zip"));
    // 2023-11-14 22:13:20.
    assert_eq!(zip.entries[0].date_and_time(), 0x576e_b1aa);
    for wrong in ["tomorrow", "", "-1", "1.5", " 1"] {
        let message = format!("`SOURCE_DATE_EPOCH={wrong}` is not a number of seconds since 1970");
        run(wrong).ends_in_error(2, &message, &["set it to the output of `date +%s`, or unset it"]);
    }
    run("1700000000000").fails(2, "`SOURCE_DATE_EPOCH=1700000000000` is out of range for a zip (1980 to 2107)");
    assert_eq!(Zip::read(fixture.path("main.zip")).bytes, zip.bytes);
}
