//! `--debug-symbols`: the executable and its symbols have the same build id.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;
use std::process::Command;

use lambda_zip_check::elf::Elf;
use test_support::{Fixture, Zip};

#[test]
fn the_zip_is_stripped_and_the_symbols_are_next_to_it() {
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
        test_support::write_executable(&bootstrap, zip.bootstrap());
        let output = Command::new(&bootstrap).output().unwrap();
        assert!(output.status.success(), "{flags:?}: {output:?}");
    }
}

#[test]
fn without_the_flag_there_are_no_symbols() {
    let fixture = Fixture::package("parted");
    let zip = fixture.run(&[]).success().zip();
    assert!(!zip.with_file_name("parted.debug").exists());
}

/// A program that crashes on its third line.
fn crashing() -> Fixture {
    let fixture = Fixture::package("crashing");
    let source = "#[inline(never)]\nfn crash(address: *const u8) -> u8 {\n    unsafe { address.read_volatile() }\n}\n\nfn \
                  main() {\n    let nowhere = std::env::args().count() - 1;\n    println!(\"{}\", crash(nowhere as *const \
                  u8));\n}\n";
    fixture.write("src/main.rs", source);
    fixture
}

/// The paths of the stripped executable and of its debug information.
fn crash_site(fixture: &Fixture, flags: &[&str]) -> (PathBuf, PathBuf) {
    let zip = fixture.program().args(["--debug-symbols"]).args(flags).run().success().zip();
    let bootstrap = fixture.path("bootstrap");
    test_support::write_executable(&bootstrap, Zip::read(&zip).bootstrap());
    (bootstrap, zip.with_file_name("crashing.debug"))
}

/// What gdb prints about a crash after these commands.
fn backtrace(commands: &[&str]) -> String {
    let mut gdb = Command::new("gdb");
    gdb.args(["--batch", "-nx"]);
    for command in ["set debuginfod enabled off"].iter().chain(commands).chain(&["run", "backtrace"]) {
        gdb.args(["-ex", command]);
    }
    String::from_utf8_lossy(&gdb.output().unwrap().stdout).into_owned()
}

#[test]
#[ignore = "needs gdb"]
fn gdb_finds_the_line_of_a_crash() {
    let fixture = crashing();
    for flags in [&[][..], &["--libc", "gnu", "--linker", "system"]] {
        let (bootstrap, debug) = crash_site(&fixture, flags);
        let file = format!("file {}", bootstrap.display());
        let without = backtrace(&[&file]);
        assert!(without.contains("SIGSEGV") && !without.contains("main.rs"), "{flags:?}: {without}");

        let lines = ["crashing::crash (address=0x0) at src/main.rs:3", "crashing::main () at src/main.rs:8"];
        let by_hand = backtrace(&[&file, &format!("symbol-file {}", debug.display())]);
        let id = Elf::read(fs::File::open(&bootstrap).unwrap()).unwrap().build_id.unwrap();
        let directory = fixture.path("symbols");
        fs::create_dir_all(directory.join(".build-id").join(&id[..2])).unwrap();
        fs::copy(&debug, directory.join(".build-id").join(&id[..2]).join(format!("{}.debug", &id[2..]))).unwrap();
        let by_build_id = backtrace(&[&format!("set debug-file-directory {}", directory.display()), &file]);
        for line in lines {
            assert!(by_hand.contains(line), "{flags:?}: {by_hand}");
            assert!(by_build_id.contains(line), "{flags:?}: {by_build_id}");
        }
    }
}
