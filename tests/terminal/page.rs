//! `--report-html`: the page as a file, for good and for bad zips.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use test_support::elf::executable;
use test_support::zip_builder::{self, Item};
use test_support::{Fixture, Run};

const DATA: u32 = 0o100_644;

/// Names that would be code if a page contained them unescaped.
pub(crate) const HOSTILE: [&str; 5] = [
    "<script>window.hostile=1</script>",
    "</style><script>window.hostile=2</script>",
    "\"><img src=x onerror=window.hostile=3>",
    "' onmouseover='window.hostile=4",
    "data/&lt;b&gt;.txt",
];

/// A zip with a program that starts and with hostile names.
pub(crate) fn hostile_zip() -> Vec<u8> {
    let mut items = vec![Item::new("bootstrap", 0o100_755, executable(62))];
    items.extend(HOSTILE.iter().map(|name| Item::new(*name, DATA, vec![7; 4000])));
    zip_builder::zip(&items)
}

fn page(fixture: &Fixture) -> String {
    std::fs::read_to_string(fixture.path("page.html")).unwrap()
}

fn check(fixture: &Fixture, flags: &[&str]) -> Run {
    fixture.run(&[&["check", "function.zip", "--report-html", "page.html"], flags].concat())
}

#[test]
fn a_page_loads_nothing_and_runs_only_its_own_script() {
    let fixture = Fixture::with_executable();
    fixture.write("function.zip", hostile_zip());
    check(&fixture, &[]);
    let page = page(&fixture);
    let between = |start: &str, end: &str| page.split(start).nth(1).unwrap().split(end).next().unwrap().to_owned();
    let policy = between("Content-Security-Policy\" content=\"", "\"");
    for (directive, text) in [("style", between("<style>", "</style>")), ("script", between("<script>", "</script>"))] {
        let hash = BASE64_STANDARD.encode(Sha256::digest(text));
        assert!(policy.contains(&format!("{directive}-src &#39;sha256-{hash}&#39;").replace("&#39;", "'")), "{policy}");
    }
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("<img"), "{page}");
    for reference in page.split(" href=\"").skip(1).chain(page.split(" src=\"").skip(1)) {
        assert!(reference.starts_with('#') || reference.starts_with("data:,\""), "{}", &reference[..40]);
    }
    assert!(!page.contains("url(") && !page.contains("@import") && !page.contains(" style="));
    assert!(page.contains("&lt;script&gt;window.hostile=1&lt;/script&gt;"));
}

#[test]
fn the_same_zip_gives_the_same_page_everywhere() {
    let pages = [(), ()].map(|()| {
        let fixture = Fixture::with_executable();
        fixture.write("function.zip", hostile_zip());
        check(&fixture, &[]);
        page(&fixture)
    });
    assert_eq!(pages[0], pages[1]);
    let packed = [(), ()].map(|()| {
        let fixture = Fixture::with_executable();
        fixture.run(&["pack", "main", "--report-html", "page.html"]).success();
        page(&fixture)
    });
    assert_eq!(packed[0], packed[1]);
    let fixture = Fixture::with_executable();
    assert!(!packed[0].contains(fixture.path("").parent().unwrap().to_str().unwrap()), "a path of the machine");
}

#[test]
fn a_page_shows_the_contents_and_the_findings_of_a_zip() {
    let fixture = Fixture::with_executable();
    let arm = executable(183);
    fixture.write(
        "function.zip",
        zip_builder::zip(&[Item::new("bootstrap", 0o100_644, arm), Item::new("a/b", DATA, b"c")]),
    );
    let without = fixture.run(&["check", "function.zip"]);
    let with = check(&fixture, &[]);
    assert_eq!((with.code, &with.stdout), (100, &without.stdout), "{}", with.stderr);
    let page = page(&fixture);
    let sum = BASE64_STANDARD.encode(Sha256::digest(std::fs::read(fixture.path("function.zip")).unwrap()));
    for text in [
        "broken",
        "not-executable",
        "Why: ",
        "Hint: ",
        "arm64",
        "none, the kernel starts it directly",
        "0644",
        "a/b",
        &sum,
    ] {
        assert!(page.contains(text), "`{text}` is missing");
    }
}

#[test]
fn a_page_is_written_for_files_that_are_not_zips() {
    for bytes in [&b"no zip at all"[..], b"", &hostile_zip()[..100]] {
        let fixture = Fixture::with_executable();
        fixture.write("function.zip", bytes);
        assert_eq!(check(&fixture, &[]).code, 100);
        let page = page(&fixture);
        assert!(page.contains("zip-unreadable") || page.contains("zip-truncated"), "{page}");
        assert!(page.contains(">broken<"));
    }
}

