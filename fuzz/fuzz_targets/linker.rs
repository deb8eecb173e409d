//! Fuzzes the arguments of the built-in linker, and the reading of the linker's errors. Every input file must reach
//! `rust-lld`, and nothing may panic.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    built_in_linker::fuzz(bytes);
    let _ = built_in_linker::problems(&String::from_utf8_lossy(bytes));
});
