//! Zips whose archive, names or sizes break a rule.

use lambda_platform::Runtime;
use lambda_zip_check::Rule;
use test_support::elf::{library, static_program};
use test_support::zip_builder::{DATA, EXECUTABLE, Item, finish, zeros, zip};
use time::macros::date;

use crate::{Case, bootstrap, with_bootstrap};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = archives();
    cases.extend(names());
    cases.extend(limits());
    cases
}

fn data(name: &str) -> Item {
    Item::new(name, DATA, *b"data")
}

fn archives() -> Vec<Case> {
    let good = zip(&[bootstrap()]);
    let overlapping = {
        let inner = data("inner.txt");
        let outer = Item::new("outer.txt", DATA, inner.local());
        let start = bootstrap().local();
        let inner_at = start.len() + outer.local().len() - inner.local().len();
        let bytes = [start.clone(), outer.local()].concat();
        finish(bytes, &[(&bootstrap(), 0), (&outer, start.len()), (&inner, inner_at)])
    };
    let tiny = static_program().build();
    let many = (0..4100).map(|index| Item::new(format!("{index}.o"), DATA, tiny.clone()));
    let case = |rule, change: &dyn Fn(&mut Item)| Case::with(rule, [data("a.txt").with(change)]);
    vec![
        Case::new(Rule::ZipUnreadable, b"this is no zip".to_vec()),
        Case::new(Rule::ZipTruncated, good[..good.len() - 30].to_vec()),
        Case::new(Rule::ZipEmpty, zip(&[])),
        Case::new(Rule::ZipLeadingBytes, [b"#!/bin/sh\n", good.as_slice()].concat()),
        Case::new(Rule::ZipTrailingBytes, [good.as_slice(), b"rest"].concat()),
        case(Rule::ZipGap, &|item| item.after = vec![0; 7]),
        Case::new(Rule::ZipOverlap, overlapping),
        case(Rule::HeadersDisagree, &|item| item.local_name = b"b.txt".to_vec()),
        case(Rule::ExtraField, &|item| item.central_extra = vec![0x99, 0x99, 16, 0, b'a', b'b']),
        case(Rule::UnsupportedFeature, &|item| item.flags = 1 << 5),
        case(Rule::UnsupportedMethod, &|item| item.method = 12),
        case(Rule::Encrypted, &|item| item.flags = 1),
        case(Rule::NeedlessZip64, &|item| item.central_extra = vec![1, 0, 0, 0]),
        Case::with(Rule::ZipBomb, many),
        case(Rule::EntryCorrupt, &|item| (item.method, item.data) = (8, vec![0xff; 9])),
        case(Rule::SizeMismatch, &|item| item.size = 3),
        case(Rule::SizeMismatch, &|item| item.size = 5),
        case(Rule::CrcMismatch, &|item| item.crc ^= 1),
    ]
}

fn names() -> Vec<Case> {
    let one = |rule, name: &[u8]| Case::with(rule, [Item::new(name, DATA, *b"data")]);
    let two = |rule, first, second| Case::with(rule, [data(first), data(second)]);
    vec![
        two(Rule::DuplicateName, "a.txt", "a.txt"),
        two(Rule::CaseCollision, "a.txt", "A.txt"),
        two(Rule::FileAndDirectory, "a", "a/b"),
        Case::with(Rule::DirectoryWithoutSlash, [Item::new("a", 0o040_755, ""), data("a/b")]),
        one(Rule::NameTooLong, &[b'a'; 256]),
        Case::with(Rule::TooManyFiles, (0..60).map(|index| data(&format!("{index}/{}x", "a/".repeat(2000))))),
        one(Rule::BackslashInName, br"a\b"),
        one(Rule::AbsoluteName, b"/a"),
        one(Rule::ParentInName, b"../a"),
        one(Rule::DriveLetter, b"C:/a"),
        one(Rule::ControlCharacter, b"a\x07"),
        one(Rule::NameNotUtf8, b"caf\xe9"),
        one(Rule::Utf8FlagMissing, "café".as_bytes()),
        one(Rule::NameNotNormal, b"./a"),
    ]
}

fn limits() -> Vec<Case> {
    let layer = zip(&[Item::new("lib/libfoo.so", DATA, library("libfoo.so").build())]);
    let runtime =
        |rule, id: &str, today| Case { runtime: Some(id.parse::<Runtime>().unwrap()), today, ..Case::with(rule, []) };
    let arm = |zip| Case { arch: Some(lambda_platform::Arch::Arm64), ..zip };
    let arm_bootstrap =
        Item::new("bootstrap", EXECUTABLE, test_support::elf::ElfSpec { machine: 183, ..static_program() }.build());
    vec![
        Case::with(Rule::UploadLimit, [Item::new("assets.bin", DATA, vec![0; 52_428_800])]),
        Case::with(Rule::UnpackedLimit, [zeros("assets.bin", 250 << 20)]),
        Case { layers: vec![layer; 6], ..Case::new(Rule::LayersLimit, zip(&with_bootstrap([]))) },
        runtime(Rule::RuntimeDeprecated, "provided.al2", date!(2026 - 08 - 01)),
        runtime(Rule::RuntimeBlocked, "provided.al2", date!(2027 - 03 - 03)),
        arm(Case {
            runtime: Some("provided".parse().unwrap()),
            today: date!(2023 - 01 - 01),
            ..Case::new(Rule::RuntimeArchitecture, zip(&[arm_bootstrap]))
        }),
    ]
}
