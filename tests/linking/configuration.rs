//! Rustflags, linkers, and rustc from cargo's configuration reach rustc as with `cargo build`: each key from each source, and
//! from all of them together.
//!
//! Each case runs plain cargo and the program with the same files, arguments and environment. A recorder in place of rustc
//! writes down how it was called and fails for the package itself, so that nothing is linked.

use crate::sources::{
    Case, Comparison, HOME, INNER, LINKER_VARIABLE, MIDDLE, OUTER, PACKAGE, RUSTFLAGS_VARIABLE, SOURCES, TRIPLE, flags,
};

/// A list of the three keys for rustflags, with the variable of each.
fn rustflags_keys() -> [(String, Option<&'static str>); 3] {
    [
        ("build.rustflags".to_owned(), Some("CARGO_BUILD_RUSTFLAGS")),
        (format!("target.{TRIPLE}.rustflags"), Some(RUSTFLAGS_VARIABLE)),
        ("target.'cfg(unix)'.rustflags".to_owned(), None),
    ]
}

#[test]
fn rustflags_from_each_source_reach_rustc_in_either_form() {
    let comparison = Comparison::new();
    for (key, variable) in rustflags_keys() {
        for (name, source) in SOURCES {
            for value in ["['--cfg', 'seen']", "'--cfg seen'"] {
                let seen = comparison.compare(&source(Case::default(), &key, value));
                assert_eq!(seen, ["seen"], "{key} from {name}");
            }
        }
        if let Some(variable) = variable {
            assert_eq!(comparison.compare(&Case::default().env(variable, "--cfg seen")), ["seen"]);
        }
    }
}

#[test]
fn rustflags_from_all_sources_are_joined_in_cargos_order() {
    let comparison = Comparison::new();
    for (key, variable) in rustflags_keys() {
        let list = |name: &str| format!("{key} = ['--cfg', '{name}']\n");
        let included = format!("include = ['a.toml', 'b.toml']\n{}", list("inner"));
        let mut case = Case::default()
            .file(HOME, &list("home"))
            .file(OUTER, &list("outer"))
            .file(MIDDLE, &list("middle"))
            .file(INNER, &included)
            .file(&format!("{PACKAGE}/.cargo/a.toml"), &list("a"))
            .file(&format!("{PACKAGE}/.cargo/b.toml"), &list("b"))
            .config(&list("first").trim_end().replace(" = ", "="))
            .config(&list("second").trim_end().replace(" = ", "="));
        let mut expected = vec!["home", "outer", "middle", "a", "b", "inner"];
        if let Some(variable) = variable {
            case = case.env(variable, "--cfg variable");
            expected.push("variable");
        }
        expected.extend(["first", "second"]);
        assert_eq!(comparison.compare(&case), expected, "{key}");
    }
}

#[test]
fn tables_of_a_target_are_joined_and_hide_those_of_the_build() {
    let comparison = Comparison::new();
    let text = format!(
        "[target.'cfg(unix)']\nrustflags = '--cfg unix_table'\n[target.'cfg(target_os = \"linux\")']\n\
         rustflags = ['--cfg', 'linux_table']\n[target.{TRIPLE}]\nrustflags = ['--cfg', 'triple_table']\n\
         [target.'cfg(windows)']\nrustflags = ['--cfg', 'windows_table']\n[build]\nrustflags = ['--cfg', 'build_table']\n"
    );
    let seen = comparison.compare(&Case::default().file(INNER, &text));
    assert_eq!(seen, ["triple_table", "linux_table", "unix_table"]);
}

#[test]
fn an_empty_key_hides_nothing_and_an_empty_variable_does() {
    let comparison = Comparison::new();
    let build = || Case::default().file(OUTER, "build.rustflags = ['--cfg', 'seen']\n");
    for case in [
        build().file(INNER, &format!("target.{TRIPLE}.rustflags = []\n")),
        build().file(INNER, "target.'cfg(unix)'.rustflags = ''\n"),
        build().file(INNER, "build.rustflags = []\n"),
        build().env("CARGO_BUILD_RUSTFLAGS", ""),
        build().env(RUSTFLAGS_VARIABLE, ""),
        build().config("build.rustflags=[]"),
    ] {
        assert_eq!(comparison.compare(&case), ["seen"], "{case:?}");
    }
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        assert!(comparison.compare(&build().env(variable, "")).is_empty());
        let separator = if variable == "RUSTFLAGS" { " " } else { "\x1f" };
        let case = build().env(variable, &["--cfg", "variable"].join(separator));
        assert_eq!(comparison.compare(&case), ["variable"]);
    }
    let case = build().file(INNER, "[env]\nRUSTFLAGS = '--cfg table'\nCARGO_ENCODED_RUSTFLAGS = '--cfg table'\n");
    assert_eq!(comparison.compare(&case), ["seen"], "`[env]` is for build scripts");
}

