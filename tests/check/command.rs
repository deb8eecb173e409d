//! `cargo lambda-zip check`, as a user types it.

use std::path::Path;

use serde_json::Value;
use test_support::elf::{ElfSpec, dynamic_program, library, static_program};
use test_support::zip_builder::{DATA, EXECUTABLE, Item, zeros, zip};
use test_support::{Fixture, Run};

use crate::{bootstrap, with_bootstrap};

/// Runs the command in this directory.
fn check(directory: &Fixture, args: &[&str]) -> Run {
    directory.run(&[&["lambda-zip", "check"], args].concat())
}

/// A directory with these zips.
fn directory(zips: &[(&str, Vec<Item>)]) -> Fixture {
    let directory = Fixture::empty();
    for (name, items) in zips {
        directory.write(name, zip(items));
    }
    directory
}

fn good() -> Vec<Item> {
    vec![bootstrap()]
}

/// A zip whose `bootstrap` is not executable.
fn broken() -> Vec<Item> {
    vec![Item::new("bootstrap", DATA, static_program().build())]
}

const SET: [&str; 4] = ["--arch", "x86_64", "--runtime", "provided.al2023"];

/// The arguments that name an architecture and a runtime, and these.
fn set<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&SET, args].concat()
}

#[test]
fn a_good_zip_is_reported_as_ok() {
    let run = check(&directory(&[("a.zip", good())]), &set(&["a.zip"]));
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "a.zip: ok\n", "    Checking a.zip\n"));
}

#[test]
fn a_broken_rule_is_printed_with_its_reason_and_a_hint() {
    let run = check(&directory(&[("a.zip", broken())]), &set(&["a.zip"]));
    assert_eq!((run.code, run.stdout.as_str()), (100, "a.zip: broken, 1 error\n"));
    assert_eq!(
        run.stderr,
        "    Checking a.zip\n\
         error: `bootstrap` has the mode 0644: nobody may run it [not-executable]\n\
         why: the start fails with `permission denied`\n\
         hint: run `chmod 755` on the file before packing it\n"
    );
}

#[test]
fn several_zips_are_all_checked() {
    let directory = directory(&[("a.zip", broken()), ("b.zip", good()), ("c.zip", broken())]);
    let run = check(&directory, &set(&["a.zip", "b.zip", "c.zip", "-q"]));
    assert_eq!(run.stdout, "a.zip: broken, 1 error\nb.zip: ok\nc.zip: broken, 1 error\n");
    assert_eq!((run.code, run.stderr.matches("error: ").count()), (100, 2));
    assert!(!run.stderr.contains("Checking"), "{}", run.stderr);
}

#[test]
fn without_an_architecture_and_a_runtime_the_fitting_ones_are_listed() {
    let newer = ElfSpec { versions: vec![("libc.so.6", "GLIBC_2.34", 0)], ..dynamic_program() };
    let script = Item::new("bootstrap", EXECUTABLE, *b"#!/bin/sh\n");
    let directory = directory(&[
        ("newer.zip", vec![Item::new("bootstrap", EXECUTABLE, newer.build())]),
        ("script.zip", vec![script]),
        ("broken.zip", broken()),
    ]);
    assert_eq!(check(&directory, &["newer.zip"]).stdout, "newer.zip: ok; fits provided.al2023 (x86_64)\n");
    assert_eq!(check(&directory, &["broken.zip"]).stdout, "broken.zip: broken, 1 error; fits no runtime\n");
    let run = check(&directory, &["script.zip", "--runtime", "provided.al2023"]);
    assert_eq!(run.stdout, "script.zip: ok; fits provided.al2023 (x86_64, arm64)\n");
    let run = check(&directory, &["newer.zip", "--arch", "arm64"]);
    assert_eq!(run.stdout, "newer.zip: broken, 1 error; fits no runtime\n");
    assert_eq!(run.code, 100);
    let run = check(&directory, &["newer.zip", "--message-format", "json"]);
    let fits = serde_json::json!([{ "runtime": "provided.al2023", "arch": "x86_64" }]);
    assert_eq!(run.json()["zips"][0]["fits"], fits);
}

#[test]
fn the_json_document_has_everything() {
    let directory = directory(&[("a.zip", broken()), ("b.zip", good())]);
    let run = check(&directory, &set(&["a.zip", "b.zip", "--message-format", "json"]));
    assert_eq!(run.code, 100);
    let mut document = run.json();
    for zip in document["zips"].as_array_mut().unwrap() {
        for size in ["size", "uncompressed_size"] {
            assert!(zip[size].take().as_u64().unwrap() > 0);
        }
    }
    let finding = serde_json::json!({
        "rule": "not-executable",
        "severity": "error",
        "entry": "bootstrap",
        "message": "`bootstrap` has the mode 0644: nobody may run it",
        "hint": "run `chmod 755` on the file before packing it",
        "why": "the start fails with `permission denied`",
    });
    let zip = |path, broken, findings: &[&Value]| {
        serde_json::json!({
            "path": path, "broken": broken, "size": null, "uncompressed_size": null, "fits": null, "findings": findings,
        })
    };
    let expected = serde_json::json!({
        "schema_version": 1,
        "kind": "function",
        "arch": "x86_64",
        "runtime": "provided.al2023",
        "zips": [zip("a.zip", true, &[&finding]), zip("b.zip", false, &[])],
    });
    assert_eq!(document, expected);
}

