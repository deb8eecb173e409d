//! Colours, verbosity and progress follow the terminal and the settings that cargo follows.

use test_support::Fixture;

use crate::viewer::Viewed;

const ALWAYS: (&str, &str) = ("CARGO_TERM_COLOR", "always");
const NEVER: (&str, &str) = ("CARGO_TERM_COLOR", "never");
const NO_COLOR: (&str, &str) = ("NO_COLOR", "1");
const FORCED: (&str, &str) = ("CLICOLOR_FORCE", "1");

/// Variables, flags, and whether the output is coloured.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], bool);

/// A directory with a configuration file of cargo's.
fn configured(config: &str) -> Fixture {
    let fixture = Fixture::with_executable();
    fixture.write(".cargo/config.toml", config);
    fixture
}

#[test]
fn a_pipe_gets_colours_only_on_request() {
    let cases: [Case; 8] = [
        (&[], &[], false),
        (&[FORCED], &[], true),
        (&[FORCED, NO_COLOR], &[], false),
        (&[ALWAYS], &[], true),
        (&[ALWAYS, NO_COLOR], &[], true),
        (&[ALWAYS], &["--color", "never"], false),
        (&[NEVER, FORCED], &[], false),
        (&[NO_COLOR], &["--color=always"], true),
    ];
    let fixture = Fixture::with_executable();
    for (settings, flags, expected) in cases {
        for command in [&["pack", "main"][..], &["pack", "-h"], &["pack", "--no-such-flag"]] {
            let seen = Viewed::new(&fixture, settings).in_pipe(&[command, flags].concat());
            assert_eq!(seen.is_colored(), expected, "{settings:?} {command:?} {flags:?}\n{}", seen.text);
        }
    }
}

#[test]
#[ignore = "needs `script` of util-linux"]
fn a_terminal_gets_colours_unless_they_are_turned_off() {
    let cases: [Case; 8] = [
        (&[], &[], true),
        (&[NO_COLOR], &[], false),
        (&[("CLICOLOR", "0")], &[], false),
        (&[("TERM", "dumb")], &[], false),
        (&[NEVER], &[], false),
        (&[NO_COLOR, ALWAYS], &[], true),
        (&[("TERM", "dumb")], &["--color", "always"], true),
        (&[ALWAYS], &["--color", "never"], false),
    ];
    let fixture = Fixture::with_executable();
    for (settings, flags, expected) in cases {
        for command in [&["pack", "main"][..], &["pack", "-h"]] {
            let seen = Viewed::new(&fixture, settings).on_terminal(100, &[command, flags].concat());
            assert_eq!(seen.is_colored(), expected, "{settings:?} {command:?} {flags:?}\n{}", seen.text);
            assert_eq!(seen.code, 0);
        }
    }
}

#[test]
fn environment_and_flags_override_the_config_file() {
    let fixture = configured("[term]\ncolor = 'always'\n");
    let pack = ["pack", "main"];
    assert!(Viewed::new(&fixture, &[]).in_pipe(&pack).is_colored());
    assert!(Viewed::new(&fixture, &[]).in_pipe(&["-h"]).is_colored());
    assert!(!Viewed::new(&fixture, &[NEVER]).in_pipe(&pack).is_colored());
    assert!(!Viewed::new(&fixture, &[]).in_pipe(&["pack", "main", "--color", "never"]).is_colored());
    // There is no package here, so there is an error, coloured or not.
    let without_package = |args: &[&str]| {
        let seen = Viewed::new(&fixture, &[ALWAYS]).in_pipe(args);
        assert_eq!(seen.code, 102, "{}", seen.text);
        seen.is_colored()
    };
    assert!(without_package(&[]));
    assert!(!without_package(&["--config", "term.color='never'"]));
}

#[test]
fn quiet_and_verbose_are_read_where_cargo_reads_them() {
    let packs_loudly = |fixture: &Fixture, settings: &[(&str, &str)], flags: &[&str]| {
        let seen = Viewed::new(fixture, settings).in_pipe(&[&["pack", "main"], flags].concat());
        assert_eq!(seen.code, 0, "{}", seen.text);
        seen.text.contains("Packaging")
    };
    let fixture = Fixture::with_executable();
    assert!(packs_loudly(&fixture, &[], &[]));
    assert!(!packs_loudly(&fixture, &[], &["-q"]));
    assert!(!packs_loudly(&fixture, &[("CARGO_TERM_QUIET", "true")], &[]));
    let quiet = configured("term.quiet = true");
    assert!(!packs_loudly(&quiet, &[], &[]));
    assert!(packs_loudly(&quiet, &[], &["-v"]));
    assert!(packs_loudly(&quiet, &[("CARGO_TERM_QUIET", "false")], &[]));
}

#[test]
fn an_unreadable_configuration_is_a_warning() {
    for config in ["term = ", "term.color = 'pink'"] {
        let fixture = configured(config);
        let seen = Viewed::new(&fixture, &[]).in_pipe(&["pack", "main"]);
        assert!(seen.code == 0 && seen.text.contains("warning: failed to read cargo's configuration"), "{}", seen.text);
        assert_eq!(seen.text.matches("warning").count(), 1, "{}", seen.text);
        assert!(fixture.path("main.zip").is_file());
    }
}

/// Files large enough for a progress bar.
fn large() -> Fixture {
    let fixture = Fixture::with_executable();
    fixture.write("data/large", vec![0; 17 << 20]);
    fixture
}

const PACK: [&str; 5] = ["pack", "main", "data", "--compression", "fast"];

#[test]
#[ignore = "needs `script` of util-linux"]
fn a_terminal_shows_progress_unless_it_is_dumb_in_ci_or_turned_off() {
    let fixture = large();
    let shows = |settings: &[(&str, &str)], flags: &[&str]| {
        let seen = Viewed::new(&fixture, settings).on_terminal(90, &[&PACK, flags].concat());
        assert_eq!(seen.code, 0, "{}", seen.text);
        seen.text.contains("Compressing")
    };
    assert!(shows(&[], &[]));
    assert!(shows(&[NO_COLOR], &[]));
    assert!(shows(&[("CI", "true"), ("CARGO_TERM_PROGRESS_WHEN", "always")], &[]));
    for setting in [("TERM", "dumb"), ("CI", "true"), ("TF_BUILD", "True"), ("CARGO_TERM_PROGRESS_WHEN", "never")] {
        assert!(!shows(&[setting], &[]), "{setting:?}");
    }
    assert!(!shows(&[], &["--quiet"]));
}

#[test]
fn a_pipe_shows_progress_only_if_it_is_always_on() {
    let fixture = large();
    let plain = Viewed::new(&fixture, &[]).in_pipe(&PACK);
    assert!(!plain.text.contains("Compressing"), "{}", plain.text);
    let always = [("CARGO_TERM_PROGRESS_WHEN", "always"), ("CARGO_TERM_PROGRESS_WIDTH", "60")];
    let seen = Viewed::new(&fixture, &always).in_pipe(&PACK);
    let bars: Vec<_> = seen.text.split(['\r', '\n']).filter(|line| line.contains("Compressing")).collect();
    assert!(!bars.is_empty() && bars.iter().all(|bar| bar.len() <= 60), "{bars:?}");
    assert!(!seen.text.contains('\x1b'), "{:?}", seen.text);
}
