//! The check of whatever bytes come: its answer is findings, never a panic, a hang or a flood of memory.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cargo_lambda_zip_fuzz::check(bytes));
