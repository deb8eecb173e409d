//! Versions of the GNU C library.

use std::fmt;

/// A version of the GNU C library, such as 2.34.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlibcVersion {
    /// 2 in 2.34.
    pub major: u32,
    /// 34 in 2.34.
    pub minor: u32,
}

impl GlibcVersion {
    /// The glibc that executables are linked against unless the user asks for another: that of `provided.al2`, the oldest
    /// of the runtimes that can still be chosen for a new function. It runs on every newer runtime.
    pub const DEFAULT: Self = Self { major: 2, minor: 26 };
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
