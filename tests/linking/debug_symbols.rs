//! `--debug-symbols`: two halves of one executable, told to belong together by the build id.

use std::io::Cursor;
use std::process::Command;

use cargo_lambda_zip::elf::Elf;

use crate::support::{Fixture, Zip};
use crate::write_program;

#[test]
fn the_zip_is_stripped_and_the_symbols_lie_beside_it() {
    let fixture = Fixture::package("parted");
    let run = fixture.run(&["--debug-symbols", "--arch", "x86_64,arm64", "--message-format", "json"]).success();
    let report = run.json();
    for archive in report["archives"].as_array().unwrap() {
        let zip = std::path::Path::new(archive["path"].as_str().unwrap());
        let symbols = zip.with_file_name("parted.debug");
        assert_eq!(archive["debug_symbols"].as_str().unwrap(), symbols.to_str().unwrap());
        let shipped = Elf::read(Cursor::new(Zip::read(zip).bootstrap().to_vec())).unwrap();
        let debug = Elf::read(std::fs::File::open(&symbols).unwrap()).unwrap();
        assert!(shipped.build_id.is_some() && shipped.build_id == debug.build_id, "{run}");
        assert!(shipped.debug_size < 1024 && debug.debug_size > 100_000, "{run}");
    }
}

#[test]
fn the_stripped_executable_runs() {
    let fixture = Fixture::package("parted");
    for flags in [&["--debug-symbols"][..], &["--debug-symbols", "--libc", "gnu", "--linker", "system"]] {
        let zip = Zip::read(fixture.run(flags).success().zip());
        let bootstrap = fixture.path("bootstrap");
        write_program(&bootstrap, zip.bootstrap());
        let output = Command::new(&bootstrap).output().unwrap();
        assert!(output.status.success(), "{flags:?}: {output:?}");
    }
}

#[test]
fn without_the_flag_there_are_none() {
    let fixture = Fixture::package("parted");
    let zip = fixture.run(&[]).success().zip();
    assert!(!zip.with_file_name("parted.debug").exists());
}
