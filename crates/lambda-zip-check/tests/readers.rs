//! Damaged zips, held against the readers that people have: what all of them refuse, the check never passes.
//!
//! The zips are made from good ones by a fixed sequence of random changes, so every run tries the same ones.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lambda_zip_check::has_errors;
use test_support::zip_builder::{DATA, EXECUTABLE, Item, LINK, deflated_zeros, zip};

use support::{DIRECTORY, check_function, data, function_with};

/// How many damaged zips are made from each good one.
const MUTANTS: usize = 400;

/// A generator of pseudo-random numbers (xorshift), with the same sequence everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// An entry whose checksum and sizes follow its data.
fn streamed(name: &str, contents: &[u8], is_wide: bool) -> Item {
    Item::new(name, DATA, contents).with(|item| {
        item.flags = 8;
        item.after = [&b"PK\x07\x08"[..], &item.crc.to_le_bytes()].concat();
        for _ in 0..2 {
            let size = u64::from(item.size).to_le_bytes();
            item.after.extend(&size[..if is_wide { 8 } else { 4 }]);
        }
    })
}

/// Good zips with everything that a record may hold.
fn good() -> Vec<Vec<u8>> {
    let zeros = Item::new("zeros", DATA, deflated_zeros(3000))
        .with(|item| (item.method, item.size, item.crc) = (8, 3000, crc32fast::hash(&[0; 3000])));
    let timestamp = [&[0x55, 0x54, 5, 0, 1][..], &[0; 4]].concat();
    let with_extra = data("extra.txt").with(|item| item.central_extra = timestamp.clone());
    let mut with_comment = function_with([with_extra.clone(), streamed("b", b"data", false)]);
    let end = with_comment.len();
    with_comment[end - 2] = 7;
    with_comment.extend(b"comment");
    vec![
        function_with([]),
        zip(&[Item::new("bootstrap", EXECUTABLE, *b"#!/bin/sh\n"), zeros.clone(), with_extra]),
        function_with([Item::new("conf/", DIRECTORY, ""), data("conf/a.json"), Item::new("link", LINK, *b"bootstrap")]),
        function_with([streamed("a", b"", false), streamed("b", b"", true), streamed("c", b"data", true), zeros]),
        with_comment,
    ]
}

/// The positions of the records' signatures: most changes are made near them, where they matter.
fn records(zip: &[u8]) -> Vec<usize> {
    (0..zip.len().saturating_sub(3)).filter(|at| zip[*at..].starts_with(b"PK") && zip[at + 2] < 9).collect()
}

fn mutant(good: &[u8], random: &mut Random) -> Vec<u8> {
    let mut zip = good.to_vec();
    let records = records(good);
    for _ in 0..=random.below(2) {
        let near_record = |random: &mut Random| random.pick(&records) + random.below(56);
        let at = if random.below(8) == 0 { random.below(zip.len()) } else { near_record(random) }.min(zip.len() - 1);
        match random.below(10) {
            0..=3 => zip[at] ^= 1 << random.below(8),
            4..=6 => zip[at] = random.pick(&[0, 1, 0x7f, 0x80, 0xff, b'/', b'.', b'P']),
            7 => {
                let value = random.pick(&[[0; 4], [0xff; 4], [0, 0, 0, 0x80], *b"PK\x05\x06"]);
                for (byte, new) in zip[at..].iter_mut().zip(value) {
                    *byte = new;
                }
            }
            8 => {
                let count = 1 + random.below(24);
                let end = (at + count).min(zip.len());
                if random.below(2) == 0 {
                    let copy = zip[at..end].to_vec();
                    zip.splice(at..at, copy);
                } else if end - at < zip.len() {
                    zip.drain(at..end);
                }
            }
            _ => zip.truncate(zip.len() - random.below(zip.len().min(64))),
        }
    }
    zip
}

/// Runs a program that reads the zips named on its standard input, and returns its answers.
fn ask(command: &mut Command, zips: &[PathBuf]) -> Vec<String> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let list = zips.iter().fold(String::new(), |mut list, path| {
        writeln!(list, "{}", path.display()).unwrap();
        list
    });
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(list.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let answers: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), zips.len(), "{command:?} gave up after {:?}", answers.last());
    answers
}

/// A shell that runs a program for each zip. `accepted` is the highest exit code of a zip that was read, with warnings.
fn each(program: &str, accepted: u8) -> Command {
    let script = format!(
        "while read -r zip; do {program} > /dev/null 2>&1 < /dev/null; code=$?; \
         if [ $code -le {accepted} ]; then echo ok; else echo \"exit code $code\"; fi; done"
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]);
    command
}

/// The readers by name, each with its command.
fn readers(scratch: &Path) -> Vec<(&'static str, Command)> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers");
    let with = |program: &str, argument: PathBuf| {
        let mut command = Command::new(program);
        command.arg(argument);
        command
    };
    let go = scratch.join("read");
    let built = Command::new("go").args(["build", "-o"]).arg(&go).arg(sources.join("read.go")).status().unwrap();
    assert!(built.success());
    vec![
        ("unzip", each("unzip -P x -tqq \"$zip\"", 1)),
        ("7-Zip", each("7z t -px -y \"$zip\"", 1)),
        ("bsdtar", each("bsdtar --passphrase x -xOf \"$zip\"", 0)),
        ("Python", with("python3", sources.join("read.py"))),
        ("Java", with("java", sources.join("Read.java"))),
        ("Go", Command::new(go)),
    ]
}

#[test]
#[ignore = "needs unzip, Python, 7z, bsdtar, Java and Go"]
fn what_all_readers_refuse_is_never_passed() {
    let scratch = tempfile::tempdir().unwrap();
    let mut random = Random(0x2026_1129);
    let good = good();
    assert!(good.iter().all(|zip| !has_errors(&check_function(zip))));
    let mutants: Vec<_> =
        good.iter().flat_map(|zip| (0..MUTANTS).map(|_| mutant(zip, &mut random)).collect::<Vec<_>>()).collect();
    let write = |(index, zip): (usize, &Vec<u8>)| {
        let path = scratch.path().join(format!("{index}.zip"));
        fs::write(&path, zip).unwrap();
        path
    };
    let paths: Vec<_> = good.iter().chain(&mutants).enumerate().map(write).collect();
    let answers: Vec<(&str, Vec<String>)> = std::thread::scope(|scope| {
        let asked: Vec<_> = readers(scratch.path())
            .into_iter()
            .map(|(name, mut command)| {
                (
                    name,
                    scope.spawn({
                        let paths = &paths;
                        move || ask(&mut command, paths)
                    }),
                )
            })
            .collect();
        asked.into_iter().map(|(name, answers)| (name, answers.join().unwrap())).collect()
    });
    for (name, answers) in &answers {
        assert!(answers[..good.len()].iter().all(|answer| answer == "ok"), "{name}: {:?}", &answers[..good.len()]);
    }
    let mut refused = 0;
    let mut passed = String::new();
    for (index, zip) in good.iter().chain(&mutants).enumerate() {
        if answers.iter().any(|(_, answers)| answers[index] == "ok") {
            continue;
        }
        refused += 1;
        if !has_errors(&check_function(zip)) {
            let answers: Vec<_> = answers.iter().map(|(name, answers)| format!("{name}: {}", answers[index])).collect();
            writeln!(passed, "{index}: {answers:?}").unwrap();
        }
    }
    assert!(refused > mutants.len() / 10, "only {refused} zips are damaged enough to prove anything");
    assert!(passed.is_empty(), "every reader refuses these zips, but the check passes them:\n{passed}");
}
