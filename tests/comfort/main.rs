//! What makes the program pleasant: how it looks on a terminal, completes in a shell and shows what it made.
//!
//! Tests that need a shell, a browser or another program are ignored by default; their reason says which. `.ci/run`
//! installs all of them and runs them too.

mod browser;
mod manual;
mod page;
mod shells;
mod summary;
#[expect(dead_code, reason = "shared with the tests of packaging, which use more of it")]
#[path = "../package/support.rs"]
mod support;
mod terminal;
mod viewer;
#[expect(dead_code, reason = "shared with the tests of the rules, which use more of it")]
#[path = "../check/zip_builder.rs"]
mod zip_builder;
