//! Proves which files are in a zip, under which names and with which modes, and that the same files give the same bytes.
//!
//! No compiler is needed: the executables are a few bytes that pass for a program. Tests that need other programs are
//! ignored by default; their reason names them.

mod build_lambda_zip;
mod config;
mod include;
mod interrupted;
mod list;
mod modes;
mod pack;
mod random;
mod readers;
mod reproducible;
mod stdout;
mod symlinks;
