//! `pack`: what becomes of the executable, where the zip goes, and what is refused.

use crate::support::{Sandbox, Zip, executable};

#[test]
fn the_executable_becomes_bootstrap() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["pack", "main"]).success();
    assert_eq!(run.stdout, format!("{}\n", sandbox.path("main.zip").display()));
    assert_eq!(sandbox.files(), ["main", "main.zip"]);
    let zip = Zip::read(&sandbox.path("main.zip"));
    let [bootstrap] = zip.entries.as_slice() else { panic!("{:?}", zip.names()) };
    assert_eq!((bootstrap.name.as_str(), bootstrap.mode, bootstrap.host), ("bootstrap", 0o100_755, 3));
    assert_eq!(bootstrap.contents, executable(62));
    assert_eq!((bootstrap.date_and_time, bootstrap.extra_length), (0x0021_0000, 0));
}

#[test]
fn a_command_line_of_build_lambda_zip_works_as_it_did() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["conf/app.toml", "conf/deep/a", "template.html"]);
    sandbox.write("bin/handler", executable(62));
    for args in [
        &["-o", "f.zip", "bin/handler", "conf", "template.html"][..],
        &["--output", "f.zip", "bin/handler", "conf/", "./template.html"],
        &["bin/handler", "conf", "template.html", "-o=f.zip"],
        &["bin/handler", "./conf//", "-o", "f.zip", "template.html"],
    ] {
        let zip = sandbox.pack(args);
        assert_eq!(zip.path, sandbox.path("f.zip"));
        assert_eq!(zip.names(), ["bootstrap", "conf/app.toml", "conf/deep/a", "template.html"], "{args:?}");
        assert_eq!(zip.entry("conf/deep/a").contents, b"conf/deep/a");
    }
    assert_eq!(sandbox.pack(&["bin/handler"]).path, sandbox.path("handler.zip"));
    assert!(sandbox.run(&["pack", "-h"]).success().stdout.contains("EXECUTABLE"));
}

#[test]
fn flags_in_any_position_are_flags() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["a"]);
    let run = sandbox.run(&["lambda-zip", "pack", "main", "-q", "a", "-o", "out/"]).success();
    assert_eq!(run.stderr, "");
    assert_eq!(Zip::read(&sandbox.path("out/main.zip")).names(), ["bootstrap", "a"]);
}

#[test]
fn a_file_whose_name_starts_with_a_dash_goes_behind_two() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["-x"]);
    assert_eq!(sandbox.pack(&["main", "--", "-x"]).names(), ["bootstrap", "-x"]);
}

#[test]
fn keep_name_adds_a_link() {
    let sandbox = Sandbox::new();
    let zip = sandbox.pack(&["--keep-name", "main"]);
    assert_eq!(zip.names(), ["bootstrap", "main"]);
    assert_eq!((zip.mode("bootstrap"), zip.entry("bootstrap").contents.as_slice()), (0o120_777, &b"main"[..]));
    assert_eq!(zip.mode("main"), 0o100_755);

    sandbox.write("bootstrap", executable(62));
    let zip = sandbox.pack(&["--keep-name", "bootstrap"]);
    assert_eq!((zip.names(), zip.mode("bootstrap")), (vec!["bootstrap"], 0o100_755));
}

#[test]
fn kinds_have_their_layouts() {
    let sandbox = Sandbox::new();
    for (flag, name, kind) in [
        ("--extension", "extensions/main", "extension"),
        ("--internal-extension", "main", "internal-extension"),
        ("--layer", "bin/main", "layer"),
    ] {
        let run = sandbox.run(&["pack", flag, "main", "--message-format", "json"]).success();
        let zip = Zip::read(&sandbox.path("main.zip"));
        assert_eq!((zip.names(), zip.mode(name)), (vec![name], 0o100_755));
        assert_eq!(run.json()["archives"][0]["kind"], kind);
    }
    sandbox.refused(&["--extension", "--layer", "main"]).failure(2, "cannot be used with");
    sandbox.refused(&["--extension", "--keep-name", "main"]).failure(2, "cannot be used with");
}

#[test]
fn the_report_is_that_of_the_main_command() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["pack", "main", "--message-format", "json"]).success();
    let archive = &run.json()["archives"][0];
    assert_eq!((&archive["function"], &archive["arch"]), (&"main".into(), &"x86_64".into()));
    assert!(archive["package"].is_null() && archive["version"].is_null() && archive["runtime"].is_null());
    assert_eq!((&archive["published"], &archive["entries"][0]["mode"]), (&true.into(), &"0755".into()));
    assert_eq!(archive["path"], sandbox.path("main.zip").to_str().unwrap());
    assert!(archive["code_sha256"].is_string());
}

