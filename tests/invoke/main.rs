//! Proves that zips boot, under AWS's own emulator and by `invoke`, and that `invoke` behaves as Lambda does towards
//! functions and extensions that answer, fail, hang or do wrong.
#![cfg(target_os = "linux")]

mod agreement;
mod as_on_lambda;
mod boot;
mod clients;
mod command;
mod concurrency;
mod debugger;
mod emulator;
mod examples;
mod extensions;
mod failures;
mod fallback;
mod http;
mod http_clients;
mod input_files;
mod isolation;
mod packed;
mod safety;
mod serve;
mod several;
mod soak;
mod support;
mod watch;
