//! Proves what a user sees: help, colours, progress, completions, manual pages and the HTML report.
//!
//! Tests that need a shell, a browser or another program are ignored by default; their reason names it. `.ci/run` installs
//! all of them and runs these tests too.
#![cfg(unix)]

mod browser;
mod help;
mod manual;
mod page;
mod settings;
mod shells;
mod stdout;
mod summary;
mod viewer;
