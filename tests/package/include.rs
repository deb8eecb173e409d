//! Which files come along, under which names.

use crate::support::Sandbox;

fn tree() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_all(&["assets/a.txt", "assets/img/logo.png", "assets/img/old/logo.png", "README.md", "certs/ca.crt"]);
    sandbox
}

#[test]
fn a_folder_comes_with_all_that_is_in_it() {
    let sandbox = tree();
    sandbox.folder("assets/empty/inner");
    let zip = sandbox.pack(&["main", "assets"]);
    assert_eq!(
        zip.names(),
        ["bootstrap", "assets/a.txt", "assets/empty/inner/", "assets/img/logo.png", "assets/img/old/logo.png"]
    );
    assert_eq!(zip.mode("assets/empty/inner/"), 0o040_755);
    sandbox.folder("void");
    assert_eq!(sandbox.pack(&["main", "void"]).names(), ["bootstrap", "void/"]);
}

#[test]
fn globs_keep_the_path() {
    let sandbox = tree();
    for (glob, names) in [
        ("assets/*.txt", &["assets/a.txt"][..]),
        ("./assets/**/*.png", &["assets/img/logo.png", "assets/img/old/logo.png"]),
        ("assets/**", &["assets/a.txt", "assets/img/logo.png", "assets/img/old/logo.png"]),
        ("assets/im?", &["assets/img/logo.png", "assets/img/old/logo.png"]),
        ("assets/{a.txt,img/*.png}", &["assets/a.txt", "assets/img/logo.png"]),
        ("*.md", &["README.md"]),
        ("**/c[a-b].crt", &["certs/ca.crt"]),
    ] {
        let zip = sandbox.pack(&["main", "--include", glob]);
        assert_eq!(zip.names()[1..], *names, "{glob}");
    }
}

#[test]
fn a_destination_replaces_what_stands_before_the_first_wildcard() {
    let sandbox = tree();
    for (include, names) in [
        ("assets=static", &["static/a.txt", "static/img/logo.png", "static/img/old/logo.png"][..]),
        ("assets/=static/", &["static/a.txt", "static/img/logo.png", "static/img/old/logo.png"]),
        ("assets/img=.", &["logo.png", "old/logo.png"]),
        ("assets/img/*.png=pictures", &["pictures/logo.png"]),
        ("assets/**=.", &["a.txt", "img/logo.png", "img/old/logo.png"]),
        ("assets/a.txt=b.txt", &["b.txt"]),
        ("assets/a.txt=etc/", &["etc/a.txt"]),
        ("assets/a.txt=./etc/b", &["etc/b"]),
        ("assets/../certs=etc", &["etc/ca.crt"]),
    ] {
        let zip = sandbox.pack(&["main", "--include", include]);
        assert_eq!(zip.names()[1..], *names, "{include}");
    }
}

#[test]
fn an_equals_sign_can_be_part_of_a_name() {
    let sandbox = tree();
    sandbox.write_all(&["k=v", "[x]"]);
    assert_eq!(sandbox.pack(&["main", "k=v", "[x]"]).names(), ["bootstrap", "[x]", "k=v"]);
    assert_eq!(sandbox.pack(&["main", "--include", "k=v"]).names(), ["bootstrap", "k=v"]);
    assert_eq!(sandbox.pack(&["main", "--include", "k=v=w"]).names(), ["bootstrap", "w"]);
}

#[test]
fn an_include_that_matches_nothing_is_an_error() {
    let sandbox = tree();
    for (include, shown) in [
        ("asets", "`--include asets` matches nothing"),
        ("asets/**", "`--include asets/**` matches nothing"),
        ("assets/*.md", "`--include assets/*.md` matches nothing"),
        ("asets=static", "`--include asets=static` matches nothing"),
        ("main/x", "`--include main/x` matches nothing"),
    ] {
        sandbox.refused(&["main", "--include", include]).failure(2, shown);
    }
    sandbox.refused(&["main", "asets"]).failure(2, "`asets` matches nothing");
    sandbox.refused(&["main", "--include", "a[=b"]).failure(2, "`a[` is not a glob");
}

