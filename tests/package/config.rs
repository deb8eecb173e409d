//! Metadata tables in Cargo.toml, and how flags override them. Nothing is built: `--list` shows what would be.

use test_support::{Fixture, Run, Zip};

/// A workspace with two packages, with these tables in the manifests of the root and of `api`.
fn workspace(workspace: &str, package: &str) -> Fixture {
    let fixture = Fixture::with_executable();
    fixture.write("Cargo.toml", format!("[workspace]\nmembers = [\"api\", \"mail\"]\nresolver = \"3\"\n{workspace}"));
    for (name, tables) in [("api", package), ("mail", "")] {
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{tables}");
        fixture.write(&format!("{name}/Cargo.toml"), manifest);
    }
    for source in ["api/src/bin/get.rs", "api/src/bin/put.rs", "mail/src/main.rs"] {
        fixture.write(source, "fn main() {}");
    }
    fixture.write_all(&["shared/logo.png", "api/assets/a.txt", "api/assets/b.md", "api/certs/ca.crt", "here/x"]);
    fixture
}

/// The lines of the list of one binary, without the origin of each entry.
#[track_caller]
fn list(fixture: &Fixture, args: &[&str]) -> Vec<String> {
    let run = fixture.run(&[&["--list"], args].concat()).success();
    let line = |line: &str| line.split("  (").next().unwrap().to_owned();
    run.stdout.lines().map(line).collect()
}

fn names(fixture: &Fixture, args: &[&str]) -> Vec<String> {
    list(fixture, args).iter().map(|line| line.split(' ').next_back().unwrap().to_owned()).collect()
}

fn refusal(tables: &str) -> Run {
    workspace("", tables).run(&["--list", "-p", "api"])
}

#[test]
fn paths_are_relative_to_the_manifest_that_names_them() {
    let fixture = workspace(
        "[workspace.metadata.lambda-zip]\ninclude = [\"shared\"]\n",
        r#"
        [package.metadata.lambda-zip]
        include = ["assets/**", { source = "certs", dest = "etc/certs", mode = "0444" }]
        exclude = ["assets/*.md"]
        "#,
    );
    let expected = ["0755  - bootstrap", "0644 16 assets/a.txt", "0444 16 etc/certs/ca.crt", "0644 15 shared/logo.png"];
    assert_eq!(list(&fixture, &["--bin", "get"]), expected);
    assert_eq!(names(&fixture, &["--bin", "mail"]), ["bootstrap", "shared/logo.png"]);
    assert_eq!(names(&fixture, &["--bin", "mail", "--include", "here/x"]), ["bootstrap", "here/x", "shared/logo.png"]);
    let run = fixture.program_in("api").args(["--list", "--bin", "get", "--include", "src/bin"]).run();
    assert!(run.success().stdout.contains(" src/bin/get.rs"));
}

#[test]
fn lists_add_up_and_the_most_specific_value_wins() {
    let fixture = workspace(
        r#"
        [workspace.metadata.lambda-zip]
        include = ["shared"]
        kind = "layer"
        mode = { "*.png" = "0400", "*.txt" = "0400" }
        "#,
        r#"
        [package.metadata.lambda-zip]
        include = ["assets"]
        mode = ["*.txt=0440"]
        kind = "extension"
        [package.metadata.lambda-zip.bin.put]
        include = ["certs"]
        exclude = ["*.md"]
        kind = "function"
        mode = ["*.crt=0444", "**/a.txt=0444"]
        "#,
    );
    assert_eq!(
        list(&fixture, &["--bin", "get"]),
        ["0440 16 assets/a.txt", "0644 15 assets/b.md", "0755  - extensions/get", "0400 15 shared/logo.png"]
    );
    assert_eq!(
        list(&fixture, &["--bin", "put"]),
        ["0755  - bootstrap", "0444 16 assets/a.txt", "0444 16 certs/ca.crt", "0400 15 shared/logo.png"]
    );
    assert_eq!(
        list(&fixture, &["--bin", "put", "--internal-extension", "--mode", "*.png=0600", "--exclude-path", "certs"]),
        ["0444 16 api/assets/a.txt", "0755 - put", "0600 15 shared/logo.png"]
            .map(|line| line.replace("api/", "").replace("0755 -", "0755  -"))
    );
    assert_eq!(list(&fixture, &["--bin", "mail"]), ["0755  - bin/mail", "0400 15 shared/logo.png"]);
}

#[test]
fn kinds_decide_where_the_zips_go() {
    let fixture = workspace(
        "",
        "[package.metadata.lambda-zip.bin]\nget = { kind = \"layer\" }\nput = { kind = \"internal-extension\" }\n",
    );
    let json = fixture.run(&["--dry-run", "--message-format", "json"]).success().json();
    let functions = json["functions"].as_array().unwrap();
    let found: Vec<_> = functions
        .iter()
        .map(|function| (function["kind"].as_str().unwrap(), function["path"].as_str().unwrap().replace('\\', "/")))
        .collect();
    let at = |path: &str| fixture.path("target/lambda").join(path).to_str().unwrap().replace('\\', "/");
    assert_eq!(
        found,
        [
            ("layer", at("layers/get.zip")),
            ("internal-extension", at("extensions/put.zip")),
            ("function", at("mail/bootstrap.zip"))
        ]
    );
}

