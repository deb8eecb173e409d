//! Proves that other tools can use the zips: those that deploy them, the pipelines that make them, and the releases that
//! bring the program there.
//!
//! Tests that need those tools are ignored by default; their reason names them. `.ci/run` installs all of them and runs
//! these tests too.
#![cfg(unix)]

mod action;
mod install_page;
mod lambda_service;
mod lint;
mod pipelines;
mod release;
mod tools;

mod wheel;
mod workflow;
