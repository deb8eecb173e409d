//! Which files are included, and under which names.

use std::path::Path;

use test_support::{Fixture, Program, Run, program_under_test};

fn tree() -> Fixture {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["assets/a.txt", "assets/img/logo.png", "assets/img/old/logo.png", "README.md", "certs/ca.crt"]);
    fixture
}

#[test]
fn a_directory_is_included_with_its_contents() {
    let fixture = tree();
    fixture.create_dir("assets/empty/inner");
    let zip = fixture.pack(&["main", "assets"]);
    assert_eq!(
        zip.names(),
        ["bootstrap", "assets/a.txt", "assets/empty/inner/", "assets/img/logo.png", "assets/img/old/logo.png"]
    );
    assert_eq!(zip.mode("assets/empty/inner/"), 0o040_755);
    fixture.create_dir("void");
    assert_eq!(fixture.pack(&["main", "void"]).names(), ["bootstrap", "void/"]);
}

#[test]
fn globs_keep_the_path() {
    let fixture = tree();
    for (glob, names) in [
        ("assets/*.txt", &["assets/a.txt"][..]),
        ("./assets/**/*.png", &["assets/img/logo.png", "assets/img/old/logo.png"]),
        ("assets/**", &["assets/a.txt", "assets/img/logo.png", "assets/img/old/logo.png"]),
        ("assets/im?", &["assets/img/logo.png", "assets/img/old/logo.png"]),
        ("assets/{a.txt,img/*.png}", &["assets/a.txt", "assets/img/logo.png"]),
        ("*.md", &["README.md"]),
        ("**/c[a-b].crt", &["certs/ca.crt"]),
    ] {
        let zip = fixture.pack(&["main", "--include", glob]);
        assert_eq!(zip.names()[1..], *names, "{glob}");
    }
}

#[test]
fn a_destination_replaces_the_path_before_the_first_wildcard() {
    let fixture = tree();
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
        let zip = fixture.pack(&["main", "--include", include]);
        assert_eq!(zip.names()[1..], *names, "{include}");
    }
}

#[test]
fn an_equals_sign_can_be_part_of_a_name() {
    let fixture = tree();
    fixture.write_all(&["k=v", "[x]"]);
    assert_eq!(fixture.pack(&["main", "k=v", "[x]"]).names(), ["bootstrap", "[x]", "k=v"]);
    assert_eq!(fixture.pack(&["main", "--include", "k=v"]).names(), ["bootstrap", "k=v"]);
    assert_eq!(fixture.pack(&["main", "--include", "k=v=w"]).names(), ["bootstrap", "w"]);
}

#[test]
fn an_include_that_matches_nothing_is_an_error() {
    let fixture = tree();
    for (include, shown) in [
        ("asets", "`--include asets` matches nothing"),
        ("asets/**", "`--include asets/**` matches nothing"),
        ("assets/*.md", "`--include assets/*.md` matches nothing"),
        ("asets=static", "`--include asets=static` matches nothing"),
        ("main/x", "`--include main/x` matches nothing"),
    ] {
        fixture.fails_to_pack(&["main", "--include", include]).fails(2, shown);
    }
    fixture.fails_to_pack(&["main", "asets"]).fails(2, "`asets` matches nothing");
    fixture.fails_to_pack(&["main", "--include", "a[=b"]).fails(2, "`a[` is not a glob");
}

#[test]
fn excludes_leave_out_names_and_paths() {
    let fixture = tree();
    for (exclude, names) in [
        ("*.png", &["assets/a.txt"][..]),
        ("img", &["assets/a.txt"]),
        ("assets/img/**", &["assets/a.txt"]),
        ("assets/img/*.png", &["assets/a.txt", "assets/img/old/logo.png"]),
        ("old/", &["assets/a.txt", "assets/img/logo.png"]),
        ("./assets/a.txt", &["assets/img/logo.png", "assets/img/old/logo.png"]),
        ("assets", &[]),
    ] {
        let zip = fixture.pack(&["main", "assets", "--exclude-path", exclude]);
        assert_eq!(zip.names()[1..], *names, "{exclude}");
        let alias = fixture.pack(&["main", "--exclude", exclude, "--include", "assets/**"]);
        assert_eq!(alias.names()[1..], *names, "{exclude}");
    }
}