#[test]
fn excludes_leave_out_names_and_paths() {
    let sandbox = tree();
    for (exclude, names) in [
        ("*.png", &["assets/a.txt"][..]),
        ("img", &["assets/a.txt"]),
        ("assets/img/**", &["assets/a.txt"]),
        ("assets/img/*.png", &["assets/a.txt", "assets/img/old/logo.png"]),
        ("old/", &["assets/a.txt", "assets/img/logo.png"]),
        ("./assets/a.txt", &["assets/img/logo.png", "assets/img/old/logo.png"]),
        ("assets", &[]),
    ] {
        let zip = sandbox.pack(&["main", "assets", "--exclude-path", exclude]);
        assert_eq!(zip.names()[1..], *names, "{exclude}");
        let alias = sandbox.pack(&["main", "--exclude", exclude, "--include", "assets/**"]);
        assert_eq!(alias.names()[1..], *names, "{exclude}");
    }
}

#[test]
fn an_empty_folder_is_an_entry_whatever_a_desktop_left_in_it() {
    let sandbox = tree();
    sandbox.folder("web/void");
    let clean = sandbox.pack(&["main", "web"]);
    assert_eq!(clean.names(), ["bootstrap", "web/void/"]);
    sandbox.write("web/void/.DS_Store", "");
    assert_eq!(sandbox.pack(&["main", "web"]).bytes, clean.bytes);
}