#[test]
fn a_string_stays_a_string_where_cargo_would_not_merge_a_list() {
    let comparison = Comparison::new();
    let key = format!("target.{TRIPLE}.rustflags");
    let file = || Case::default().file(INNER, &format!("{key} = '--cfg file'\n"));
    assert_eq!(comparison.compare(&file()), ["file"]);
    assert_eq!(comparison.compare(&file().config(&format!("{key}='--cfg argument'"))), ["argument"]);
    assert_eq!(comparison.compare(&file().env(RUSTFLAGS_VARIABLE, "--cfg variable")), ["file", "variable"]);

    // Targets that need different flags.
    let case = file()
        .file(MIDDLE, "target.'cfg(unix)'.rustflags = '--cfg table'\nbuild.rustflags = '--cfg build'\n")
        .env("RUSTC_WRAPPER", comparison.recorder.to_str().unwrap());
    let both = ["--target", TRIPLE, "--target", "aarch64-unknown-linux-musl", "--target-cpu", "lambda"];
    let log = comparison.recorded(comparison.program().args(both).args(["--", "--keep-going"]), &case);
    let calls: Vec<_> =
        log.split(|arg| arg.starts_with("--crate-name")).map(flags).filter(|flags| !flags.is_empty()).collect();
    assert_eq!(calls.len(), 2, "{log:?}");
    assert!(calls.contains(&vec!["file".to_owned(), "table".to_owned()]), "{calls:?}");
    assert!(calls.contains(&vec!["table".to_owned()]), "{calls:?}");
}

#[test]
fn the_linker_from_each_source_is_used() {
    let comparison = Comparison::new();
    for key in [format!("target.{TRIPLE}.linker"), "target.'cfg(unix)'.linker".to_owned()] {
        for (name, source) in SOURCES {
            let seen = comparison.compare(&source(Case::default(), &key, "'my-ld'"));
            assert_eq!(seen, ["linker=my-ld"], "{key} from {name}");
            let seen = comparison.compare(&source(Case::default(), &key, "'bin/my-ld'"));
            assert!(seen[0].ends_with("/bin/my-ld"), "{key} from {name}: {seen:?}");
        }
    }
    let key = format!("target.{TRIPLE}.linker");
    let file = || Case::default().file(INNER, &format!("{key} = 'file-ld'\n"));
    assert_eq!(comparison.compare(&file().env(LINKER_VARIABLE, "variable-ld")), ["linker=variable-ld"]);
    let case = file().env(LINKER_VARIABLE, "variable-ld").config(&format!("{key}='argument-ld'"));
    assert_eq!(comparison.compare(&case), ["linker=argument-ld"]);
    let both = file().file(OUTER, "target.'cfg(unix)'.linker = 'table-ld'\n");
    assert_eq!(comparison.compare(&both), ["linker=file-ld"]);
}

#[test]
fn rustc_and_its_wrappers_from_each_source_are_used() {
    let comparison = Comparison::new();
    let recorder = format!("'{}'", comparison.recorder.display());
    for key in ["rustc-wrapper", "rustc-workspace-wrapper"] {
        for (_, source) in SOURCES {
            comparison.compare_recorded(&source(Case::default(), &format!("build.{key}"), &recorder));
        }
        let path = comparison.recorder.to_str().unwrap();
        let variable = key.to_uppercase().replace('-', "_");
        comparison.compare_recorded(&Case::default().env(&variable, path));
        comparison.compare_recorded(&Case::default().env(&format!("CARGO_BUILD_{variable}"), path));
    }
    for (_, source) in SOURCES {
        comparison.compare_recorded(&source(Case::default(), "build.rustc", &recorder));
    }
    for variable in ["RUSTC", "CARGO_BUILD_RUSTC"] {
        comparison.compare_recorded(&Case::default().env(variable, comparison.recorder.to_str().unwrap()));
    }
}
