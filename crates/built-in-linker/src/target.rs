//! What is linked for: a processor architecture and a C library.

use std::fmt;
use std::str::FromStr;

/// A processor architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 64-bit Arm, little-endian.
    Aarch64,
}

impl Arch {
    /// Every architecture that the crate links for.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Aarch64];

    /// The name in triples: `x86_64` or `aarch64`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// The emulation that selects the output format of a linker.
    pub(crate) fn emulation(self) -> &'static str {
        match self {
            Self::X86_64 => "elf_x86_64",
            Self::Aarch64 => "aarch64linux",
        }
    }

    /// Where a program for glibc looks for its loader.
    pub(crate) fn loader(self) -> &'static str {
        match self {
            Self::X86_64 => "/lib64/ld-linux-x86-64.so.2",
            Self::Aarch64 => "/lib/ld-linux-aarch64.so.1",
        }
    }

    /// The name under which the loader is a shared library.
    pub(crate) fn loader_soname(self) -> &'static str {
        self.loader().rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A version of glibc, `2.MINOR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GlibcVersion {
    /// 2, until glibc says otherwise.
    pub major: u32,
    /// The release, such as 34 of glibc 2.34.
    pub minor: u32,
}

impl GlibcVersion {
    /// A version from its two numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for GlibcVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        let (major, minor) = numbers.ok_or_else(|| format!("`{text}` is not a version of glibc, such as `2.26`"))?;
        Ok(Self { major, minor })
    }
}

/// The C library of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Libc {
    /// musl, linked into the executable. Its files come with Rust's standard library for the target.
    Musl,
    /// The GNU C library, loaded when the program starts. No symbol newer than this version is linked.
    Glibc(GlibcVersion),
}

/// An architecture with a C library. `Display` is Rust's name of it, with the version of glibc behind it, such as
/// `aarch64-unknown-linux-gnu.2.26`; `FromStr` reads the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target {
    /// The processor.
    pub arch: Arch,
    /// The C library.
    pub libc: Libc,
}

impl Target {
    /// A target from its parts.
    #[must_use]
    pub const fn new(arch: Arch, libc: Libc) -> Self {
        Self { arch, libc }
    }

    /// Rust's name of the target, such as `aarch64-unknown-linux-gnu`.
    #[must_use]
    pub fn triple(self) -> String {
        let libc = if self.libc == Libc::Musl { "musl" } else { "gnu" };
        format!("{}-unknown-linux-{libc}", self.arch)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.triple())?;
        match self.libc {
            Libc::Musl => Ok(()),
            Libc::Glibc(version) => write!(f, ".{version}"),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || format!("`{text}` is not a target, such as `aarch64-unknown-linux-gnu.2.26`");
        let (arch, libc) = text.split_once("-unknown-linux-").ok_or_else(unknown)?;
        let arch = Arch::ALL.into_iter().find(|known| known.name() == arch).ok_or_else(unknown)?;
        let libc = match libc.strip_prefix("gnu.") {
            Some(version) => Libc::Glibc(version.parse()?),
            None if libc == "musl" => Libc::Musl,
            None => return Err(unknown()),
        };
        Ok(Self { arch, libc })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_reads_what_it_prints() {
        for text in ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-gnu.2.26"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for text in ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu.x", "riscv64gc-unknown-linux-musl", ""] {
            text.parse::<Target>().unwrap_err();
        }
    }
}