#[test]
fn an_empty_directory_is_an_entry_even_with_default_excludes_in_it() {
    let fixture = tree();
    fixture.create_dir("web/void");
    let clean = fixture.pack(&["main", "web"]);
    assert_eq!(clean.names(), ["bootstrap", "web/void/"]);
    fixture.write("web/void/.DS_Store", "");
    assert_eq!(fixture.pack(&["main", "web"]).bytes, clean.bytes);
}

#[test]
fn default_excludes_are_left_out_and_reported() {
    let fixture = tree();
    fixture.write_all(&[
        "web/.git/HEAD",
        "web/.DS_Store",
        "web/Thumbs.db",
        "web/a.html~",
        "web/a.html",
        "web/.env.example",
    ]);
    fixture.write("web/out/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    fixture.write_all(&["web/out/x.rlib"]);
    let run = fixture.run(&["pack", "main", "web"]).success();
    let line = run.stderr.lines().find(|line| line.contains("Leaving out")).unwrap();
    assert!(line.contains("web/.DS_Store` and 4 more (`--no-default-excludes`"), "{line}");
    assert_eq!(run.stderr.matches("Leaving out").count(), 1);
    let zip = fixture.pack(&["main", "web"]);
    assert_eq!(zip.names(), ["bootstrap", "web/.env.example", "web/a.html"]);
    let all = fixture.pack(&["main", "web", "--no-default-excludes", "--allow", "litter"]);
    assert_eq!(all.names().len(), 9);
    // A file that is named explicitly is included.
    assert_eq!(fixture.pack(&["main", "web/a.html~"]).names(), ["bootstrap", "web/a.html~"]);
    fixture.fails_to_pack(&["main", "--include", "web/*~"]).fails(2, "matches nothing").says("--no-default-excludes");
    let quiet = fixture.run(&["pack", "main", "--include", "*.md"]).success();
    assert!(!quiet.stderr.contains("Leaving out"), "{}", quiet.stderr);
}

#[test]
fn a_directory_is_included_without_the_files_of_the_run() {
    let fixture = tree();
    let first = fixture.pack(&["main", "."]);
    assert_eq!(first.names().len(), 6, "{:?}", first.names());
    fixture.write(".main.zip.aB3dE9.tmp", "of another run");
    let second = fixture.pack(&["main", "--include", "**"]);
    assert_eq!(first.bytes, second.bytes);
}

#[test]
fn secrets_are_warned_of_or_denied() {
    let fixture = tree();
    fixture.write("app/.env", "TOKEN=1");
    fixture.write("app/.aws/credentials", "[default]");
    fixture.write(
        "app/key.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\n",
    );
    fixture.write("app/ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let run = fixture.run(&["pack", "main", "app"]).success();
    for name in ["app/.env", "app/.aws/credentials", "app/key.pem"] {
        assert!(run.stderr.contains(&format!("`{name}` looks like")), "{}", run.stderr);
    }
    assert!(!run.stderr.contains("ca.pem"), "{}", run.stderr);
    std::fs::remove_file(fixture.path("main.zip")).unwrap();
    fixture.fails_to_pack(&["main", "app", "--deny", "secrets"]).fails(100, "[secret]");
    fixture.fails_to_pack(&["main", "app", "--deny", "secret"]).fails(100, "[secret]");
    let silent = fixture.run(&["pack", "main", "app", "--allow", "secrets"]).success();
    assert!(!silent.stderr.contains("[secret]"));
    fixture.fails_to_pack(&["main", "--deny", "sekret"]).fails(2, "unknown rule `sekret`");
    fixture
        .fails_to_pack(&["main", "--deny", "secret", "--allow", "secrets"])
        .fails(2, "the rule `secrets` has two levels");
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf8_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let fixture = tree();
    let name = std::ffi::OsStr::from_bytes(b"assets/\xff.txt");
    std::fs::write(fixture.path("").join(name), "x").unwrap();
    fixture.fails_to_pack(&["main", "assets"]).fails(2, "is not valid UTF-8");
    fixture.fails_to_pack(&["main", "--include", "assets/*.txt"]).fails(2, "is not valid UTF-8");
    let run = fixture.program().args(["pack", "main"]).arg(name).run();
    run.fails(2, "it is not valid UTF-8");
    assert_eq!(fixture.pack(&["main", "--include", "assets/*/**"]).names().len(), 3);
}

#[cfg(unix)]
#[test]
fn special_files_are_refused() {
    let fixture = tree();
    let _socket = std::os::unix::net::UnixListener::bind(fixture.path("assets/socket")).unwrap();
    fixture
        .fails_to_pack(&["main", "assets"])
        .fails(2, "assets/socket` is a socket, not a file, directory or symbolic link");
}

/// Root may read everything. Where the tests run as root, `pack` runs without the capabilities for that.
#[cfg(unix)]
fn fails_to_read(fixture: &Fixture, args: &[&str]) -> Run {
    let readable = fixture.write("unreadable", "");
    set_mode(&readable, 0);
    let is_root = std::fs::read(&readable).is_ok();
    std::fs::remove_file(readable).unwrap();
    if !is_root {
        return fixture.fails_to_pack(args);
    }
    let unprivileged = Program::other("setpriv", fixture.root());
    let pack = unprivileged.arg("--bounding-set=-dac_override,-dac_read_search").arg(program_under_test()).arg("pack");
    let before = fixture.names();
    let run = pack.args(args).run().prints("");
    assert_eq!(fixture.names(), before, "{run}");
    run
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_an_error_of_the_archive() {
    let fixture = tree();
    let (file, directory) = (fixture.path("assets/a.txt"), fixture.path("assets/img"));
    set_mode(&file, 0);
    fails_to_read(&fixture, &["main", "assets"]).fails(103, "assets/a.txt");
    fails_to_read(&fixture, &["main", "--mode", "**=0644", "assets"]).fails(103, "assets/a.txt");
    set_mode(&file, 0o644);
    set_mode(&directory, 0);
    fails_to_read(&fixture, &["main", "assets"]).fails(103, "assets/img");
    // So that the fixture can be removed.
    set_mode(&directory, 0o755);
}

/// On macOS and Windows the file system would find these names; the error there is the same.
#[test]
fn a_name_with_the_wrong_case_is_refused_with_the_right_one() {
    let fixture = tree();
    for (include, hint) in [
        (
            "Assets",
            "hint: found `assets`, which is another name than `Assets` on Linux: type it that way, or rename it",
        ),
        ("assets/A.txt=b", "hint: found `a.txt`, which is another name than `A.txt` on Linux"),
        ("assets/IMG/*.png", "hint: found `img`, which is another name than `IMG` on Linux"),
        ("assets/**/*.PNG", "img/logo.png` differs from it only by upper and lower case"),
    ] {
        let run = fixture.fails_to_pack(&["main", "--include", include]);
        run.fails(2, &format!("`--include {include}` matches nothing")).says(hint);
    }
}

// File systems of macOS normalise names.
#[cfg(not(target_vendor = "apple"))]
#[test]
fn a_name_with_letters_composed_differently_is_refused_with_a_hint() {
    const COMPOSED: &str = "donn\u{e9}es";
    const DECOMPOSED: &str = "donne\u{301}es";
    let fixture = tree();
    fixture.write(&format!("{DECOMPOSED}/prix.csv"), "1");
    let run = fixture.fails_to_pack(&["main", COMPOSED]).fails(2, "matches nothing");
    run.says(r"spelled `donne\u{301}es`, expected `donn\u{e9}es`: rename it");
    fixture.fails_to_pack(&["main", "donn\u{e9}*/**"]).fails(2, "matches nothing").says("how its letters are composed");
    // The name that is on the disk of a Linux machine is the one that its programs open.
    let zip = fixture.pack(&["main", DECOMPOSED]);
    assert_eq!(zip.names()[1..], [format!("{DECOMPOSED}/prix.csv")]);
    fixture.write(&format!("{COMPOSED}/prix.csv"), "2");
    let run = fixture.run(&["pack", "main", COMPOSED, DECOMPOSED]).success();
    run.says("[case-collision]").says("differ only by how their letters are composed");
}
