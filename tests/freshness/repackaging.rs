//! When a zip is made again, and when it stays.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use test_support::{Fixture, Run, Zip, contains};

use crate::witness::{Untouched, Witness, lasting, statuses};

const JSON: [&str; 2] = ["--message-format", "json"];

/// A package that includes a directory, and the path of its zip.
fn with_includes() -> (Fixture, PathBuf) {
    let fixture = Fixture::package("greeter");
    fixture.write("conf/a.txt", "one");
    fixture.write("conf/deep/b.sh", "#!/bin/sh\n");
    symlink("a.txt", fixture.path("conf/link")).unwrap();
    let zip = fixture.path("target/lambda/greeter/bootstrap.zip");
    (fixture, zip)
}

const INCLUDE: [&str; 2] = ["--include", "conf"];

#[test]
fn a_run_with_nothing_to_do_leaves_the_zip_alone_and_reports_the_same() {
    let (fixture, zip) = with_includes();
    let witness = Witness::of(&fixture);
    let args = [&INCLUDE[..], &JSON, &["--warn", "secret"]].concat();
    fixture.write("conf/id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    let first = witness.program().args(&args).run().success();
    assert_eq!(statuses(&first), [("Packaging", "greeter"), ("Packaged", "greeter")]);
    assert!(first.stderr.contains("id_rsa"), "{first}");
    assert_eq!(first.json()["archives"][0]["fresh"], false);

    let untouched = Untouched::at(&zip);
    let (second, calls) = witness.calls(&args);
    assert_eq!(statuses(&second.success()), [("Fresh", "greeter")]);
    assert_eq!(calls, ["cargo build"]);
    let (third, _) = witness.calls(&args);
    assert_eq!(third.json()["archives"][0]["fresh"], true);
    assert_eq!(lasting(&third), lasting(&first));
    assert!(third.stderr.contains("id_rsa"), "findings are printed again\n{third}");
    assert_eq!(Untouched::at(&zip), untouched);
}

#[test]
fn what_does_not_reach_the_zip_does_not_make_it_stale() {
    let (fixture, zip) = with_includes();
    fixture.run(&INCLUDE).success();
    let untouched = Untouched::at(&zip);
    let is_fresh = |what: &str, run: Run| {
        assert_eq!(statuses(&run.success()), [("Fresh", "greeter")], "{what}");
        assert_eq!(Untouched::at(&zip), untouched, "{what}");
    };

    is_fresh("another form of the report", fixture.run(&[&INCLUDE[..], &JSON].concat()));
    is_fresh("talk", fixture.run(&[&INCLUDE[..], &["--verbose"]].concat()));
    is_fresh("a subcommand of cargo", test_support::Program::through_cargo(fixture.path(".")).args(INCLUDE).run());
    fixture.write("conf/a.txt", "one");
    is_fresh("a file that was rewritten", fixture.run(&INCLUDE));
    fs::set_permissions(fixture.path("conf/a.txt"), fs::Permissions::from_mode(0o600)).unwrap();
    is_fresh("permissions, which the zip does not take over", fixture.run(&INCLUDE));
    let date = fs::metadata(&zip).unwrap().modified().unwrap();
    fs::File::options().write(true).open(fixture.path("src/main.rs")).unwrap().set_modified(SystemTime::now()).unwrap();
    is_fresh("a compilation with the same outcome", fixture.run(&INCLUDE));
    assert_eq!(fs::metadata(&zip).unwrap().modified().unwrap(), date);
}

#[test]
fn every_input_of_the_zip_makes_it_stale() {
    let (fixture, zip) = with_includes();
    fixture.run(&INCLUDE).success();
    let path = |name: &str| fixture.path(name);
    let again = |what: &str, env: &[(&str, &str)], args: &[&str]| {
        let before = Untouched::at(&zip);
        let program = || env.iter().fold(fixture.program(), |program, (name, value)| program.env(name, value));
        let args = [&INCLUDE[..], args].concat();
        let run = program().args(&args).run().success();
        assert_eq!(statuses(&run), [("Packaging", "greeter"), ("Packaged", "greeter")], "{what}\n{run}");
        assert_ne!(Untouched::at(&zip), before, "{what}");
        let settled = Untouched::at(&zip);
        let run = program().args(&args).run().success();
        assert_eq!(statuses(&run), [("Fresh", "greeter")], "{what}, a second time\n{run}");
        assert_eq!(Untouched::at(&zip), settled, "{what}, a second time");
    };

    let source = r#"fn main() { println!("{}", if cfg!(other) { "with rustflags" } else { "another program" }); }"#;
    fixture.write("src/main.rs", source);
    again("the executable", &[], &[]);
    assert!(contains(&Zip::read(&zip).entries[0].contents, "another program"));
    fixture.write("conf/new.txt", "");
    again("a new file", &[], &[]);
    fs::remove_file(path("conf/new.txt")).unwrap();
    again("a file less", &[], &[]);
    fs::create_dir(path("conf/empty")).unwrap();
    again("an empty directory", &[], &[]);
    fs::rename(path("conf/deep"), path("conf/deeper")).unwrap();
    again("another name", &[], &[]);
    fixture.write("conf/deeper/b.sh", "?!/bin/sh\n");
    again("contents by which it is no program any more", &[], &[]);
    fs::remove_file(path("conf/link")).unwrap();
    symlink("deeper/b.sh", path("conf/link")).unwrap();
    again("a link to elsewhere", &[], &[]);

    let date = SystemTime::now() - Duration::from_secs(3600);
    let dated = |contents: &str| {
        let file = fixture.write("conf/a.txt", contents);
        fs::File::options().write(true).open(file).unwrap().set_modified(date).unwrap();
    };
    dated("one");
    fixture.run(&INCLUDE).success();
    dated("two");
    again("contents of the same length and date", &[], &[]);

    for option in [
        ["--mode", "*.txt=0755"],
        ["--symlinks", "follow"],
        ["--exclude-path", "a.txt"],
        ["--compression", "store"],
        ["--include", "src=elsewhere"],
        ["--warn", "secret"],
        ["--runtime", "provided.al2"],
    ] {
        again(&option.join(" "), &[], &option);
    }
    again("the flags of before", &[], &[]);
    again("the date of the source", &[("SOURCE_DATE_EPOCH", "1700000000")], &[]);
    again("no date of the source", &[], &[]);
    again("rustflags", &[("RUSTFLAGS", "--cfg other")], &[]);
    again("no rustflags", &[], &[]);
}

#[test]
fn a_zip_that_was_changed_is_made_again() {
    let (fixture, zip) = with_includes();
    fixture.run(&INCLUDE).success();
    let good = fs::read(&zip).unwrap();
    let modified = fs::metadata(&zip).unwrap().modified().unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let changes: [(&str, Option<&[u8]>); 5] = [
        ("deleted", None),
        ("empty", Some(b"")),
        ("cut short", Some(&good[..good.len() - 1])),
        ("longer", Some(&[&good[..], b" "].concat())),
        ("one bit, and the old date", Some(&flipped)),
    ];
    for (what, contents) in changes {
        match contents {
            None => fs::remove_file(&zip).unwrap(),
            Some(bytes) => {
                fs::write(&zip, bytes).unwrap();
                fs::File::options().write(true).open(&zip).unwrap().set_modified(modified).unwrap();
            }
        }
        let run = fixture.run(&INCLUDE).success();
        assert_eq!(statuses(&run), [("Packaging", "greeter"), ("Packaged", "greeter")], "{what}");
        assert!(fs::read(&zip).unwrap() == good, "{what}");
    }
}

/// A file that is some seconds old is compared by its metadata, of which the date of modification is only a part.
#[test]
fn a_file_that_is_changed_and_keeps_its_date_is_noticed() {
    let (fixture, zip) = with_includes();
    fixture.run(&INCLUDE).success();
    let good = fs::read(&zip).unwrap();
    thread::sleep(Duration::from_secs(4));
    let replace = |path: &Path, contents: &[u8]| {
        let date = fs::metadata(path).unwrap().modified().unwrap();
        let mut file = fs::File::options().write(true).open(path).unwrap();
        file.write_all(contents).unwrap();
        file.set_modified(date).unwrap();
    };
    // The second of these runs compares with what the first one has stored.
    for _ in 0..2 {
        assert_eq!(statuses(&fixture.run(&INCLUDE).success()), [("Fresh", "greeter")]);
    }
    replace(&fixture.path("conf/a.txt"), b"two");
    assert_eq!(statuses(&fixture.run(&INCLUDE).success()), [("Packaging", "greeter"), ("Packaged", "greeter")]);
    let made = Zip::read(&zip);
    let included = made.entries.iter().find(|entry| entry.name == "conf/a.txt").unwrap();
    assert_eq!(included.contents, b"two");
    replace(&fixture.path("conf/a.txt"), b"one");
    fixture.run(&INCLUDE).success();
    assert!(fs::read(&zip).unwrap() == good);

    thread::sleep(Duration::from_secs(4));
    for _ in 0..2 {
        assert_eq!(statuses(&fixture.run(&INCLUDE).success()), [("Fresh", "greeter")]);
    }
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    replace(&zip, &flipped);
    assert_eq!(statuses(&fixture.run(&INCLUDE).success()), [("Packaging", "greeter"), ("Packaged", "greeter")]);
    assert!(fs::read(&zip).unwrap() == good);
}

#[test]
fn a_refused_zip_is_refused_each_time_and_the_previous_one_stays_fresh() {
    let (fixture, zip) = with_includes();
    fixture.run(&INCLUDE).success();
    let untouched = Untouched::at(&zip);
    fixture.write("conf/id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    for _ in 0..2 {
        let run = fixture.run(&[&INCLUDE[..], &["--deny", "secret"]].concat());
        assert_eq!((run.code, statuses(&run)), (100, vec![("Packaging", "greeter"), ("Refused", "greeter")]), "{run}");
    }
    fs::remove_file(fixture.path("conf/id_rsa")).unwrap();
    assert_eq!(statuses(&fixture.run(&INCLUDE).success()), [("Fresh", "greeter")]);
    assert_eq!(Untouched::at(&zip), untouched);
}

#[test]
fn missing_debug_information_is_written_again() {
    let fixture = Fixture::package("greeter");
    let first = fixture.run(&["--debug-symbols"]).success();
    let debug = first.zip().with_file_name("greeter.debug");
    let (zip, symbols) = (Untouched::at(first.zip()), Untouched::at(&debug));
    let second = fixture.run(&["--debug-symbols", JSON[0], JSON[1]]).success();
    assert_eq!(second.json()["archives"][0]["debug_symbols"], debug.to_str().unwrap());
    assert_eq!(statuses(&second), [("Fresh", "greeter")]);
    assert_eq!((Untouched::at(first.zip()), Untouched::at(&debug)), (zip, symbols.clone()));
    for is_removed in [true, false] {
        if is_removed {
            fs::remove_file(&debug).unwrap();
        } else {
            fs::write(&debug, "").unwrap();
        }
        let run = fixture.run(&["--debug-symbols"]).success();
        assert_eq!(statuses(&run)[0], ("Packaging", "greeter"), "{run}");
        assert!(Untouched::at(&debug) != symbols, "it was written again");
        assert_eq!(fs::read(&debug).unwrap().len(), symbols.len());
    }
}
