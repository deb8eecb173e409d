//! The cache, and runs that find it damaged, written by another version, or in use by another run.

use std::fs;
#[cfg(target_os = "linux")]
use std::io;
#[cfg(target_os = "linux")]
use std::path::Path;
use std::path::PathBuf;
#[cfg(target_os = "linux")]
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use test_support::{Fixture, Program, Zip};

use crate::witness::{Untouched, Witness, statuses};

/// Damages the text of a file. The second argument is this program's version.
type Damage = fn(&str, &str) -> String;

/// The files of the cache.
fn files(fixture: &Fixture) -> Vec<PathBuf> {
    fixture.files("target/.lambda-zip").iter().map(|name| fixture.path("target/.lambda-zip").join(name)).collect()
}

#[test]
fn a_damaged_cache_is_ignored() {
    let fixture = Fixture::package("greeter");
    let zip = fixture.run(&[]).success().zip();
    let bytes = fs::read(&zip).unwrap();
    // The metadata of the executable is stored only once it is some seconds old: from now on, always.
    thread::sleep(Duration::from_secs(4));
    fs::remove_file(&zip).unwrap();
    fixture.run(&[]).success();
    let good: Vec<_> =
        files(&fixture).into_iter().map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect();
    assert_eq!(good.len(), 2, "answers and a zip: {good:?}");
    let version = env!("CARGO_PKG_VERSION");
    let damages: [(&str, Damage); 6] = [
        ("empty", |_, _| String::new()),
        ("half written", |text, _| text[..text.len() / 2].to_owned()),
        ("another version's", |text, version| text.replacen(version, "0.0.9", 1)),
        ("another form", |text, _| format!("{}\n{{}}", text.lines().next().unwrap())),
        ("no text", |_, _| "\0\u{1}".to_owned()),
        ("a byte off", |text, _| {
            text.replacen("\"size\":", "\"size\":1", 1).replacen("\"host\":\"", "\"host\":\"x", 1)
        }),
    ];
    for (what, damage) in damages {
        for (path, text) in &good {
            let broken = damage(text, version);
            assert_ne!(&broken, text, "{what}");
            fs::write(path, broken).unwrap();
        }
        let run = fixture.run(&[]).success();
        assert_eq!(statuses(&run), [("Packaging", "greeter"), ("Packaged", "greeter")], "{what}\n{run}");
        assert!(fs::read(&zip).unwrap() == bytes, "{what}");
        for (path, text) in &good {
            assert_eq!(&fs::read_to_string(path).unwrap(), text, "{what}: it is remembered again");
        }
    }
}

#[test]
fn a_run_with_nothing_to_do_writes_nothing() {
    let fixture = Fixture::package("greeter");
    let after_a_run = || {
        fixture.run(&[]).success();
        files(&fixture).iter().map(Untouched::at).collect::<Vec<_>>()
    };
    let at_first = after_a_run();
    assert_eq!(after_a_run(), at_first);
    // Only now a change to a file would show in its dates, so they are stored.
    thread::sleep(Duration::from_secs(4));
    let later = after_a_run();
    assert_ne!(later, at_first);
    assert_eq!(after_a_run(), later);
}

#[test]
fn cargo_clean_removes_the_cache() {
    let fixture = Fixture::package("greeter");
    let witness = Witness::of(&fixture);
    witness.program().run().success();
    assert!(!files(&fixture).is_empty());
    let (run, _) = witness.calls(&[]);
    assert_eq!(statuses(&run.success()), [("Fresh", "greeter")]);
    // In an environment without the target directory in which these tests are built.
    Program::other("cargo", fixture.path(".")).arg("clean").run().success();
    assert!(!fixture.path("target/.lambda-zip").exists());
}

#[test]
fn values_of_the_environment_are_not_stored() {
    let fixture = Fixture::package("greeter");
    let secret = "hunter2-hunter2";
    let flags = format!("--cfg secret=\"{secret}\"");
    for _ in 0..2 {
        let program = fixture.program().env("RUSTFLAGS", &flags).env("AWS_SECRET_ACCESS_KEY", secret);
        program.env("CARGO_REGISTRIES_MINE_TOKEN", secret).run().success();
    }
    let kept = files(&fixture);
    assert!(!kept.is_empty());
    for path in kept {
        assert!(!fs::read_to_string(&path).unwrap().contains(secret), "{}", path.display());
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_no_error() {
    let fixture = Fixture::package("greeter");
    fixture.write("target/.lambda-zip", "in the way");
    for _ in 0..2 {
        let run = fixture.run(&[]).success();
        assert_eq!(statuses(&run), [("Packaging", "greeter"), ("Packaged", "greeter")], "{run}");
        assert_eq!(run.stderr.matches("warning").count(), 0, "{run}");
    }
}

/// Puts something at the path of a file of the cache.
#[cfg(target_os = "linux")]
type Replace = fn(&Path);

/// Replaces every file of the cache.
#[cfg(target_os = "linux")]
fn replace_all(fixture: &Fixture, replace: Replace) {
    let files = fixture.files("target/.lambda-zip");
    let cached: Vec<_> = files.iter().filter(|file| !file.contains('/')).collect();
    assert!(cached.len() > 1, "{files:?}");
    for file in cached {
        let path = fixture.path("target/.lambda-zip").join(file);
        fs::remove_file(&path).unwrap();
        replace(&path);
    }
}

/// Runs the program to its end, and returns the most memory that it took at once, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory(fixture: &Fixture) -> u64 {
    use wait4::Wait4;
    let mut child = fixture.program().into_command().stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let stderr = io::read_to_string(child.stderr.take().unwrap()).unwrap();
    let ended = child.wait4().unwrap();
    assert!(ended.status.success(), "{stderr}");
    // A cache miss packs the zip again, as the first run did.
    assert!(stderr.contains("Packaging"), "{stderr}");
    ended.rusage.maxrss
}

#[test]
#[cfg(target_os = "linux")]
fn special_and_huge_files_in_the_cache_are_cache_misses() {
    let fixture = Fixture::package("greeter");
    let usual = peak_memory(&fixture);
    let replacements: [(&str, Replace); 4] = [
        ("device", |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap()),
        ("FIFO", |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success())),
        ("directory", |path| fs::create_dir(path).unwrap()),
        ("huge", |path| fs::File::create(path).unwrap().set_len(300 << 20).unwrap()),
    ];
    for (name, replace) in replacements {
        replace_all(&fixture, replace);
        let peak = peak_memory(&fixture);
        assert!(peak < usual + (16 << 20), "{name}: {peak} bytes, without it {usual}");
        let _ = fs::remove_dir_all(fixture.path("target/.lambda-zip"));
        fixture.run(&[]).success();
    }
}

#[test]
fn two_runs_at_once_both_succeed() {
    let fixture = Fixture::with_bins("pair", &["one", "two"]);
    for round in 0..2 {
        thread::scope(|scope| {
            let runs = [(), ()].map(|()| scope.spawn(|| fixture.run(&[]).success()));
            for run in runs {
                assert_eq!(run.join().unwrap().zips().len(), 2, "round {round}");
            }
        });
    }
    let run = fixture.run(&[]).success();
    assert_eq!(statuses(&run), [("Fresh", "one"), ("Fresh", "two")], "{run}");
    for zip in run.zips() {
        assert_eq!(Zip::read(zip).names(), ["bootstrap"]);
    }
}