#[test]
fn annotations_are_one_line_each() {
    let items = with_bootstrap([Item::new("50%/.DS_Store", DATA, *b"x"), Item::new("a\nb", DATA, *b"x")]);
    let directory = directory(&[("a,b.zip", broken()), ("c.zip", items)]);
    let run = check(&directory, &set(&["a,b.zip", "c.zip", "--message-format", "github"]));
    assert_eq!(run.code, 100);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "::error title=not-executable::a,b.zip: `bootstrap` has the mode 0644: nobody may run it%0A\
         why: the start fails with `permission denied`%0Ahint: run `chmod 755` on the file before packing it"
    );
    assert!(lines[1].starts_with("::warning title=control-character::c.zip: "), "{}", lines[1]);
    assert!(lines[2].starts_with("::warning title=litter::c.zip: `50%25/.DS_Store`"), "{}", lines[2]);
    assert_eq!(lines.len(), 3);
    assert_eq!(run.stderr, "    Checking a,b.zip\n    Checking c.zip\n", "nothing is printed twice");
}

#[test]
fn a_library_may_be_in_a_layer() {
    let program = ElfSpec { needed: vec!["libfoo.so"], versions: Vec::new(), ..dynamic_program() };
    let directory = directory(&[
        ("a.zip", vec![Item::new("bootstrap", EXECUTABLE, program.build())]),
        ("layer.zip", vec![Item::new("lib/libfoo.so", DATA, library("libfoo.so").build())]),
    ]);
    let run = check(&directory, &set(&["a.zip"]));
    assert_eq!(run.code, 100);
    assert!(run.stderr.contains("[library-missing]"), "{}", run.stderr);
    assert_eq!(check(&directory, &set(&["a.zip", "--layer", "layer.zip"])).code, 0);
    assert_eq!(check(&directory, &set(&["layer.zip", "--kind", "layer"])).code, 0);
    assert_eq!(check(&directory, &set(&["layer.zip", "--kind", "extension"])).code, 100);
    let six = ["--layer", "layer.zip"].repeat(6);
    assert!(check(&directory, &set(&[&["a.zip"], six.as_slice()].concat())).stderr.contains("[layers-limit]"));
}

#[test]
fn the_sizes_of_layers_add_up() {
    let zeros = |megabytes: usize| zeros("assets.bin", megabytes << 20);
    let directory = directory(&[("a.zip", with_bootstrap([zeros(100)])), ("layer.zip", vec![zeros(150)])]);
    assert_eq!(check(&directory, &set(&["a.zip"])).code, 0);
    assert_eq!(check(&directory, &set(&["layer.zip", "--kind", "layer"])).code, 0);
    let run = check(&directory, &set(&["a.zip", "--layer", "layer.zip"]));
    assert_eq!(run.code, 100);
    assert!(run.stderr.contains("[unpacked-limit]"), "{}", run.stderr);
}

#[test]
fn levels_decide_what_is_an_error() {
    let directory = directory(&[("a.zip", with_bootstrap([Item::new(".env", DATA, *b"KEY=1")])), ("b.zip", broken())]);
    let run = check(&directory, &set(&["a.zip"]));
    assert_eq!((run.code, run.stdout.as_str()), (0, "a.zip: ok, 1 warning\n"));
    for rule in ["secret", "secrets"] {
        assert_eq!(check(&directory, &set(&["a.zip", "--deny", rule])).code, 100);
        assert_eq!(check(&directory, &set(&["a.zip", "--allow", rule])).stdout, "a.zip: ok\n");
    }
    assert_eq!(check(&directory, &set(&["b.zip", "--warn", "litter,not-executable"])).code, 0);
    let run = check(&directory, &set(&["a.zip", "--deny", "secret", "--allow", "secrets"]));
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.starts_with("error: the rule `secrets` has two levels\nhint: "), "{}", run.stderr);
}

