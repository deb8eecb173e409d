#![doc = include_str!("../README.md")]

mod command;
mod driver;
mod error;
mod fuzz;
mod options;
mod problems;
mod response_file;
mod run;
mod sysroot;
mod target;
mod text;

pub use driver::{Defaults, Driver, Icf, Request};
pub use error::{Error, SysrootError, Unsupported};
#[doc(hidden)]
pub use fuzz::fuzz;
pub use problems::{Problem, problems};
pub use response_file::expand_response_files;
pub use run::Outcome;
pub use sysroot::Sysroot;
pub use target::{Arch, GlibcVersion, Libc, Target};
