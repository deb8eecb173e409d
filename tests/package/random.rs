//! Random trees of files, packed and then extracted by `unzip`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use test_support::Fixture;

/// Files by their paths. There are few names, so that directories fill up and names repeat on other levels.
fn tree() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let name = prop::sample::select(vec!["a", "b", "B.txt", "c d", "é", "日本", "x.bin", "-", "..."]);
    let path = prop::collection::vec(name, 1..4).prop_map(|parts| parts.join("/"));
    let contents = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just(vec![0; 70_000]),
        Just(b"#!/bin/sh\n".to_vec()),
        Just(test_support::elf::executable(62)),
    ];
    prop::collection::btree_map(path, contents, 0..12)
}

/// The files below a directory, and whether they are executable.
fn found(directory: &Path, prefix: &str, into: &mut BTreeMap<String, (Vec<u8>, bool)>) {
    for entry in directory.read_dir().unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found(&entry.path(), &format!("{name}/"), into);
        } else {
            #[cfg(unix)]
            let runnable =
                std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions()) & 0o111 != 0;
            #[cfg(not(unix))]
            let runnable = false;
            into.insert(name, (fs::read(entry.path()).unwrap(), runnable));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "needs unzip"]
    fn what_unzip_extracts_is_what_was_packed(tree in tree()) {
        let fixture = Fixture::with_executable();
        let mut expected = BTreeMap::from([("bootstrap".to_owned(), (test_support::elf::executable(62), true))]);
        fixture.create_dir("tree");
        for (path, contents) in &tree {
            let is_in_the_way = tree.keys().any(|other| other.starts_with(&format!("{path}/")));
            if !is_in_the_way {
                fixture.write(&format!("tree/{path}"), contents);
                let runnable = contents.starts_with(b"#!") || contents.starts_with(b"\x7fELF");
                expected.insert(path.clone(), (contents.clone(), runnable));
            }
        }
        let zip = fixture.pack(&["main", "--include", "tree=.", "--allow", "case-collision"]);
        let out = fixture.path("out");
        let unzip = Command::new("unzip").arg("-q").arg(&zip.path).arg("-d").arg(&out).output().unwrap();
        prop_assert!(unzip.status.success(), "{:?}", unzip);
        let mut extracted = BTreeMap::new();
        found(&out, "", &mut extracted);
        prop_assert_eq!(extracted, expected);
    }
}
