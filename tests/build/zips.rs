//! From a package to its zips, and the report about them.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};
use test_support::{Fixture, Machine, Program, Toolchain, Zip, contains, script};

/// A script that logs its arguments and then runs cargo.
fn logging_cargo(fixture: &Fixture) -> PathBuf {
    let path = fixture.path("tools/cargo");
    let cargo = Toolchain::current().sysroot.join("bin/cargo");
    let log = fixture.path("cargo.log");
    script(&path, &format!("echo \"$*\" >> '{}'\nexec '{}' \"$@\"", log.display(), cargo.display()));
    path
}

/// The `cargo build` commands in the log of [`logging_cargo`].
fn builds(fixture: &Fixture) -> Vec<String> {
    let log = fs::read_to_string(fixture.path("cargo.log")).unwrap_or_default();
    log.lines().filter(|line| line.starts_with("build ")).map(str::to_owned).collect()
}

/// A date as zip headers hold it: 7 bits of years since 1980, 4 of months, 5 of days.
fn dos_date(year: u16, month: u16, day: u16) -> u16 {
    ((year - 1980) * 16 + month) * 32 + day
}

/// A time of day as zip headers hold it, in steps of two seconds: 5 bits of hours, 6 of minutes, 5 of steps.
fn dos_time(hours: u16, minutes: u16, seconds: u16) -> u16 {
    (hours * 64 + minutes) * 32 + seconds / 2
}

#[test]
fn a_package_becomes_a_zip_for_x86_64() {
    let fixture = Fixture::package("greeter");
    let run = fixture.run(&[]).success();
    let path = fixture.path("target/lambda/greeter/bootstrap.zip");
    assert_eq!(run.stdout, format!("{}\n", path.display()));
    assert_eq!(fixture.files("target/lambda"), ["greeter/bootstrap.zip"]);
    let zip = Zip::read(path);
    assert_eq!(zip.machine(), Machine::X86_64);
    assert!(contains(zip.bootstrap(), "this is greeter"));
}

#[test]
fn progress_looks_like_cargos() {
    let run = Fixture::package("greeter").run(&["--arch", "arm64"]).success();
    // Another cargo may be running on this machine.
    let is_waiting = |line: &&str| line.starts_with("    Blocking waiting for file lock");
    let lines: Vec<_> = run.stderr.lines().filter(|line| !is_waiting(line)).map(str::trim_end).collect();
    assert!(lines[0].starts_with("   Compiling greeter v1.2.3"), "{run}");
    assert!(lines[1].starts_with("    Finished `release` profile"), "{run}");
    assert_eq!(lines[2], "   Packaging greeter (arm64, gnu, provided.al2023)");
    assert!(lines[3].starts_with("    Packaged greeter, ") && lines[3].ends_with(" compressed)"), "{run}");
    assert_eq!(lines.len(), 4, "{run}");
}

#[test]
fn a_quiet_run_prints_only_the_path() {
    let run = Fixture::package("greeter").run(&["--quiet"]).success();
    assert_eq!((run.zips().len(), run.stderr.as_str()), (1, ""), "{run}");
}

#[test]
fn the_bytes_are_those_that_lambda_needs() {
    let fixture = Fixture::package("greeter");
    let zip = Zip::read(fixture.run(&["--arch", "arm64"]).success().zip());
    assert_eq!((zip.names(), zip.comment_length, zip.stray_bytes), (vec!["bootstrap"], 0, 0));
    let entry = &zip.entries[0];
    assert_eq!(entry.host, 3, "Unix, without which the mode is ignored");
    assert_eq!(entry.unix_mode(), 0o100_755, "a regular file that everyone may run");
    assert_eq!((entry.dos_date, entry.dos_time), (dos_date(1980, 1, 1), dos_time(0, 0, 0)));
    assert_eq!((entry.extra_length, entry.comment_length), (0, 0));
    assert_eq!(entry.flags, 0, "no data descriptor, no encryption, no UTF-8 where ASCII does");
    assert_eq!(entry.method, 8, "deflate");
    assert!(entry.compressed_size < entry.size);
}

#[test]
fn both_architectures_come_from_one_build() {
    let fixture = Fixture::package("greeter");
    let run = fixture
        .program()
        .env("CARGO", logging_cargo(&fixture))
        .args(["--arch", "x86_64", "--arch", "arm64"])
        .run()
        .success();
    let zips = ["x86_64", "arm64"].map(|arch| fixture.path(format!("target/lambda/{arch}/greeter/bootstrap.zip")));
    assert_eq!(run.zips(), zips);
    assert_eq!(Zip::read(&zips[0]).machine(), Machine::X86_64);
    assert_eq!(Zip::read(&zips[1]).machine(), Machine::Arm64);
    assert_eq!(builds(&fixture).len(), 1, "{:?}", builds(&fixture));
}

