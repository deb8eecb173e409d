//! Files of the repository that are generated from the code: a test compares them, and can write them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::repository;

const HOW: &str = "`INSTA_UPDATE=always cargo test` rewrites it";

/// True if tests are to accept what they find, as `insta` understands it.
pub fn is_updating() -> bool {
    env::var("INSTA_UPDATE").is_ok_and(|update| update == "always")
}

/// Asserts that a file of the repository has this text, or writes it with `INSTA_UPDATE=always`.
#[track_caller]
pub fn assert_file(path: &str, text: &str) {
    let file = repository().join(path);
    if is_updating() {
        fs::write(&file, text).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
    let different = written.lines().zip(text.lines()).position(|(old, new)| old != new);
    let line = different.unwrap_or_else(|| written.lines().count().min(text.lines().count()));
    let shown = |text: &str| text.lines().nth(line).unwrap_or("(nothing)").to_owned();
    assert!(
        written == text,
        "`{path}` is out of date from line {}: {HOW}\n  it has:     {}\n  it needs:   {}",
        line + 1,
        shown(&written),
        shown(text)
    );
}

/// Asserts that a directory of the repository has these files and no others, or writes them with `INSTA_UPDATE=always`.
/// Files for which `is_kept` is true are neither compared nor removed.
#[track_caller]
pub fn assert_directory(path: &str, expected: &BTreeMap<PathBuf, Vec<u8>>, is_kept: impl Fn(&Path) -> bool) {
    let directory = repository().join(path);
    if is_updating() {
        for file in files(&directory).into_keys().filter(|file| !is_kept(file)) {
            fs::remove_file(directory.join(file)).unwrap();
        }
        for (file, bytes) in expected {
            let file = directory.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
    }
    let mut found = files(&directory);
    found.retain(|file, _| !is_kept(file));
    let different = expected.iter().find(|(file, bytes)| found.get(*file) != Some(bytes)).map(|(file, _)| file);
    let different = different.or_else(|| found.keys().find(|file| !expected.contains_key(*file)));
    assert!(different.is_none(), "`{path}` is out of date, for example {different:?}: {HOW}");
}

/// The files below a directory, by their path in it.
pub fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir::WalkDir::new(directory).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    files.map(|file| (file.strip_prefix(directory).unwrap().to_owned(), fs::read(&file).unwrap())).collect()
}
