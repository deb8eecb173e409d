//! Fuzzes unpacking a zip for the local Lambda. It must succeed or fail with an error, within its bounds.

#![no_main]

use std::io::Write;

use lambda_local::FunctionFiles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut zip = tempfile::NamedTempFile::new().expect("there is room for a temporary file");
    zip.write_all(bytes).expect("there is room for a temporary file");
    let _ = FunctionFiles::unpack(zip.path(), &[]);
});