#[test]
fn a_target_triple_equals_an_architecture_and_a_libc() {
    let fixture = Fixture::package("greeter");
    let by_triple = fixture.run(&["--target", "aarch64-unknown-linux-musl", "--dry-run"]).success();
    let by_arch = fixture.run(&["--arch", "aarch64", "--libc", "musl", "--dry-run"]).success();
    assert_eq!(by_triple.stdout, by_arch.stdout);
    assert!(by_triple.stdout.contains("aarch64-unknown-linux-musl"), "{by_triple}");
}

#[test]
fn the_same_package_gives_the_same_bytes() {
    let fixture = Fixture::package("greeter");
    let first = fs::read(fixture.run(&["-o", "first.zip"]).success().zip()).unwrap();
    fs::remove_dir_all(fixture.path("target")).unwrap();
    let second = fs::read(fixture.run(&["-o", "second.zip"]).success().zip()).unwrap();
    assert!(first == second, "two builds of one package differ");
}

#[test]
fn source_date_epoch_sets_the_dates() {
    let fixture = Fixture::package("greeter");
    let run = fixture.program().env("SOURCE_DATE_EPOCH", "1700000000").run().success();
    let zip = Zip::read(run.zip());
    // 2023-11-14 22:13:20 UTC.
    assert_eq!(zip.entries[0].dos_date, dos_date(2023, 11, 14));
    assert_eq!(zip.entries[0].dos_time, dos_time(22, 13, 20));
}

#[test]
fn cargo_starts_it_as_a_subcommand() {
    let fixture = Fixture::package("greeter");
    let run = Program::through_cargo(fixture.path(".")).args(["--arch", "arm64"]).run().success();
    assert_eq!(run.zip(), fixture.path("target/lambda/greeter/bootstrap.zip"));
}

#[test]
fn an_output_file_is_the_zip() {
    let fixture = Fixture::package("greeter");
    let run = fixture.run(&["-o", "made/here.zip"]).success();
    assert_eq!(run.zip(), fixture.path("made/here.zip"));
    assert_eq!(fixture.files("made"), ["here.zip"]);
}

#[test]
fn an_output_directory_is_laid_out_as_the_default_one() {
    let fixture = Fixture::with_bins("shop", &["buy", "sell"]);
    fixture.run(&["-o", "new/"]).success();
    assert_eq!(fixture.files("new"), ["buy/bootstrap.zip", "sell/bootstrap.zip"]);
    fs::create_dir(fixture.path("existing")).unwrap();
    fixture.run(&["-o", "existing", "--arch", "x86_64,arm64", "--bin", "buy"]).success();
    assert_eq!(fixture.files("existing"), ["arm64/buy/bootstrap.zip", "x86_64/buy/bootstrap.zip"]);
}

#[test]
fn an_output_template_is_filled_in_for_each_zip() {
    let fixture = Fixture::with_bins("shop", &["buy", "sell"]);
    let template = "out/{package}-{version}/{function}-{arch}-{runtime}.zip";
    let run = fixture.run(&["-o", template, "--arch", "arm64"]).success();
    let expected = ["shop-1.2.3/buy-arm64-provided.al2023.zip", "shop-1.2.3/sell-arm64-provided.al2023.zip"];
    assert_eq!(fixture.files("out"), expected);
    assert_eq!(run.zips(), expected.map(|path| fixture.path("out").join(path)));
}

#[test]
fn an_unknown_placeholder_is_refused_with_the_valid_ones() {
    let fixture = Fixture::package("greeter");
    insta::assert_snapshot!(fixture.run(&["-o", "{bin}.zip"]).snapshot());
}

#[test]
fn two_zips_on_one_path_are_refused_before_anything_is_built() {
    let fixture = Fixture::with_bins("shop", &["buy", "sell"]);
    for args in [
        &["-o", "one.zip"][..],
        &["-o", "{package}.zip"],
        &["-o", "{function}.zip", "--arch", "x86_64", "--arch", "arm64"],
    ] {
        let run = fixture.program().env("CARGO", logging_cargo(&fixture)).args(args).run();
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
        assert!(run.stderr.starts_with("error: `buy` for x86_64 and `"), "{run}");
        assert!(run.stderr.contains("would both be written to"), "{run}");
        assert!(run.stderr.lines().last().unwrap().starts_with("hint: "), "{run}");
        assert_eq!(builds(&fixture), [""; 0]);
    }
}

