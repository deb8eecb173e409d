//! Manifests written for cargo-lambda. Nothing is built: `--list` and `--dry-run` show what would be.

use serde_json::Value;
use test_support::{Fixture, Run};

/// A workspace with the packages `api`, with two binaries, and `mail`, and with these tables in their manifests.
fn workspace(workspace: &str, api: &str, mail: &str) -> Fixture {
    let fixture = Fixture::empty();
    let root = format!("[workspace]\nresolver = \"3\"\nmembers = [\"api\", \"mail\"]\n{workspace}");
    fixture.write("Cargo.toml", &root);
    fixture.add_package("api", "api", api);
    fixture.add_package("mail", "mail", mail);
    for source in ["api/src/bin/get.rs", "api/src/bin/put.rs", "mail/src/main.rs"] {
        fixture.write(source, "fn main() {}\n");
    }
    for file in ["api/conf/a.toml", "conf/b.toml", "ours/c.toml", "api/ours/d.toml"] {
        fixture.write(file, file);
    }
    fixture
}

/// The names in the zip of one binary.
#[track_caller]
fn names(fixture: &Fixture, args: &[&str]) -> Vec<String> {
    let json = fixture.run(&[&["--list", "--message-format", "json"], args].concat()).success().json();
    let entries = json["archives"][0]["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

/// The functions of the plan.
#[track_caller]
fn planned(fixture: &Fixture, args: &[&str]) -> Vec<Value> {
    let json = fixture.run(&[&["--dry-run", "--message-format", "json"], args].concat()).success().json();
    json["functions"].as_array().unwrap().clone()
}

#[track_caller]
fn target(fixture: &Fixture, args: &[&str]) -> String {
    let functions = planned(fixture, args);
    functions[0]["target"].as_str().unwrap().to_owned()
}

/// The lines on stderr that start with this text.
fn lines<'a>(run: &'a Run, start: &str) -> Vec<&'a str> {
    run.stderr.lines().filter(|line| line.trim_start().starts_with(start)).collect()
}

#[test]
fn includes_of_cargo_lambda_are_read_from_the_working_directory_and_reported_once() {
    let fixture = workspace("", "[package.metadata.lambda.build]\ninclude = [\"conf\", \"etc/c:ours/c.toml\"]\n", "");
    assert_eq!(names(&fixture, &["--bin", "get"]), ["bootstrap", "conf/b.toml", "etc/c"]);

    let run = fixture.run(&["--list", "-p", "api"]).success();
    let manifest = fixture.path("api/Cargo.toml");
    let said = format!(
        "     Reading `include` from cargo-lambda's `package.metadata.lambda.build` in `{}`",
        manifest.display()
    );
    assert_eq!(lines(&run, "Reading"), [said]);
    assert_eq!(lines(&run, "warning"), [""; 0]);
    assert_eq!(lines(&fixture.run(&["--list", "-p", "mail"]).success(), "Reading"), [""; 0]);
}

