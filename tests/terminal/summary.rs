//! The summary at the end of a run, which is for terminals and not for logs.

use test_support::Fixture;

use crate::viewer::Viewed;

fn packed() -> Fixture {
    let fixture = Fixture::with_executable();
    fixture.write("data/words.txt", "word ".repeat(4000));
    fixture
}

const PACK: [&str; 3] = ["pack", "main", "data"];

#[test]
fn a_log_has_no_summary_unless_it_is_verbose() {
    let fixture = packed();
    let seen = |flags: &[&str]| Viewed::new(&fixture, &[]).in_pipe(&[&PACK, flags].concat()).text;
    assert!(!seen(&[]).contains("Upload"));
    let verbose = seen(&["-v"]);
    assert!(verbose.contains("    Unpacked 19.6 KiB of 250.0 MiB (<1 %)\n"), "{verbose}");
    assert!(verbose.contains("     Largest `data/words.txt` 19.5 KiB, `bootstrap` 120 B\n"), "{verbose}");
    assert!(!verbose.contains("[>"), "{verbose}");
}

#[test]
#[ignore = "needs `script` of util-linux"]
fn a_terminal_shows_bars_unless_it_is_narrow_quiet_or_in_ci() {
    let fixture = packed();
    let bars = |columns, settings: &[(&str, &str)], flags: &[&str]| {
        let seen = Viewed::new(&fixture, settings).on_terminal(columns, &[&PACK, flags].concat());
        assert_eq!(seen.code, 0, "{}", seen.text);
        assert!(seen.text.lines().all(|line| line.len() < 200), "{}", seen.text);
        seen.text.contains(&format!("[>{}]", " ".repeat(24)))
    };
    assert!(bars(100, &[("NO_COLOR", "1")], &[]));
    assert!(bars(60, &[("TERM", "dumb")], &[]));
    assert!(!bars(40, &[("NO_COLOR", "1")], &[]));
    assert!(!bars(100, &[("CI", "true")], &[]));
    assert!(!bars(100, &[], &["-q"]));
}