#[test]
fn a_dry_run_prints_the_plan_and_builds_nothing() {
    let fixture = Fixture::package("greeter");
    let dry_run = |args: &[&str]| {
        let run = fixture.program().env("CARGO", logging_cargo(&fixture)).args(["--dry-run"]).args(args).run();
        run.success()
    };
    let text = dry_run(&["--arch", "arm64"]);
    let path = fixture.path("target/lambda/greeter/bootstrap.zip");
    for part in ["--target aarch64-unknown-linux-gnu", "--bin greeter", "built-in", path.to_str().unwrap()] {
        assert!(text.stdout.contains(part), "no `{part}`\n{text}");
    }

    let plan = dry_run(&["--arch", "arm64", "--message-format", "json"]).json();
    assert_eq!(plan["schema_version"], 1);
    assert_eq!(
        plan["functions"],
        json!([{
            "function": "greeter", "package": "greeter", "version": "1.2.3", "kind": "function", "format": "zip", "arch": "arm64", "libc": "gnu",
            "runtime": "provided.al2023", "target": "aarch64-unknown-linux-gnu",
            "linker": { "kind": "built-in", "program": "rust-lld" }, "path": path
        }])
    );
    assert_eq!((&plan["install_targets"], &plan["skipped"]), (&json!([]), &json!([])));
    assert_eq!(plan["cargo"]["program"], json!(fixture.path("tools/cargo")));
    assert_eq!(plan["cargo"]["args"][0], "build");
    let rustflags = plan["cargo"]["env"]["CARGO_ENCODED_RUSTFLAGS"].as_str().unwrap();
    assert!(rustflags.ends_with("\u{1f}-Clinker=cargo-lambda-zip-cc"), "{rustflags}");

    assert_eq!(builds(&fixture), [""; 0]);
    assert!(!fixture.path("target").exists(), "nothing was made");
}

#[test]
fn the_json_report_describes_the_file() {
    let fixture = Fixture::package("greeter");
    let report = fixture.run(&["--arch", "arm64", "--message-format", "json"]).success().json();
    let path = fixture.path("target/lambda/greeter/bootstrap.zip");
    let bytes = fs::read(&path).unwrap();
    let zip = Zip::parse(&bytes);
    let entry = &zip.entries[0];
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["warnings"], json!([]));
    assert!(report["timings_ms"]["build"].as_u64() <= report["timings_ms"]["total"].as_u64());
    assert_eq!(report["archives"].as_array().unwrap().len(), 1);
    assert!(report["timings_ms"]["overhead"].is_u64());
    let mut archive = report["archives"][0].clone();
    assert!(archive["timings_ms"]["package"].is_u64());
    archive.as_object_mut().unwrap().remove("timings_ms");
    assert_eq!(
        archive,
        json!({
            "function": "greeter", "package": "greeter", "version": "1.2.3", "kind": "function", "format": "zip",
            "arch": "arm64", "libc": "gnu", "runtime": "provided.al2023", "target": "aarch64-unknown-linux-gnu",
            "linker": { "kind": "built-in", "program": "rust-lld" },
            "path": path, "published": true, "fresh": false, "invocations": null,
            "size": bytes.len(), "uncompressed_size": entry.size,
            "code_sha256": STANDARD.encode(Sha256::digest(&bytes)),
            "entries": [{
                "name": "bootstrap", "mode": "0755", "size": entry.size, "compressed_size": entry.compressed_size
            }],
            "findings": [], "debug_symbols": null
        })
    );
}

#[test]
fn arguments_after_two_dashes_reach_cargo() {
    let fixture = Fixture::package("greeter");
    let run = fixture.program().env("CARGO", logging_cargo(&fixture)).args(["--", "--future-incompat-report"]).run();
    run.success();
    let builds = builds(&fixture);
    assert!(builds.len() == 1 && builds[0].contains(" --future-incompat-report"), "{builds:?}");
}

#[test]
fn flags_that_decide_what_is_packaged_are_refused_after_two_dashes() {
    let fixture = Fixture::package("greeter");
    for flag in ["--bin=greeter", "--release", "-p", "--target-dir=elsewhere", "--features=fast"] {
        insta::assert_snapshot!(format!("after_two_dashes{flag}"), fixture.run(&["--", flag]).snapshot());
    }
}

#[test]
fn binaries_are_selected_by_name() {
    let fixture = Fixture::with_bins("shop", &["buy", "sell", "swap"]);
    fixture.run(&["--bin", "buy", "--bin", "swap"]).success();
    assert_eq!(fixture.files("target/lambda"), ["buy/bootstrap.zip", "swap/bootstrap.zip"]);
    assert!(contains(Zip::read(fixture.path("target/lambda/swap/bootstrap.zip")).bootstrap(), "this is swap"));
}