#[test]
fn an_unknown_key_is_an_error_with_the_nearest_name() {
    for (tables, message, hint) in [
        (
            "[package.metadata.lambda-zip]\ninclud = []",
            "`package.metadata.lambda-zip.includ` in `",
            "did you mean `include`?",
        ),
        (
            "[package.metadata.lambda-zip.bin.get]\nsymlink = \"follow\"",
            "`package.metadata.lambda-zip.bin.get.symlink` in `",
            "did you mean `symlinks`?",
        ),
        (
            "[package.metadata.lambda-zip]\ninclude = [{ source = \"a\", dst = \"b\" }]",
            "`package.metadata.lambda-zip.include.dst` in `",
            "did you mean `dest`?",
        ),
        ("[package.metadata.lambda-zip.bin.gett]", "names an unknown binary", "did you mean `get`?"),
        (
            "[package.metadata.lambda-zip.checks]\nsekret = \"deny\"",
            "`package.metadata.lambda-zip.checks.sekret` in `",
            "`secret`",
        ),
    ] {
        refusal(tables).fails(96, message).says(hint).says("Cargo.toml");
    }
    let run = workspace("[workspace.metadata.lambda-zip.bin]", "").run(&["--list"]);
    run.fails(96, "`workspace.metadata.lambda-zip.bin` in `").says("unknown key");
}

#[test]
fn an_invalid_value_is_an_error_with_the_valid_ones() {
    for (keys, message) in [
        ("include = \"assets\"", "`\"assets\"` is not a list of paths and of tables with `source`"),
        ("include = [1]", "is not a list of paths"),
        ("include = [{ dest = \"a\" }]", "an entry has no `source`"),
        ("include = [{ source = \"assets\", mode = \"rw\" }]", "`rw` is not an octal mode"),
        ("exclude = [\"[\"]", "`[` is not a glob"),
        ("mode = [\"x\"]", "`x` is not of the form `GLOB=MODE`"),
        ("mode = 7", "`7` is not a table or list of globs"),
        ("symlinks = \"keep\"", "expected `preserve`, `follow` or `reject`"),
        ("kind = \"lambda\"", "expected `function`, `extension`, `internal-extension` or `layer`"),
        ("compression = 9", "`9` is not a text"),
        ("compression = \"9\"", "expected `fast`, `default`, `best` or `store`"),
        ("default-excludes = \"no\"", "is not `true` or `false`"),
        ("checks = { secret = \"forbid\" }", "expected `deny`, `warn` or `allow`"),
    ] {
        let run = refusal(&format!("[package.metadata.lambda-zip]\n{keys}\n"));
        run.fails(96, message).says("`package.metadata.lambda-zip.").says("Cargo.toml`: ");
    }
    let run = refusal("[package.metadata]\nlambda-zip = true\n");
    run.fails(96, "`package.metadata.lambda-zip` in `").says("is not a table");
}

#[test]
fn an_include_that_matches_nothing_names_its_manifest() {
    let run = refusal("[package.metadata.lambda-zip]\ninclude = [\"asets/**\"]\n");
    run.fails(2, "`package.metadata.lambda-zip.include` in `").says("api/Cargo.toml`: `asets/**` matches nothing");
    let run = refusal("[package.metadata.lambda-zip]\ninclude = [\"../shared\"]\n");
    run.fails(2, "`../shared` cannot be a name in a zip").says("dest = \"DEST\"");
}

#[test]
fn the_tables_of_packages_that_are_not_selected_are_not_read() {
    let fixture = workspace("", "[package.metadata.lambda-zip]\nunknown = 1\n");
    assert_eq!(names(&fixture, &["-p", "mail"]), ["bootstrap"]);
}

/// From the manifest to the bytes of the zip, once.
#[test]
fn what_is_declared_is_built_and_packed() {
    let fixture = workspace(
        "",
        r#"
        [package.metadata.lambda-zip]
        include = [{ source = "assets", dest = "data" }]
        compression = "store"
        checks = { secret = "deny" }
        [package.metadata.lambda-zip.bin.put]
        kind = "extension"
        "#,
    );
    let run = fixture.run(&["-p", "api"]).success();
    let zips: Vec<_> = run.zips().iter().map(Zip::read).collect();
    let names: Vec<_> = zips.iter().map(Zip::names).collect();
    assert_eq!(names, [["bootstrap", "data/a.txt", "data/b.md"], ["data/a.txt", "data/b.md", "extensions/put"]]);
    assert_eq!(zips[1].mode("extensions/put"), 0o100_755);
    assert!(zips[0].bytes.len() > zips[0].entry("bootstrap").contents.len(), "`store` compresses nothing");
    fixture.write("api/assets/.env", "x=1");
    let refused = fixture.run(&["-p", "api"]).fails(100, "[secret]");
    assert_eq!(refused.stdout, "");
    assert_eq!(std::fs::read(&zips[0].path).unwrap(), zips[0].bytes);
}
