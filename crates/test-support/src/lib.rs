//! What the integration tests share: they run the real program on fixture packages and read its zips byte by byte.
//!
//! | to | take |
//! |---|---|
//! | run the program, and look at how it ended | [`Program`], [`Run`] |
//! | make a directory, a package or a workspace for one test | [`Fixture`] |
//! | read what is really in a zip | [`Zip`] |
//! | write a zip that no tool would write | [`zip_builder`] |
//! | write a small executable with given properties | [`elf`] |
//! | find a tool that a test needs, or replace one | [`required`], `script`, `Toolchain` |
//! | boot a zip, under AWS's emulator and by `invoke` | `Platform` |
//! | start a server for one test | `Server`, `Account`, `Emulator` |
//! | run the build for Windows | `wine` |
//!
//! # Tests that need more than Rust
//!
//! They are `#[ignore = "needs …"]`, with the names of the tools. `.ci/run` installs the tools and runs these tests too. A
//! test that is asked for and lacks its tool fails: see [`required`].
//!
//! # Snapshots
//!
//! Help texts and whole messages are pinned by [insta](https://insta.rs) in `tests/SUITE/snapshots`. After a change of a
//! text, one of these commands accepts it:
//!
//! ```console
//! $ cargo insta review                      # one by one; needs `cargo install cargo-insta`
//! $ INSTA_UPDATE=always cargo test          # all at once; then look at `git diff`
//! ```
//!
//! The second one also rewrites the files that tests generate, see [`generated`].

#![allow(clippy::missing_panics_doc, reason = "a helper panics where the test has failed")]
#![allow(
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "tests call helpers for their assertions"
)]

#[cfg(unix)]
mod aws;
#[cfg(unix)]
mod boot;
pub mod elf;
#[cfg(unix)]
mod emulator;
#[cfg(unix)]
mod examples;
mod fixture;
pub mod generated;
pub mod http;
mod program;
#[cfg(unix)]
mod server;
mod tools;
#[cfg(unix)]
pub mod wine;
mod zip;
pub mod zip_builder;

#[cfg(unix)]
pub use aws::{Account, without_account};
#[cfg(unix)]
pub use boot::{Platform, sample};
#[cfg(unix)]
pub use emulator::Emulator;
#[cfg(unix)]
pub use examples::{example, pack_script, package_quickly, shared_target_dir};
pub use fixture::Fixture;
pub use program::{Program, Run, program_under_test};
#[cfg(unix)]
pub use server::{Server, free_port, free_ports};
pub use tools::required;
#[cfg(unix)]
pub use tools::{Computer, Toolchain, script, write_executable};
pub use zip::{Entry, Machine, Zip, contains};

use std::path::{Path, PathBuf};

/// The root of this repository.
pub fn repository() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).expect("this crate is in `crates` of the repository")
}

/// A directory that outlives the tests, for what takes long to make. It is in the target directory.
pub fn scratch(name: &str) -> PathBuf {
    program_under_test().with_file_name("test-scratch").join(name)
}
