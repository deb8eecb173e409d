//! `--output-format binary` writes the files of a checked zip in place of the zip.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use test_support::{Fixture, Zip};

const BINARY: [&str; 4] = ["--output-format", "binary", "--libc", "musl"];

fn with(args: &[&'static str]) -> Vec<&'static str> {
    [&BINARY, args].concat()
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_executable_takes_the_place_of_the_zip() {
    let fixture = Fixture::package("api");
    let run = fixture.run(&BINARY).success();
    let bootstrap = fixture.path("target/lambda/api/bootstrap");
    assert_eq!(run.zip(), bootstrap);
    assert_eq!(fixture.files("target/lambda"), ["api/bootstrap"]);
    assert_eq!(mode(&bootstrap), 0o755);
    let written = fs::read(&bootstrap).unwrap();
    let zip = fixture.run(&["--libc", "musl"]).success().zip();
    assert!(written == Zip::read(zip).bootstrap(), "the same executable as in a zip");
    if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        assert_eq!(Command::new(&bootstrap).output().unwrap().stdout, b"this is api\n");
    }
}

#[test]
fn includes_are_laid_next_to_it_with_their_modes() {
    let fixture = Fixture::package("api");
    fixture.write_all(&["assets/a.txt", "assets/deep/b.txt"]);
    fixture.write("conf/run.sh", "#!/bin/sh\n");
    fixture.create_dir("assets/void");
    fixture.symlink("a.txt", "assets/link");
    let args =
        with(&["--include", "assets", "--include", "conf=.", "--mode", "*.txt=0444", "--message-format", "json"]);
    let report = fixture.run(&args).success().json();
    let archive = &report["archives"][0];
    let root = fixture.path("target/lambda/api");
    assert_eq!(archive["format"], "binary");
    assert_eq!(archive["path"], root.join("bootstrap").to_str().unwrap());
    assert_eq!(archive["code_sha256"].as_str().unwrap().len(), 44);
    let files = ["assets/a.txt", "assets/deep/b.txt", "assets/link", "bootstrap", "run.sh"];
    assert_eq!(fixture.files("target/lambda/api"), files);
    assert!(root.join("assets/void").is_dir());
    assert_eq!(fs::read_link(root.join("assets/link")).unwrap(), Path::new("a.txt"));
    assert_eq!(fs::read(root.join("assets/deep/b.txt")).unwrap(), b"assets/deep/b.txt");
    let modes = ["bootstrap", "run.sh", "assets/a.txt"].map(|name| mode(&root.join(name)));
    assert_eq!(modes, [0o755, 0o755, 0o444]);
}

#[test]
fn files_are_fresh_until_one_of_them_or_an_input_changes() {
    let fixture = Fixture::package("api");
    fixture.write_all(&["assets/a.txt", "assets/b.txt"]);
    let root = fixture.path("target/lambda/api");
    let is_fresh = |args: &[&'static str]| {
        let report = fixture.run(&[&with(&["--message-format", "json"])[..], args].concat()).success().json();
        report["archives"][0]["fresh"].as_bool().unwrap()
    };
    let include = ["--include", "assets"];
    assert!(!is_fresh(&include));
    let inode = fs::metadata(root.join("bootstrap")).unwrap().ino();
    assert!(is_fresh(&include));
    assert_eq!(fs::metadata(root.join("bootstrap")).unwrap().ino(), inode, "it is not written again");

    let damage: [(&str, &dyn Fn()); 5] = [
        ("contents", &|| fs::write(root.join("assets/a.txt"), "other").unwrap()),
        ("mode", &|| fs::set_permissions(root.join("assets/a.txt"), fs::Permissions::from_mode(0o600)).unwrap()),
        ("missing", &|| fs::remove_file(root.join("assets/b.txt")).unwrap()),
        ("executable", &|| fs::write(root.join("bootstrap"), "").unwrap()),
        ("input", &|| drop(fixture.write("assets/a.txt", "new"))),
    ];
    for (what, change) in damage {
        change();
        assert!(!is_fresh(&include), "{what}");
        assert!(is_fresh(&include), "{what}");
        assert_eq!(fs::read(root.join("assets/a.txt")).unwrap(), fs::read(fixture.path("assets/a.txt")).unwrap());
        assert_eq!(mode(&root.join("assets/a.txt")), 0o644, "{what}");
    }
    // The other format, at the same path.
    let path = ["--libc", "musl", "-o", "target/lambda/api/bootstrap", "--include", "assets"];
    fixture.run(&path).success();
    assert!(fs::read(root.join("bootstrap")).unwrap().starts_with(b"PK"));
    assert!(!is_fresh(&include));
}

#[test]
fn files_of_an_earlier_run_are_removed_and_those_of_others_stay() {
    let fixture = Fixture::package("api");
    fixture.write_all(&["assets/old/a.txt", "assets/b.txt", "real/c.txt"]);
    fixture.symlink("real", "data");
    fixture.run(&with(&["--include", "assets", "--include", "data", "--include", "real"])).success();
    let root = fixture.path("target/lambda/api");
    assert!(root.join("data").is_symlink());
    fixture.write("target/lambda/api/mine.txt", "of the user");
    fs::remove_dir_all(fixture.path("assets/old")).unwrap();
    fs::remove_file(fixture.path("data")).unwrap();
    fixture.write("data/c.txt", "not through the link");
    fixture.run(&with(&["--include", "assets", "--include", "data", "--include", "real"])).success();
    let files = ["assets/b.txt", "bootstrap", "data/c.txt", "mine.txt", "real/c.txt"];
    assert_eq!(fixture.files("target/lambda/api"), files);
    assert!(!root.join("assets/old").exists());
    assert_eq!(fs::read(root.join("real/c.txt")).unwrap(), b"real/c.txt");
}

#[test]
fn a_link_of_another_program_is_not_followed() {
    let fixture = Fixture::package("api");
    fixture.write_all(&["assets/a.txt", "elsewhere/a.txt"]);
    fixture.symlink(fixture.path("elsewhere"), "target/lambda/api/assets");
    let run = fixture.run(&with(&["--include", "assets"]));
    run.fails(103, "failed to write the files to `").says("assets` exists and is not a directory");
    assert_eq!(fs::read(fixture.path("elsewhere/a.txt")).unwrap(), b"elsewhere/a.txt");
}

#[test]
fn a_broken_rule_leaves_the_files_unchanged() {
    let fixture = Fixture::package("api");
    fixture.write_all(&["conf/a.txt"]);
    fixture.run(&with(&["--include", "conf"])).success();
    fixture.write("conf/.env", "TOKEN=1");
    fixture.write("conf/a.txt", "new");
    let run = fixture.run(&with(&["--include", "conf", "--deny", "secret"])).fails(100, "[secret]").prints("");
    run.says("is unchanged");
    assert_eq!(fixture.files("target/lambda/api"), ["bootstrap", "conf/a.txt"]);
    assert_eq!(fs::read(fixture.path("target/lambda/api/conf/a.txt")).unwrap(), b"conf/a.txt");
}

#[test]
fn each_kind_and_output_has_its_path() {
    let fixture = Fixture::package("api");
    let path = |args: &[&'static str]| {
        let args = [&with(&["--dry-run", "--message-format", "json"])[..], args].concat();
        let plan = fixture.run(&args).success().json();
        let function = &plan["functions"][0];
        assert_eq!(function["format"], "binary");
        let path = Path::new(function["path"].as_str().unwrap()).strip_prefix(fixture.root()).unwrap().to_owned();
        path.to_str().unwrap().to_owned()
    };
    assert_eq!(path(&[]), "target/lambda/api/bootstrap");
    assert_eq!(path(&["--arch", "arm64,x86_64"]), "target/lambda/arm64/api/bootstrap");
    assert_eq!(path(&["--layer"]), "target/lambda/layers/api/bin/api");
    assert_eq!(path(&["--extension"]), "target/lambda/extensions/api/extensions/api");
    assert_eq!(path(&["--internal-extension"]), "target/lambda/extensions/api/api");
    assert_eq!(path(&["-o", "out/"]), "out/api/bootstrap");
    assert_eq!(path(&["-o", "out/bootstrap"]), "out/bootstrap");
    assert_eq!(path(&["-o", "out/{function}-{arch}/bootstrap"]), "out/api-x86_64/bootstrap");
    assert_eq!(path(&["-o", "out/bin/{function}", "--layer"]), "out/bin/api");
    let run = fixture.run(&with(&["-o", "out/api", "--dry-run"]));
    let message =
        format!("the executable of `api` must be called `bootstrap`, not `{}`", fixture.path("out/api").display());
    run.ends_in_error(
        2,
        &message,
        &["with the output format `binary`, end `--output` in `/bootstrap`, or in `/` for a directory"],
    );
}

#[test]
fn two_functions_in_one_directory_are_refused() {
    let fixture = Fixture::with_bins("tools", &["a", "b"]);
    let run = fixture.run(&with(&["--layer", "-o", "out/bin/{function}", "--dry-run"]));
    run.fails(2, "`a` for x86_64 and `b` for x86_64 would both be written to `").says("/out`");
}

#[test]
fn the_output_does_not_replace_what_goes_into_it() {
    let fixture = Fixture::package("api");
    fixture.write_all(&["assets/a.txt"]);
    let run = fixture.run(&with(&["-o", "bootstrap", "--include", "assets"]));
    run.fails(2, "assets/a.txt`, which goes into it").says("write to another directory with `--output`");
    assert!(!fixture.path("bootstrap").exists());
    // The directory is left out of its own contents.
    for _ in 0..2 {
        let args = with(&["-o", "out/bootstrap", "--include", "."]);
        fixture.run(&args).success();
        assert_eq!(fixture.files("out"), ["Cargo.lock", "Cargo.toml", "assets/a.txt", "bootstrap", "src/main.rs"]);
    }
}

#[test]
fn debug_information_is_outside_of_the_directory() {
    let fixture = Fixture::package("api");
    for _ in 0..2 {
        let report = fixture.run(&with(&["--debug-symbols", "--message-format", "json"])).success().json();
        assert_eq!(report["archives"][0]["debug_symbols"], fixture.path("target/lambda/api.debug").to_str().unwrap());
        assert_eq!(fixture.files("target/lambda"), ["api.debug", "api/bootstrap"]);
    }
}

#[test]
fn a_table_chooses_the_format_and_a_flag_wins() {
    let fixture = Fixture::package("api");
    let manifest = fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    let set = |format: &str| {
        let table = format!("[package.metadata.lambda-zip]\noutput-format = \"{format}\"\n");
        fixture.write("Cargo.toml", format!("{manifest}{table}"));
    };
    set("binary");
    assert_eq!(fixture.run(&["--libc", "musl"]).success().zip(), fixture.path("target/lambda/api/bootstrap"));
    let zip = fixture.run(&["--libc", "musl", "--output-format", "zip"]).success().zip();
    assert_eq!(zip, fixture.path("target/lambda/api/bootstrap.zip"));
    // Now both are there, and a tool would pack the zip into another one.
    let run = fixture.run(&["--libc", "musl"]).success();
    run.says(&format!("warning: `{}` is next to the files", zip.display())).says("hint: remove it");
    set("tar");
    fixture.run(&[]).fails(96, "`package.metadata.lambda-zip.output-format` in `").says("expected `zip` or `binary`");
    fixture.run(&["--output-format", "tar"]).fails(2, "expected `zip` or `binary`");
}

#[test]
fn flags_that_read_the_zip_are_refused() {
    let fixture = Fixture::package("api");
    fixture.run(&with(&["--report-html", "page.html"])).ends_in_error(
        2,
        "`--report-html` needs a zip, and the output format of `api` is `binary`",
        &["leave out `--report-html`, or add `--output-format zip`"],
    );
    if cfg!(target_os = "linux") {
        fixture.run(&with(&["--invoke-event", "{}"])).fails(2, "`--invoke-event` needs a zip");
    }
    assert!(!fixture.path("target").exists(), "nothing was built");
}
