//! Fuzzes the check with arbitrary bytes. It must return findings, and never panic, hang or use unbounded memory.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cargo_lambda_zip_fuzz::check(bytes));
