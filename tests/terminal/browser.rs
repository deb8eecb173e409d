//! The page as a browser shows it, on a large and on a small screen.

use std::process::Command;

use serde_json::Value;
use test_support::{Fixture, repository, required, scratch};

use crate::page::{HOSTILE, hostile_zip};

/// Opens a page in a browser and returns what it shows. The pictures are kept for a human to look at.
fn look(fixture: &Fixture, name: &str) -> Value {
    let pictures = scratch("pages").join(name);
    std::fs::create_dir_all(&pictures).unwrap();
    let script = repository().join("tests/terminal/page/look.mjs");
    let output = Command::new("node")
        .arg(script)
        .args([
            required("LAMBDA_ZIP_TEST_NODE_MODULES"),
            required("LAMBDA_ZIP_TEST_BROWSER"),
            fixture.path("page.html"),
            pictures,
        ])
        .output()
        .expect("`node` starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Asserts what holds for every page.
#[track_caller]
fn is_sound(seen: &Value) {
    assert_eq!(seen["messages"], serde_json::json!([]));
    assert_eq!(seen["requests"], serde_json::json!([]));
    for (name, view) in seen["views"].as_object().unwrap() {
        assert_eq!(view["overflow"], 0, "{name} scrolls sideways");
        assert!(view["narrowest"].as_f64().unwrap() >= 110.0, "{name} has a name in a column of {}", view["narrowest"]);
        assert_eq!(view["hostile"], Value::Null, "{name} ran a name as code");
        let tiles = view["tiles"].as_array().unwrap();
        assert!(!tiles.is_empty(), "{name} has no map");
        for tile in tiles {
            assert!(tile["area"].as_f64().unwrap() > 0.0 && tile["isInside"] == true, "{name}: {tile}");
        }
        assert!(view["palest"]["contrast"].as_f64().unwrap() >= 4.5, "{name}: {}", view["palest"]);
    }
    assert_ne!(seen["views"]["desk"]["background"], seen["views"]["desk-dark"]["background"]);
    assert_eq!(seen["focused"], seen["title"], "the focus is shown");
    for fact in ["row", "compressed", "plain", "plainCompressed"] {
        assert_eq!(seen[fact], true, "{fact}");
    }
    assert_eq!(seen["unpacked"], false, "one map at a time");
    let sorted: Vec<_> = seen["sorted"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(sorted.is_sorted(), "{sorted:?}");
}

#[test]
#[ignore = "needs Chromium, Node and playwright-core"]
fn a_page_about_one_zip_is_sound() {
    let fixture = Fixture::with_executable();
    // A real executable has sections, which the map shows.
    let program = std::fs::read("/usr/bin/env").unwrap();
    fixture.write("main", program);
    for (path, size) in
        [("a.json", 3000), ("img/logo.svg", 9000), ("img/icons/up.svg", 700), ("model/weights.bin", 40_000)]
    {
        fixture.write(&format!("assets/{path}"), noise(size));
    }
    fixture.run(&["pack", "main", "assets", "--report-html", "page.html"]).success();
    let seen = look(&fixture, "one");
    is_sound(&seen);
    let names: Vec<_> = seen["views"]["desk"]["tiles"].as_array().unwrap().iter().map(|tile| &tile["name"]).collect();
    assert!(names.iter().any(|name| *name == ".text") && names.iter().any(|name| *name == "weights.bin"), "{names:?}");
}

#[test]
#[ignore = "needs Chromium, Node and playwright-core"]
fn hostile_names_are_shown_and_not_run() {
    let fixture = Fixture::with_executable();
    fixture.write("function.zip", hostile_zip());
    fixture.run(&["check", "function.zip", "--deny", "litter", "--report-html", "page.html"]);
    let seen = look(&fixture, "hostile");
    is_sound(&seen);
    let shown = seen["sorted"].as_array().unwrap();
    assert!(HOSTILE.iter().all(|name| shown.iter().any(|other| other == name)), "{shown:?}");
}

#[test]
#[ignore = "needs Chromium, Node and playwright-core"]
fn a_page_about_many_zips_and_many_files_is_sound() {
    let fixture = Fixture::with_executable();
    for index in 0..400 {
        let name = format!("data/{}/a-file-with-a-name-that-is-rather-long-{index}.json", index % 7);
        fixture.write(&name, noise(200 + 40 * index));
    }
    let mut zips = Vec::new();
    for index in 0..12 {
        let zip = format!("zips/a-function-with-a-long-name-{index}/bootstrap.zip");
        let files: &[&str] = if index == 7 { &["data"] } else { &[] };
        fixture.run(&[&["pack", "main", "-o", &zip], files].concat()).success();
        zips.push(zip);
    }
    let zips: Vec<_> = zips.iter().map(String::as_str).collect();
    fixture.run(&[&["check", "--report-html", "page.html"], &zips[..]].concat()).success();
    is_sound(&look(&fixture, "many"));
}

/// Bytes that do not compress, the same in every run.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 56).unwrap()
    };
    (0..size).map(|_| next()).collect()
}
