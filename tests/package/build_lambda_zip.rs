//! `pack` accepts the command lines of build-lambda-zip, and no command takes a long flag with one dash for something else.

use test_support::{Fixture, Run};

fn fixture() -> Fixture {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["conf/app.toml"]);
    fixture
}

#[test]
fn every_spelling_of_output_is_understood() {
    for args in [
        &["main", "conf", "-output", "f.zip"][..],
        &["-output", "f.zip", "main", "conf"],
        &["-output=f.zip", "main", "conf"],
        &["--output=f.zip", "main", "conf"],
        &["--o", "f.zip", "main", "conf"],
        &["--o=f.zip", "main", "conf"],
        &["-o=f.zip", "main", "conf"],
    ] {
        let fixture = fixture();
        let zip = fixture.pack(args);
        assert_eq!((zip.path.as_path(), zip.names()), (&*fixture.path("f.zip"), vec!["bootstrap", "conf/app.toml"]));
        assert_eq!(fixture.names(), ["conf", "f.zip", "main"], "{args:?}");
    }
}

#[test]
fn every_spelling_of_help_is_understood() {
    let help = fixture().run(&["pack", "--help"]).success().stdout;
    for spelling in ["-help", "--h"] {
        fixture().run(&["pack", spelling]).success().prints(&help);
    }
}

#[track_caller]
fn refuses(args: &[&str], flag: &str, instead: &str) -> Run {
    let fixture = fixture();
    let run = fixture.run(args).fails(2, &format!("unexpected argument '{flag}' found"));
    assert_eq!(fixture.names(), ["conf", "main"], "{run}");
    run.says(&format!("long flags have two dashes: '{instead}'"))
}

#[test]
fn other_long_flags_with_one_dash_are_refused_by_name() {
    for (args, flag, instead) in [
        (&["pack", "main", "-arch", "arm64"][..], "-arch", "--arch"),
        (&["pack", "main", "-include=conf"], "-include", "--include"),
        (&["pack", "main", "-ouput", "f.zip"], "-ouput", "--output"),
        (&["-output", "f.zip"], "-output", "--output"),
        (&["-offline"], "-offline", "--offline"),
        (&["-package", "a"], "-package", "--package"),
        (&["check", "main", "-explain"], "-explain", "--explain"),
        (&["invoke", "main", "-event", "{}"], "-event", "--event"),
        (&["doctor", "-config", "a=1"], "-config", "--config"),
        (&["completions", "-help"], "-help", "--help"),
        (&["lambda-zip", "man", "-help"], "-help", "--help"),
    ] {
        refuses(args, flag, instead);
    }
}

#[test]
fn unknown_flags_are_refused_by_name() {
    let run = fixture().run(&["pack", "main", "-xyz"]).fails(2, "unexpected argument '-xyz' found");
    assert!(run.stderr.ends_with("For more information, try '--help'.\n"), "{run}");
}
