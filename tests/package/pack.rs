//! `pack`: the name of the executable in the zip, the path of the zip, and what is refused.

use test_support::elf::executable;
use test_support::{Fixture, Zip};

#[test]
fn the_executable_becomes_bootstrap() {
    let fixture = Fixture::with_executable();
    let run = fixture.run(&["pack", "main"]).success();
    assert_eq!(run.stdout, format!("{}\n", fixture.path("main.zip").display()));
    assert_eq!(fixture.names(), ["main", "main.zip"]);
    let zip = Zip::read(fixture.path("main.zip"));
    let [bootstrap] = zip.entries.as_slice() else { panic!("{:?}", zip.names()) };
    assert_eq!((bootstrap.name.as_str(), bootstrap.unix_mode(), bootstrap.host), ("bootstrap", 0o100_755, 3));
    assert_eq!(bootstrap.contents, executable(62));
    assert_eq!((bootstrap.date_and_time(), bootstrap.extra_length), (0x0021_0000, 0));
}

#[test]
fn a_command_line_of_build_lambda_zip_works_as_it_did() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["conf/app.toml", "conf/deep/a", "template.html"]);
    fixture.write("bin/handler", executable(62));
    for args in [
        &["-o", "f.zip", "bin/handler", "conf", "template.html"][..],
        &["--output", "f.zip", "bin/handler", "conf/", "./template.html"],
        &["bin/handler", "conf", "template.html", "-o=f.zip"],
        &["bin/handler", "./conf//", "-o", "f.zip", "template.html"],
    ] {
        let zip = fixture.pack(args);
        assert_eq!(zip.path, fixture.path("f.zip"));
        assert_eq!(zip.names(), ["bootstrap", "conf/app.toml", "conf/deep/a", "template.html"], "{args:?}");
        assert_eq!(zip.entry("conf/deep/a").contents, b"conf/deep/a");
    }
    assert_eq!(fixture.pack(&["bin/handler"]).path, fixture.path("handler.zip"));
    assert!(fixture.run(&["pack", "-h"]).success().stdout.contains("EXECUTABLE"));
}

#[test]
fn flags_may_be_in_any_position() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["a"]);
    let run = fixture.run(&["lambda-zip", "pack", "main", "-q", "a", "-o", "out/"]).success();
    assert_eq!(run.stderr, "");
    assert_eq!(Zip::read(fixture.path("out/main.zip")).names(), ["bootstrap", "a"]);
}

#[test]
fn a_file_whose_name_starts_with_a_dash_goes_after_two_dashes() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["-x"]);
    assert_eq!(fixture.pack(&["main", "--", "-x"]).names(), ["bootstrap", "-x"]);
}

#[test]
fn keep_name_adds_a_link() {
    let fixture = Fixture::with_executable();
    let zip = fixture.pack(&["--keep-name", "main"]);
    assert_eq!(zip.names(), ["bootstrap", "main"]);
    assert_eq!((zip.mode("bootstrap"), zip.entry("bootstrap").contents.as_slice()), (0o120_777, &b"main"[..]));
    assert_eq!(zip.mode("main"), 0o100_755);

    fixture.write("bootstrap", executable(62));
    let zip = fixture.pack(&["--keep-name", "bootstrap"]);
    assert_eq!((zip.names(), zip.mode("bootstrap")), (vec!["bootstrap"], 0o100_755));
}

#[test]
fn kinds_have_their_layouts() {
    let fixture = Fixture::with_executable();
    for (flag, name, kind) in [
        ("--extension", "extensions/main", "extension"),
        ("--internal-extension", "main", "internal-extension"),
        ("--layer", "bin/main", "layer"),
    ] {
        let run = fixture.run(&["pack", flag, "main", "--message-format", "json"]).success();
        let zip = Zip::read(fixture.path("main.zip"));
        assert_eq!((zip.names(), zip.mode(name)), (vec![name], 0o100_755));
        assert_eq!(run.json()["archives"][0]["kind"], kind);
    }
    fixture.fails_to_pack(&["--extension", "--layer", "main"]).fails(2, "cannot be used with");
    fixture.fails_to_pack(&["--extension", "--keep-name", "main"]).fails(2, "cannot be used with");
}

#[test]
fn the_report_is_that_of_the_main_command() {
    let fixture = Fixture::with_executable();
    let run = fixture.run(&["pack", "main", "--message-format", "json"]).success();
    let archive = &run.json()["archives"][0];
    assert_eq!((&archive["function"], &archive["arch"]), (&"main".into(), &"x86_64".into()));
    assert!(archive["package"].is_null() && archive["version"].is_null() && archive["runtime"].is_null());
    assert_eq!((&archive["published"], &archive["entries"][0]["mode"]), (&true.into(), &"0755".into()));
    assert_eq!(archive["path"], fixture.path("main.zip").to_str().unwrap());
    assert!(archive["code_sha256"].is_string());
}

