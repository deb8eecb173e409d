//! AWS Lambda's facts as data, and the targets that a function can be built for.
//!
//! | module | facts |
//! |---|---|
//! | [`limits`] | sizes and counts that the service enforces |
//! | [`runtimes`] | runtimes, their architectures, glibc and dates |
//! | [`image`] | the loader, its search path, libraries and interpreters in the runtimes' images |
//!
//! Every fact names its source, and facts that change name the day on which someone last compared them with it. A test
//! fails once a date in the table of runtimes has passed without a new review. No other crate repeats these facts.
//!
//! ```
//! use lambda_platform::{Arch, Libc, Runtime, Target};
//! use time::macros::date;
//!
//! let runtime: Runtime = "provided.al2".parse()?;
//! assert_eq!(runtime.facts().glibc.to_string(), "2.26");
//! assert!(runtime.deprecation(date!(2026 - 08 - 01)).is_some());
//! assert_eq!(Target::new(Arch::Arm64, Libc::Gnu, runtime).triple(), "aarch64-unknown-linux-gnu");
//! # Ok::<(), String>(())
//! ```

mod glibc;
pub mod image;
pub mod limits;
pub mod runtimes;
mod symbol_version;
mod target;

pub use glibc::GlibcVersion;
pub use symbol_version::SymbolVersion;
pub use target::{Arch, Libc, Runtime, Target};