#[test]
fn the_architecture_is_taken_from_the_executable_or_held_against_it() {
    let sandbox = Sandbox::new();
    sandbox.write("arm", executable(183));
    let run = sandbox.run(&["pack", "arm", "--message-format", "json"]).success();
    assert_eq!(run.json()["archives"][0]["arch"], "arm64");
    sandbox.run(&["pack", "arm", "--arch", "aarch64", "--runtime", "provided.al2"]).success();
    let before = std::fs::read(sandbox.path("arm.zip")).unwrap();
    let run = sandbox.run(&["pack", "arm", "--arch", "x86_64"]).failure(100, "[wrong-architecture]");
    assert_eq!(run.stdout, "");
    assert_eq!(std::fs::read(sandbox.path("arm.zip")).unwrap(), before);
    sandbox.run(&["pack", "arm", "--arch", "x86_64", "--layer"]).failure(100, "[mixed-architectures]");
    sandbox.refused(&["main", "--runtime", "nodejs"]).failure(2, "provided.al2023");
}

#[test]
fn what_linux_cannot_start_is_refused_and_nothing_is_left() {
    let sandbox = Sandbox::new();
    sandbox.write("text", "hello");
    sandbox.write("windows", b"MZ\x90\0\x03");
    sandbox.write("macos", b"\xcf\xfa\xed\xfe\x07\0\0\x01");
    sandbox.write("nothing", "");
    for name in ["text", "windows", "macos", "nothing"] {
        sandbox.refused(&[name]).failure(100, "[exec-format]");
    }
    sandbox.write("script", "#!/bin/sh\nexit 0\n");
    assert_eq!(sandbox.pack(&["script"]).mode("bootstrap"), 0o100_755);
}

#[test]
fn an_executable_that_is_none_is_a_usage_error() {
    let sandbox = Sandbox::new();
    sandbox.folder("folder");
    sandbox.refused(&["gone"]).failure(2, "there is no executable `gone`");
    sandbox.refused(&["main/gone"]).failure(2, "there is no executable `main/gone`");
    sandbox.refused(&["folder"]).failure(2, "`folder` is a folder, not an executable");
    sandbox.refused(&["."]).failure(2, "`.` is a folder, not an executable");
    sandbox.refused(&[]).failure(2, "EXECUTABLE");
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("bootstrap", executable(62));
    sandbox.write_all(&["a/x", "b/x"]);
    sandbox.refused(&["bootstrap", "bootstrap"]).failure(2, "/bootstrap` is packed twice as `bootstrap`");
    sandbox.refused(&["main", "bootstrap"]).failure(2, "two entries have the name `bootstrap`");
    sandbox.refused(&["main", "a", "./a/x"]).failure(2, "two entries have the name `a/x`");
    sandbox.refused(&["main", "--include", "a=d", "--include", "b=d"]).failure(2, "two entries have the name `d/x`");
    sandbox
        .refused(&["main", "a", "--include", "b/x=a/x/y"])
        .failure(2, "`a/x` is a file, but also the directory of `a/x/y`");
}

#[test]
fn names_that_escape_are_refused_with_what_helps() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["a/x"]);
    let absolute = sandbox.path("a/x");
    for (path, reason) in [
        ("../x", "`../x` cannot be a name in a zip: it has a `..` component"),
        ("a/../main", "`a/../main` cannot be a name in a zip: it has a `..` component"),
        (absolute.to_str().unwrap(), "it is absolute"),
        ("C:/x", "it starts with a drive letter"),
    ] {
        sandbox.refused(&["main", path]).failure(2, reason).says("--include PATH=DEST");
        sandbox.refused(&["main", "--include", path]).failure(2, reason).says("--include PATH=DEST");
    }
    #[cfg(unix)]
    for path in ["C:\\x", "\\\\server\\share\\x"] {
        sandbox.refused(&["main", path]).failure(2, "it has a backslash").says("--include PATH=DEST");
    }
    for destination in ["../x", "/x", "a/../../x", "C:/x", "a\\b", "a//b"] {
        sandbox.refused(&["main", "--include", &format!("a/x={destination}")]).failure(2, "cannot be a name in a zip");
    }
    let zip = sandbox.pack(&["main", "--include", &format!("{}=x", absolute.display())]);
    assert_eq!(zip.names(), ["bootstrap", "x"]);
}

#[test]
fn the_zip_never_replaces_what_goes_into_it() {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["a/x"]);
    sandbox.refused(&["main", "-o", "main"]).failure(2, "which goes into it as `bootstrap`");
    sandbox.refused(&["main", "a/x", "-o", "a/x"]).failure(2, "`a/x` is the output file");
    assert_eq!(std::fs::read(sandbox.path("main")).unwrap(), executable(62));
    assert_eq!(std::fs::read(sandbox.path("a/x")).unwrap(), b"a/x");
    #[cfg(unix)]
    {
        sandbox.link("main", "linked");
        sandbox.refused(&["linked", "-o", "main"]).failure(2, "which goes into it as `bootstrap`");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_an_error_of_the_archive() {
    let sandbox = Sandbox::new();
    sandbox.refused(&["main", "-o", "main/x.zip"]).failure(103, "main/x.zip");
}