#[test]
fn litter_stays_out_and_is_told() {
    let sandbox = tree();
    sandbox.write_all(&[
        "web/.git/HEAD",
        "web/.DS_Store",
        "web/Thumbs.db",
        "web/a.html~",
        "web/a.html",
        "web/.env.example",
    ]);
    sandbox.write("web/out/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    sandbox.write_all(&["web/out/x.rlib"]);
    let run = sandbox.run(&["pack", "main", "web"]).success();
    let line = run.stderr.lines().find(|line| line.contains("Leaving out")).unwrap();
    assert!(line.contains("web/.DS_Store` and 4 more (`--no-default-excludes`"), "{line}");
    assert_eq!(run.stderr.matches("Leaving out").count(), 1);
    let zip = sandbox.pack(&["main", "web"]);
    assert_eq!(zip.names(), ["bootstrap", "web/.env.example", "web/a.html"]);
    let all = sandbox.pack(&["main", "web", "--no-default-excludes", "--allow", "litter"]);
    assert_eq!(all.names().len(), 9);
    // What is named is meant.
    assert_eq!(sandbox.pack(&["main", "web/a.html~"]).names(), ["bootstrap", "web/a.html~"]);
    sandbox.refused(&["main", "--include", "web/*~"]).failure(2, "matches nothing").says("--no-default-excludes");
    let quiet = sandbox.run(&["pack", "main", "--include", "*.md"]).success();
    assert!(!quiet.stderr.contains("Leaving out"), "{}", quiet.stderr);
}

#[test]
fn a_folder_comes_without_the_files_of_the_run() {
    let sandbox = tree();
    let first = sandbox.pack(&["main", "."]);
    assert_eq!(first.names().len(), 6, "{:?}", first.names());
    sandbox.write(".main.zip.aB3dE9.tmp", "of another run");
    let second = sandbox.pack(&["main", "--include", "**"]);
    assert_eq!(first.bytes, second.bytes);
}

#[test]
fn secrets_draw_a_warning_or_are_denied() {
    let sandbox = tree();
    sandbox.write("app/.env", "TOKEN=1");
    sandbox.write("app/.aws/credentials", "[default]");
    sandbox.write(
        "app/key.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\n",
    );
    sandbox.write("app/ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let run = sandbox.run(&["pack", "main", "app"]).success();
    for name in ["app/.env", "app/.aws/credentials", "app/key.pem"] {
        assert!(run.stderr.contains(&format!("`{name}` looks like")), "{}", run.stderr);
    }
    assert!(!run.stderr.contains("ca.pem"), "{}", run.stderr);
    std::fs::remove_file(sandbox.path("main.zip")).unwrap();
    sandbox.refused(&["main", "app", "--deny", "secrets"]).failure(100, "[secret]");
    sandbox.refused(&["main", "app", "--deny", "secret"]).failure(100, "[secret]");
    let silent = sandbox.run(&["pack", "main", "app", "--allow", "secrets"]).success();
    assert!(!silent.stderr.contains("[secret]"));
    sandbox.refused(&["main", "--deny", "sekret"]).failure(2, "there is no rule `sekret`");
    sandbox.refused(&["main", "--deny", "secret", "--allow", "secrets"]).failure(2, "contradict one another");
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf8_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = tree();
    let name = std::ffi::OsStr::from_bytes(b"assets/\xff.txt");
    std::fs::write(sandbox.path("").join(name), "x").unwrap();
    sandbox.refused(&["main", "assets"]).failure(2, "is not valid UTF-8");
    sandbox.refused(&["main", "--include", "assets/*.txt"]).failure(2, "is not valid UTF-8");
    let run = crate::support::Run::of(sandbox.program().args(["pack", "main"]).arg(name));
    run.failure(2, "it is not valid UTF-8");
    assert_eq!(sandbox.pack(&["main", "--include", "assets/*/**"]).names().len(), 3);
}

#[cfg(unix)]
#[test]
fn what_is_neither_file_nor_folder_is_refused() {
    let sandbox = tree();
    let _socket = std::os::unix::net::UnixListener::bind(sandbox.path("assets/socket")).unwrap();
    sandbox
        .refused(&["main", "assets"])
        .failure(2, "assets/socket` is a socket, not a file, directory or symbolic link");
}

/// Root may read everything.
#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_an_error_of_the_archive() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = tree();
    let set = |path: &str, mode| {
        std::fs::set_permissions(sandbox.path(path), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set("assets/a.txt", 0);
    if std::fs::read(sandbox.path("assets/a.txt")).is_ok() {
        set("assets/a.txt", 0o644);
        return;
    }
    sandbox.refused(&["main", "assets"]).failure(103, "assets/a.txt");
    sandbox.refused(&["main", "--mode", "**=0644", "assets"]).failure(103, "assets/a.txt");
    set("assets/a.txt", 0o644);
    set("assets/img", 0);
    sandbox.refused(&["main", "assets"]).failure(103, "assets/img");
    set("assets/img", 0o755);
}

/// What macOS and Windows would find here, they refuse with the same words.
#[test]
fn a_name_that_is_typed_otherwise_than_it_is_listed_is_told() {
    let sandbox = tree();
    for (include, hint) in [
        (
            "Assets",
            "hint: found `assets`, which is another name than `Assets` on Linux: type it that way, or rename it",
        ),
        ("assets/A.txt=b", "hint: found `a.txt`, which is another name than `A.txt` on Linux"),
        ("assets/IMG/*.png", "hint: found `img`, which is another name than `IMG` on Linux"),
        ("assets/**/*.PNG", "img/logo.png` differs from it only by upper and lower case"),
    ] {
        let run = sandbox.refused(&["main", "--include", include]);
        run.failure(2, &format!("`--include {include}` matches nothing")).says(hint);
    }
}

// Folders of macOS list and find names by rules of their own.
#[cfg(not(target_vendor = "apple"))]
#[test]
fn a_letter_can_be_written_in_two_ways() {
    const COMPOSED: &str = "donn\u{e9}es";
    const DECOMPOSED: &str = "donne\u{301}es";
    let sandbox = tree();
    sandbox.write(&format!("{DECOMPOSED}/prix.csv"), "1");
    let run = sandbox.refused(&["main", COMPOSED]).failure(2, "matches nothing");
    run.says(r"spelled `donne\u{301}es`, expected `donn\u{e9}es`: rename it");
    sandbox.refused(&["main", "donn\u{e9}*/**"]).failure(2, "matches nothing").says("how its letters are composed");
    // What is on the disk of a Linux machine is what its programs ask for.
    let zip = sandbox.pack(&["main", DECOMPOSED]);
    assert_eq!(zip.names()[1..], [format!("{DECOMPOSED}/prix.csv")]);
    sandbox.write(&format!("{COMPOSED}/prix.csv"), "2");
    let run = sandbox.run(&["pack", "main", COMPOSED, DECOMPOSED]).success();
    run.says("[case-collision]").says("differ only by how their letters are composed");
}