#[test]
fn usage_errors_are_found_before_anything_is_checked() {
    let directory = directory(&[("a.zip", good())]);
    for (args, start) in [
        (&["a.zip", "--deny", "no-bootstap"][..], "error: unknown rule `no-bootstap`\nhint: "),
        (&["--explain", "xyz"], "error: unknown rule `xyz`\nhint: `cargo lambda-zip check --list`"),
        (&["a.zip", "b.zip"], "error: `b.zip` does not exist\n"),
        (&["a.zip", "--layer", "b.zip"], "error: `b.zip` does not exist\n"),
        (&["a.zip", "."], "error: `.` is a directory, not a zip\n"),
        (&["a.zip", "--runtime", "python3.12"], "error: invalid value 'python3.12'"),
        (&["a.zip", "--list"], "error: the argument "),
        (&["--list", "--message-format", "github"], "error: `--message-format github` needs a zip to check"),
        (&[], "error: the following required arguments were not provided"),
    ] {
        let run = check(&directory, args);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{args:?}: {}", run.stderr);
        assert!(run.stderr.starts_with(start), "{args:?}: {}", run.stderr);
    }
}

#[cfg(unix)]
fn unreadable(path: &Path) {
    // A link to itself is a file that not even root can open.
    std::os::unix::fs::symlink(path.file_name().unwrap(), path).unwrap();
}

#[test]
#[cfg(unix)]
fn a_zip_that_cannot_be_read_does_not_hide_the_others() {
    let directory = directory(&[("a.zip", broken())]);
    unreadable(&directory.path("loop.zip"));
    let run = check(&directory, &set(&["loop.zip", "a.zip"]));
    assert_eq!((run.code, run.stdout.as_str()), (103, "loop.zip: not checked\na.zip: broken, 1 error\n"));
    assert!(run.stderr.contains("error: cannot check `loop.zip`\n\nCaused by:\n"), "{}", run.stderr);
    assert!(run.stderr.contains("[not-executable]"), "{}", run.stderr);
    let run = check(&directory, &set(&["loop.zip", "--message-format", "json"]));
    assert_eq!(run.code, 103);
    assert!(run.json()["zips"][0]["error"].as_str().unwrap().starts_with("cannot check `loop.zip`: "));
    let run = check(&directory, &set(&["loop.zip", "--message-format", "github"]));
    assert!(run.stdout.starts_with("::error title=not checked::cannot check `loop.zip`"), "{}", run.stdout);
    let run = check(&directory, &set(&["a.zip", "--layer", "loop.zip"]));
    assert_eq!((run.code, run.stdout.as_str()), (103, ""));
}

#[test]
fn a_rule_is_explained() {
    let directory = directory(&[]);
    let run = check(&directory, &["--explain", "secrets"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let starts: Vec<_> = run.stdout.lines().map(|line| line.split(':').next().unwrap().trim()).collect();
    assert_eq!(starts, ["secret (warning)", "what", "why", "source", "hint"]);
    let document = check(&directory, &["--explain", "glibc-too-new", "--message-format", "json"]).json();
    assert_eq!((&document["id"], &document["severity"]), (&"glibc-too-new".into(), &"error".into()));
}

#[test]
fn the_rules_and_their_data_are_listed() {
    let directory = directory(&[]);
    let run = check(&directory, &["--list"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    for text in
        ["\n  no-bootstrap           error    ", "\n  52428800 bytes", "provided.al2: Amazon Linux 2, glibc 2.26,"]
    {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
    let document = check(&directory, &["--list", "--message-format", "json"]).json();
    assert!(document["rules"].as_array().unwrap().iter().all(|rule| rule["source"].is_string()));
    assert_eq!(document["limits"][1]["value"], 262_144_000);
    let runtime = &document["runtimes"][0];
    assert_eq!((&runtime["glibc"], &runtime["deprecated"]), (&"2.34".into(), &"2029-06-30".into()));
    assert!(document["libraries"]["in_image"][1]["names"].as_array().unwrap().len() > 50);
}

#[test]
fn colour_and_quiet_are_obeyed() {
    let directory = directory(&[("a.zip", with_bootstrap([Item::new(".env", DATA, *b"KEY=1")]))]);
    assert!(check(&directory, &set(&["a.zip", "--color", "always"])).stderr.contains("\x1b["));
    assert_eq!(check(&directory, &set(&["a.zip", "-q"])).stderr, "");
}

#[test]
fn findings_that_are_not_listed_are_counted() {
    let items = (0..3000).map(|index| Item::new(format!("{index}"), 0o100_600, *b"x"));
    let directory = directory(&[("a.zip", with_bootstrap(items))]);
    let run = check(&directory, &set(&["a.zip"]));
    assert_eq!(run.stdout, "a.zip: broken, 3000 errors, 2980 of them not shown\n");
    let json = check(&directory, &set(&["a.zip", "--message-format", "json"])).json();
    assert_eq!(json["zips"][0]["findings"][20]["unlisted"], 2980);
}

#[test]
fn the_runtime_of_container_images_is_refused_by_name() {
    let run = check(&directory(&[("a.zip", good())]), &["a.zip", "--runtime", "custom"]);
    run.fails(2, "`custom` is the runtime of container images");
}
