//! AWS Lambda's facts as data, and the targets that a function can be built for.
//!
//! | module | facts |
//! |---|---|
//! | [`limits`] | sizes and counts that the service enforces |
//! | [`runtimes`] | runtimes, their architectures, glibc and dates |
//! | [`image`] | the loader, libraries and interpreters in the runtimes' images |
//!
//! Each figure names its source. No other crate repeats them.

mod glibc;
pub mod image;
pub mod limits;
pub mod runtimes;
mod symbol_version;
mod target;

pub use glibc::GlibcVersion;
pub use symbol_version::SymbolVersion;
pub use target::{Arch, Libc, Runtime, Target};
