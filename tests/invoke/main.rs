//! `invoke` as its users meet it: zips made by the program, booted by the program, with a function that does what events
//! tell it to, right or wrong.
#![cfg(target_os = "linux")]

mod as_on_lambda;
mod command;
mod emulator;
mod extensions;
mod failures;
mod fallback;
mod isolation;
#[path = "../package/support.rs"]
#[allow(dead_code, reason = "shared with the tests of packaging, which use the rest of it")]
mod packing;
mod safety;
mod serve;
mod support;
