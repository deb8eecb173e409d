//! Fuzzes the arguments of the built-in linker. Every input file must reach `rust-lld`, and nothing may panic.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| built_in_linker::fuzz(bytes));
