//! What goes into a zip and under which name: the real binary, on files made for the purpose, judged by its exit code,
//! its output and the bytes of its zips.
//!
//! No compiler is needed: executables are a few bytes that the checks take for a program. Tests that need other programs
//! are ignored by default; their reason says which.

mod support;

mod config;
mod include;
mod interrupted;
mod list;
mod modes;
mod pack;
mod random;
mod readers;
mod reproducible;
mod symlinks;