#[test]
fn examples_are_packaged_when_they_are_named() {
    let fixture = Fixture::package("greeter");
    fixture.write("examples/demo.rs", "fn main() { println!(\"this is a demo\"); }");
    fixture.write("examples/other.rs", "fn main() {}");
    fixture.run(&["--example", "demo"]).success();
    assert_eq!(fixture.files("target/lambda"), ["demo/bootstrap.zip"]);
    assert!(contains(Zip::read(fixture.path("target/lambda/demo/bootstrap.zip")).bootstrap(), "this is a demo"));
}

#[test]
fn an_example_with_the_name_of_a_binary_is_not_mistaken_for_it() {
    let fixture = Fixture::package("greeter");
    fixture.write("examples/greeter.rs", "fn main() { println!(\"this is the example\"); }");
    let path = fixture.run(&["--bin", "greeter"]).success().zip();
    assert!(contains(Zip::read(&path).bootstrap(), "this is greeter"));
    let path = fixture.run(&["--example", "greeter"]).success().zip();
    assert!(contains(Zip::read(&path).bootstrap(), "this is the example"));
}

#[test]
fn packages_are_selected_as_cargo_selects_them() {
    let fixture = Fixture::workspace(&["api", "mail", "worker"]);
    let planned = |directory: &str, args: &[&str]| -> Vec<String> {
        let program = Program::new(fixture.path(directory)).args(["--dry-run", "--message-format", "json"]).args(args);
        let plan = program.run().success().json();
        let functions = plan["functions"].as_array().unwrap();
        functions.iter().map(|function| function["function"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(planned(".", &[]), ["api", "mail", "worker"]);
    assert_eq!(planned("mail", &[]), ["mail"]);
    assert_eq!(planned("mail", &["--workspace"]), ["api", "mail", "worker"]);
    assert_eq!(planned(".", &["--workspace", "--exclude", "mail"]), ["api", "worker"]);
    assert_eq!(planned(".", &["-p", "api", "--package", "worker"]), ["api", "worker"]);
    assert_eq!(planned("mail", &["-p", "api"]), ["api"]);
}

#[test]
fn a_package_is_built_from_elsewhere_by_its_manifest() {
    let fixture = Fixture::workspace(&["api", "mail"]);
    let elsewhere = Fixture::empty();
    let manifest = fixture.path("mail/Cargo.toml");
    let run = elsewhere.run(&["--manifest-path", manifest.to_str().unwrap()]).success();
    assert_eq!(run.zip(), fixture.path("target/lambda/mail/bootstrap.zip"));
    assert_eq!(elsewhere.files("."), [""; 0]);
}

#[test]
fn the_zips_follow_the_target_directory() {
    let fixture = Fixture::package("greeter");
    let run = fixture.run(&["--target-dir", "elsewhere"]).success();
    assert_eq!(run.zip(), fixture.path("elsewhere/lambda/greeter/bootstrap.zip"));
    let run = fixture.program().env("CARGO_TARGET_DIR", "by-variable").run().success();
    assert_eq!(run.zip(), fixture.path("by-variable/lambda/greeter/bootstrap.zip"));
    let run = fixture.run(&["--config", "build.target-dir = 'by-config'"]).success();
    assert_eq!(run.zip(), fixture.path("by-config/lambda/greeter/bootstrap.zip"));
    assert!(!fixture.path("target").exists());
}

#[test]
fn libraries_tests_and_build_scripts_are_not_functions() {
    let fixture = Fixture::package("greeter");
    fixture.write("src/lib.rs", "");
    fixture.write("tests/it.rs", "");
    fixture.write("benches/speed.rs", "fn main() {}");
    fixture.write("examples/demo.rs", "fn main() {}");
    fixture.write("build.rs", "fn main() {}");
    fixture.run(&[]).success();
    assert_eq!(fixture.files("target/lambda"), ["greeter/bootstrap.zip"]);
}

#[test]
fn a_new_zip_takes_the_place_of_the_old_one() {
    let fixture = Fixture::package("greeter");
    let path = fixture.run(&[]).success().zip();
    fixture.write("src/main.rs", "fn main() { println!(\"second edition\"); }");
    fixture.run(&[]).success();
    assert!(contains(Zip::read(&path).bootstrap(), "second edition"));
    assert_eq!(fixture.files("target/lambda"), ["greeter/bootstrap.zip"]);
}

#[test]
fn paths_may_have_spaces_and_letters_of_any_language() {
    let fixture = Fixture::empty();
    let directory = "mein Café (1)";
    fixture.add_package(directory, "greeter", "");
    fixture.write(&format!("{directory}/src/main.rs"), "fn main() {}");
    let run = Program::new(fixture.path(directory)).run().success();
    assert_eq!(run.zip(), fixture.path(Path::new(directory).join("target/lambda/greeter/bootstrap.zip")));
}