#[test]
fn a_page_is_written_for_zips_with_wrong_sizes() {
    let mut zip = hostile_zip();
    // Makes every size in the central directory as large as possible.
    let starts: Vec<_> =
        zip.windows(4).enumerate().filter(|(_, four)| *four == b"PK\x01\x02").map(|(at, _)| at).collect();
    for start in starts {
        zip[start + 20..start + 28].fill(0xfe);
    }
    let fixture = Fixture::with_executable();
    fixture.write("function.zip", zip);
    assert_eq!(check(&fixture, &[]).code, 100);
    assert!(page(&fixture).ends_with("</html>"));
}

#[test]
fn several_zips_share_a_page_with_a_table() {
    let fixture = Fixture::with_executable();
    fixture.write("one/bootstrap.zip", hostile_zip());
    fixture.write("two.zip", b"no zip");
    let zips = ["one/bootstrap.zip", "two.zip"];
    fixture.run(&[&["check", "--report-html", "out/page.html"], &zips[..]].concat()).fails(100, "zip-unreadable");
    let page = std::fs::read_to_string(fixture.path("out/page.html")).unwrap();
    for text in ["2 deployment zips", ">one/bootstrap.zip</a>", ">two.zip</a>", "id=\"z1\"", "id=\"z2\""] {
        assert!(page.contains(text), "`{text}` is missing");
    }
}

#[test]
fn a_refused_zip_has_a_page_and_the_previous_one_stays() {
    let fixture = Fixture::with_executable();
    fixture.write("main.zip", "the previous zip");
    fixture.write("main", executable(40));
    let run = fixture.run(&["pack", "main", "--report-html", "page.html"]);
    assert_eq!((run.code, run.stdout.as_str()), (100, ""), "{}", run.stderr);
    assert_eq!(std::fs::read(fixture.path("main.zip")).unwrap(), b"the previous zip");
    let page = page(&fixture);
    assert!(page.contains(">refused<") && page.contains("machine 40"), "{page}");
}

#[test]
fn a_page_that_cannot_be_written_does_not_stop_the_zip() {
    let fixture = Fixture::with_executable();
    fixture.write("taken", "a file");
    let run = fixture.run(&["pack", "main", "--report-html", "taken/page.html"]);
    let run = run.fails(103, "failed to write the page");
    assert_eq!(run.stdout, format!("{}\n", fixture.path("main.zip").display()));
    assert!(fixture.path("main.zip").is_file());
    assert_eq!(fixture.names(), ["main", "main.zip", "taken"]);
}

#[test]
fn a_page_never_replaces_another_file() {
    let fixture = Fixture::with_executable();
    fixture.write("folder/a", "a");
    fixture.write("function.zip", hostile_zip());
    for (page, what) in [
        ("folder", "is a directory"),
        ("new/", "is a directory"),
        ("main", "would replace"),
        ("main.zip", "would replace"),
    ] {
        fixture.fails_to_pack(&["main", "--report-html", page]).fails(2, what);
    }
    fixture.run(&["check", "function.zip", "--report-html", "./function.zip"]).fails(2, "would replace");
    assert_eq!(std::fs::read(fixture.path("function.zip")).unwrap(), hostile_zip());
    for flags in [&["pack", "main", "--list"][..], &["check", "--list"], &["--dry-run"]] {
        fixture.run(&[flags, &["--report-html", "page.html"]].concat()).fails(2, "cannot be used with");
    }
}

#[test]
fn the_page_of_the_last_run_does_not_go_into_the_next_zip() {
    let fixture = Fixture::with_executable();
    fixture.write("folder/a", "a");
    let pack = || fixture.pack(&["main", "folder", "--report-html", "folder/page.html"]).bytes;
    let first = pack();
    assert!(fixture.path("folder/page.html").is_file());
    assert_eq!(pack(), first);
}

#[test]
fn a_build_of_several_functions_makes_one_page() {
    let fixture = Fixture::with_executable();
    let manifest =
        "[package]\nname = \"shop\"\nversion = \"1.2.3\"\nedition = \"2024\"\n[profile.release]\nlto = \"off\"\n";
    fixture.write("Cargo.toml", manifest);
    fixture.write("src/bin/order.rs", "fn main() {}\n");
    fixture.write("src/bin/refund.rs", "fn main() {}\n");
    let run = fixture.run(&["--report-html", "out/page.html"]).success();
    assert!(run.stderr.contains("      Report out/page.html\n"), "{}", run.stderr);
    let page = std::fs::read_to_string(fixture.path("out/page.html")).unwrap();
    for text in
        ["order", "refund", "shop 1.2.3", ">published<", "target/lambda/order/bootstrap.zip", ".text", "built-in"]
    {
        assert!(page.contains(text), "`{text}` is missing");
    }
}
