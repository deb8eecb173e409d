//! The documentation says what the program does.

#[path = "../package/support.rs"]
#[allow(dead_code, reason = "shared with the tests of packaging, which use the rest of it")]
mod packing;
#[path = "../it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the other tests, which use the rest of it")]
mod support;

#[cfg(unix)]
mod commands;
mod links;
mod messages;
mod page;
mod reference;