#[test]
fn the_architecture_comes_from_the_executable_or_must_match_it() {
    let fixture = Fixture::with_executable();
    fixture.write("arm", executable(183));
    let run = fixture.run(&["pack", "arm", "--message-format", "json"]).success();
    assert_eq!(run.json()["archives"][0]["arch"], "arm64");
    fixture.run(&["pack", "arm", "--arch", "aarch64", "--runtime", "provided.al2"]).success();
    let before = std::fs::read(fixture.path("arm.zip")).unwrap();
    let run = fixture.run(&["pack", "arm", "--arch", "x86_64"]).fails(100, "[wrong-architecture]");
    assert_eq!(run.stdout, "");
    assert_eq!(std::fs::read(fixture.path("arm.zip")).unwrap(), before);
    fixture.run(&["pack", "arm", "--arch", "x86_64", "--layer"]).fails(100, "[mixed-architectures]");
    fixture.fails_to_pack(&["main", "--runtime", "nodejs"]).fails(2, "provided.al2023");
}

#[test]
fn an_executable_that_linux_cannot_start_is_refused() {
    let fixture = Fixture::with_executable();
    fixture.write("text", "hello");
    fixture.write("windows", b"MZ\x90\0\x03");
    fixture.write("macos", b"\xcf\xfa\xed\xfe\x07\0\0\x01");
    fixture.write("nothing", "");
    for name in ["text", "windows", "macos", "nothing"] {
        fixture.fails_to_pack(&[name]).fails(100, "[exec-format]");
    }
    fixture.write("script", "#!/bin/sh\nexit 0\n");
    assert_eq!(fixture.pack(&["script"]).mode("bootstrap"), 0o100_755);
}

#[test]
fn a_missing_executable_or_a_directory_is_a_usage_error() {
    let fixture = Fixture::with_executable();
    fixture.create_dir("folder");
    fixture.fails_to_pack(&["gone"]).fails(2, "the executable `gone` does not exist");
    fixture.fails_to_pack(&["main/gone"]).fails(2, "the executable `main/gone` does not exist");
    fixture.fails_to_pack(&["folder"]).fails(2, "`folder` is a directory, not an executable");
    fixture.fails_to_pack(&["."]).fails(2, "`.` is a directory, not an executable");
    fixture.fails_to_pack(&[]).fails(2, "EXECUTABLE");
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let fixture = Fixture::with_executable();
    fixture.write("bootstrap", executable(62));
    fixture.write_all(&["a/x", "b/x"]);
    fixture.fails_to_pack(&["bootstrap", "bootstrap"]).fails(2, "/bootstrap` is packed twice as `bootstrap`");
    fixture.fails_to_pack(&["main", "bootstrap"]).fails(2, "two entries have the name `bootstrap`");
    fixture.fails_to_pack(&["main", "a", "./a/x"]).fails(2, "/a/x` is packed twice as `a/x`");
    fixture
        .fails_to_pack(&["main", "--include", "a=d", "--include", "b=d"])
        .fails(2, "two entries have the name `d/x`");
    fixture
        .fails_to_pack(&["main", "a", "--include", "b/x=a/x/y"])
        .fails(2, "`a/x` is a file, but also the directory of `a/x/y`");
}

#[test]
fn names_that_escape_are_refused_with_a_hint() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["a/x"]);
    let absolute = fixture.path("a/x");
    for (path, reason) in [
        ("../x", "`../x` cannot be a name in a zip: it has a `..` component"),
        ("a/../main", "`a/../main` cannot be a name in a zip: it has a `..` component"),
        (absolute.to_str().unwrap(), "it is absolute"),
        ("C:/x", "it starts with a drive letter"),
    ] {
        fixture.fails_to_pack(&["main", path]).fails(2, reason).says("--include PATH=DEST");
        fixture.fails_to_pack(&["main", "--include", path]).fails(2, reason).says("--include PATH=DEST");
    }
    #[cfg(unix)]
    for path in ["C:\\x", "\\\\server\\share\\x"] {
        fixture.fails_to_pack(&["main", path]).fails(2, "it has a backslash").says("--include PATH=DEST");
    }
    for destination in ["../x", "/x", "a/../../x", "C:/x", "a\\b", "a//b"] {
        fixture
            .fails_to_pack(&["main", "--include", &format!("a/x={destination}")])
            .fails(2, "cannot be a name in a zip");
    }
    let zip = fixture.pack(&["main", "--include", &format!("{}=x", absolute.display())]);
    assert_eq!(zip.names(), ["bootstrap", "x"]);
}

#[test]
fn the_zip_never_replaces_what_goes_into_it() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["a/x"]);
    fixture.fails_to_pack(&["main", "-o", "main"]).fails(2, "which goes into it as `bootstrap`");
    fixture.fails_to_pack(&["main", "a/x", "-o", "a/x"]).fails(2, "`a/x` is the output file");
    assert_eq!(std::fs::read(fixture.path("main")).unwrap(), executable(62));
    assert_eq!(std::fs::read(fixture.path("a/x")).unwrap(), b"a/x");
    #[cfg(unix)]
    {
        fixture.symlink("main", "linked");
        fixture.fails_to_pack(&["linked", "-o", "main"]).fails(2, "which goes into it as `bootstrap`");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_an_error_of_the_archive() {
    let fixture = Fixture::with_executable();
    fixture.fails_to_pack(&["main", "-o", "main/x.zip"]).fails(103, "main/x.zip");
}