#[test]
fn an_include_of_cargo_lambda_that_matches_nothing_is_an_error() {
    let fixture = workspace("", "[package.metadata.lambda.build]\ninclude = [\"x:asets\"]\n", "");
    let run = fixture.run(&["--list", "--bin", "get"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("`package.metadata.lambda.build.include` in `"), "{run}");
    assert!(run.stderr.contains("matches nothing"), "{run}");
}

#[test]
fn tables_of_cargo_lambda_override_one_another_as_cargo_lambda_does() {
    let fixture = workspace(
        "[workspace.metadata.lambda.build]\ninclude = [\"conf\"]\n[workspace.metadata.lambda.bin.put.build]\nextension = true\n",
        "[package.metadata.lambda.build]\ninclude = [\"ours\"]\n[package.metadata.lambda.bin.get.build]\nextension = true\ninternal = true\n",
        "",
    );
    assert_eq!(names(&fixture, &["--bin", "mail"]), ["bootstrap", "conf/b.toml"]);
    // The table of a binary replaces the package's, so the workspace's include applies.
    assert_eq!(names(&fixture, &["--bin", "get"]), ["conf/b.toml", "get"]);
    assert_eq!(names(&fixture, &["--bin", "put"]), ["extensions/put", "ours/c.toml"]);
    let kinds: Vec<_> = planned(&fixture, &[]).iter().map(|function| function["kind"].clone()).collect();
    assert_eq!(kinds, ["internal-extension", "extension", "function"]);
}

#[test]
fn our_tables_and_flags_override_cargo_lambda_key_by_key() {
    let fixture = workspace(
        "",
        "[package.metadata.lambda.build]\ninclude = [\"conf\"]\nextension = true\n\
         [package.metadata.lambda-zip]\ninclude = [\"ours\"]\n\
         [package.metadata.lambda-zip.bin.put]\nkind = \"function\"\n",
        "",
    );
    assert_eq!(names(&fixture, &["--bin", "get"]), ["extensions/get", "ours/d.toml"]);
    assert_eq!(names(&fixture, &["--bin", "put"]), ["bootstrap", "ours/d.toml"]);
    assert_eq!(names(&fixture, &["--bin", "get", "--layer"]), ["bin/get", "ours/d.toml"]);
    let reading = |args: &[&str]| {
        let run = fixture.run(&[&["--list"], args].concat()).success();
        lines(&run, "Reading").iter().map(|line| line.contains("`extension`")).collect::<Vec<_>>()
    };
    assert_eq!(reading(&["--bin", "get"]), [true]);
    assert_eq!(reading(&["--bin", "put"]), [false; 0]);
    assert_eq!(reading(&["--bin", "get", "--layer"]), [false; 0]);

    let emptied = workspace(
        "[workspace.metadata.lambda.build]\ninclude = [\"conf\"]\n",
        "[package.metadata.lambda-zip]\ninclude = []\n",
        "",
    );
    assert_eq!(names(&emptied, &["--bin", "get"]), ["bootstrap"]);
}

#[test]
fn the_architecture_of_cargo_lambda_is_used_unless_a_flag_names_another() {
    let fixture = workspace("[workspace.metadata.lambda.build]\narm64 = true\n", "", "");
    assert_eq!(target(&fixture, &[]), "aarch64-unknown-linux-gnu");
    assert_eq!(target(&fixture, &["--arch", "x86_64"]), "x86_64-unknown-linux-gnu");
    assert_eq!(target(&fixture, &["--target", "x86_64-unknown-linux-musl"]), "x86_64-unknown-linux-musl");
    assert_eq!(lines(&fixture.run(&["--dry-run"]).success(), "Reading").len(), 1);
    assert_eq!(lines(&fixture.run(&["--dry-run", "--arch", "arm64"]).success(), "Reading").len(), 0);

    let both = workspace("[workspace.metadata.lambda.build]\narm64 = true\nx86_64 = true\n", "", "");
    assert_eq!(target(&both, &[]), "aarch64-unknown-linux-gnu");
    let off = workspace("[workspace.metadata.lambda.build]\narm64 = false\nx86_64 = true\n", "", "");
    assert_eq!(target(&off, &[]), "x86_64-unknown-linux-gnu");
}

#[test]
fn a_triple_of_cargo_lambda_selects_its_libc_unless_a_flag_names_another() {
    let table = "[package.metadata.lambda.build]\ntarget = [\"x86_64-unknown-linux-musl\"]\n";
    let fixture = workspace("", table, "");
    assert_eq!(target(&fixture, &["-p", "api"]), "x86_64-unknown-linux-musl");
    assert_eq!(target(&fixture, &["-p", "api", "--libc", "gnu"]), "x86_64-unknown-linux-gnu");
    assert_eq!(target(&fixture, &["-p", "mail"]), "x86_64-unknown-linux-gnu");

    let fixture = workspace("[workspace.metadata.lambda.build]\ntarget = [\"aarch64-apple-darwin\"]\n", "", "");
    let run = fixture.run(&["--dry-run"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("`aarch64-apple-darwin` cannot be a Lambda function"), "{run}");
}

#[test]
fn functions_that_are_built_together_need_one_target() {
    let fixture = workspace("", "[package.metadata.lambda.build]\narm64 = true\n", "");
    insta::assert_snapshot!(fixture.run(&["--dry-run"]).snapshot());
    assert_eq!(target(&fixture, &["--arch", "arm64"]), "aarch64-unknown-linux-gnu");
    assert_eq!(target(&fixture, &["-p", "api"]), "aarch64-unknown-linux-gnu");
}

/// Every key that has nothing to do with packaging, with words of its hint.
const FOREIGN: [(&str, &str); 19] = [
    (
        "output_format = \"binary\"",
        "add `--output-format binary`, or set `output-format` in `[package.metadata.lambda-zip]`",
    ),
    ("lambda_dir = \"out\"", "add `--output out/`"),
    ("flatten = \"get\"", "add `--bin get --output <DIR>/bootstrap.zip`"),
    ("compiler = { type = \"cargo_zigbuild\" }", "`--linker zig` always uses it"),
    ("compiler = { type = \"cargo\", extra_args = [\"-v\"] }", "put further arguments for cargo after `--`"),
    ("compiler = { type = \"cross\" }", "no container is needed"),
    ("skip_target_check = true", "add `--no-install`"),
    ("disable_optimizations = true", "add `--no-profile-defaults`"),
    ("env = { A = \"1\" }", "`[env]` of `.cargo/config.toml`"),
    ("env_file = \".env\"", "`[env]` of `.cargo/config.toml`"),
    ("release = false", "add `--profile dev`"),
    ("profile = \"small\"", "add `--profile small`"),
    (
        "features = [\"a\", \"b\"]",
        "add `--features a --features b`, or set `features` in `[package.metadata.lambda-zip]`",
    ),
    (
        "no_default_features = true",
        "add `--no-default-features`, or set `no-default-features` in `[package.metadata.lambda-zip]`",
    ),
    ("packages = [\"api\"]", "add `--package api`"),
    ("jobs = 2", "add `--jobs 2`"),
    ("target_dir = \"t\"", "add `--target-dir t`"),
    ("internal = true", "`internal` needs `extension = true`"),
    ("benches = true", "leave it to cargo-lambda"),
];

#[test]
fn each_unsupported_key_is_named_with_its_replacement() {
    for (key, hint) in FOREIGN {
        let fixture = workspace("", &format!("[package.metadata.lambda.build]\n{key}\n"), "");
        let run = fixture.run(&["--dry-run", "-p", "api"]).success();
        let name = key.split(' ').next().unwrap();
        let warnings = lines(&run, "warning");
        assert_eq!(warnings.len(), 1, "{run}");
        assert!(warnings[0].contains(&format!("`package.metadata.lambda.build.{name}` in `")), "{run}");
        assert!(warnings[0].ends_with("is ignored: only cargo-lambda reads it"), "{run}");
        let hints = lines(&run, "hint");
        assert!(hints.len() == 1 && hints[0].contains(hint), "{hint}\n{run}");
    }
}

#[test]
fn keys_for_what_happens_anyway_are_not_reported() {
    let keys =
        "output_format = \"zip\"\nrelease = true\nprofile = \"release\"\nflatten = false\nskip_target_check = false\n";
    let fixture = workspace(&format!("[workspace.metadata.lambda.build]\n{keys}"), "", "");
    let run = fixture.run(&["--dry-run"]).success();
    assert_eq!((lines(&run, "warning"), lines(&run, "Reading")), (vec![], vec![]), "{run}");
}

#[test]
fn deploy_includes_are_reported_as_unsupported() {
    let fixture = workspace("", "[package.metadata.lambda.deploy]\ninclude = [\"conf\"]\nmemory = 512\n", "");
    let run = fixture.run(&["--dry-run", "-p", "api"]).success();
    assert_eq!(lines(&run, "warning").len(), 1, "{run}");
    assert!(run.stderr.contains("`package.metadata.lambda.deploy.include` in `"), "{run}");
    assert_eq!(lines(&run, "hint"), ["hint: put `include` into `[package.metadata.lambda-zip]`"]);
}

#[test]
fn cargo_lambda_toml_is_not_read_and_reported() {
    let fixture = workspace("", "", "");
    fixture.write("CargoLambda.toml", "[build]\narm64 = true\n");
    let run = fixture.run(&["--dry-run"]).success();
    let warnings = lines(&run, "warning");
    assert_eq!(warnings, ["warning: `CargoLambda.toml` is ignored: only cargo-lambda reads it"]);
    assert_eq!(
        lines(&run, "hint"),
        ["hint: move its `[build]` to `[workspace.metadata.lambda.build]` in `Cargo.toml`, which both tools read"]
    );
}

#[test]
fn values_of_another_type_are_refused_with_the_key() {
    for (key, message) in [
        ("include = \"conf\"", "`\"conf\"` is not a list of strings"),
        ("extension = \"yes\"", "`\"yes\"` is not `true` or `false`"),
        ("arm64 = 1", "`1` is not `true` or `false`"),
        ("target = \"x86_64-unknown-linux-musl\"", "is not a list of strings"),
    ] {
        let fixture = workspace("", &format!("[package.metadata.lambda.build]\n{key}\n"), "");
        let run = fixture.run(&["--dry-run", "-p", "api"]);
        assert_eq!(run.code, 96, "{run}");
        let name = key.split(' ').next().unwrap();
        assert!(run.stderr.contains(&format!("error: `package.metadata.lambda.build.{name}` in `")), "{run}");
        assert!(run.stderr.contains(message), "{run}");
    }
}
