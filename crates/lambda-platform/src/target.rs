//! What a function is built for: an architecture, a C library and a runtime, in Rust's spelling and in AWS's.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use time::Date;

use crate::GlibcVersion;
use crate::runtimes::{CONTAINER_IMAGE_RUNTIME, RUNTIMES, RuntimeFacts};

/// A processor architecture of Lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 64-bit Arm. That every function gets a Graviton2 or newer is an inference: AWS no longer names the processor.
    Arm64,
}

impl Arch {
    /// Both, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// AWS's name: `x86_64` or `arm64`.
    #[must_use]
    pub fn aws_name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// The name that Rust and the Linux kernel use: `x86_64` or `aarch64`.
    #[must_use]
    pub fn rust_name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.aws_name())
    }
}

impl FromStr for Arch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "x86_64" | "amd64" => Ok(Self::X86_64),
            "arm64" | "aarch64" => Ok(Self::Arm64),
            _ => Err("expected `arm64` (or `aarch64`) or `x86_64` (or `amd64`)".into()),
        }
    }
}

impl Serialize for Arch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.aws_name())
    }
}

/// The C library that an executable is linked with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Libc {
    /// The GNU C library of the runtime's image. The default, since musl's allocator makes functions slow.
    #[default]
    Gnu,
    /// musl, linked into the executable.
    Musl,
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Musl => "musl",
            Self::Gnu => "gnu",
        })
    }
}

impl FromStr for Libc {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "musl" => Ok(Self::Musl),
            "gnu" => Ok(Self::Gnu),
            _ => Err("expected `gnu` or `musl`".into()),
        }
    }
}

impl Serialize for Libc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A Lambda runtime that runs the user's own executable.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Runtime(&'static RuntimeFacts);

impl Runtime {
    /// `provided.al2023`, the newest.
    pub const AL2023: Self = Self(&RUNTIMES[0]);
    /// `provided.al2`.
    pub const AL2: Self = Self(&RUNTIMES[1]);

    /// What AWS documents about it.
    #[must_use]
    pub fn facts(self) -> &'static RuntimeFacts {
        self.0
    }

    /// A message with the dates if the runtime is deprecated on `today`.
    #[must_use]
    pub fn deprecation(self, today: Date) -> Option<String> {
        let facts = self.0;
        if today < facts.deprecated {
            return None;
        }
        let what_follows = if today >= facts.update_blocked {
            format!("functions can no longer be created or updated since {}", facts.update_blocked)
        } else if today >= facts.create_blocked {
            format!(
                "functions can no longer be created since {}, nor updated from {} on",
                facts.create_blocked, facts.update_blocked
            )
        } else {
            format!(
                "functions can no longer be created from {} on, nor updated from {} on",
                facts.create_blocked, facts.update_blocked
            )
        };
        Some(format!("the runtime `{}` is deprecated since {}: {what_follows}", facts.id, facts.deprecated))
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id)
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Runtime({})", self.0.id)
    }
}

impl FromStr for Runtime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == CONTAINER_IMAGE_RUNTIME {
            return Err(format!(
                "`{text}` is the runtime of container images, not of zips; zips run on `{}`",
                Self::AL2023
            ));
        }
        RUNTIMES.iter().find(|facts| facts.id == text).map(Self).ok_or_else(|| {
            let known: Vec<_> = RUNTIMES.iter().map(|facts| format!("`{}`", facts.id)).collect();
            format!("the runtimes that run an executable are {}", known.join(", "))
        })
    }
}

impl Serialize for Runtime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.id)
    }
}

/// An architecture, a C library and a runtime to build for. Status lines show its `Display` in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The processor.
    pub arch: Arch,
    /// The C library.
    pub libc: Libc,
    /// The runtime.
    pub runtime: Runtime,
    /// The glibc version that a suffix of the triple asks for, if it is not the runtime's own.
    pub glibc: Option<GlibcVersion>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arch, libc, runtime, glibc } = self;
        match glibc {
            Some(glibc) => write!(f, "{arch}, {libc} {glibc}, {runtime}"),
            None => write!(f, "{arch}, {libc}, {runtime}"),
        }
    }
}

impl Target {
    /// A target without a glibc suffix: a gnu target links against the glibc of its runtime.
    #[must_use]
    pub fn new(arch: Arch, libc: Libc, runtime: Runtime) -> Self {
        Self { arch, libc, runtime, glibc: None }
    }

    /// The glibc that the executable is linked against: the one that the triple names, else [`GlibcVersion::DEFAULT`], or the
    /// runtime's if that is older. `None` for musl.
    #[must_use]
    pub fn linked_glibc(self) -> Option<GlibcVersion> {
        match self.libc {
            Libc::Musl => None,
            Libc::Gnu => Some(self.glibc.unwrap_or(GlibcVersion::DEFAULT.min(self.runtime.facts().glibc))),
        }
    }

    /// Rust's target triple, such as `aarch64-unknown-linux-musl`.
    #[must_use]
    pub fn triple(self) -> String {
        format!("{}-unknown-linux-{}", self.arch.rust_name(), self.libc)
    }

    /// Parses one of Rust's target triples. A gnu triple may end with a glibc version, as in
    /// `x86_64-unknown-linux-gnu.2.26`. The error says why Lambda does not support the triple.
    pub fn from_triple(triple: &str, runtime: Runtime) -> Result<Self, String> {
        for arch in Arch::ALL {
            for libc in [Libc::Musl, Libc::Gnu] {
                let target = Self::new(arch, libc, runtime);
                match triple.strip_prefix(&target.triple()) {
                    Some("") => return Ok(target),
                    Some(suffix) if suffix.starts_with('.') => {
                        return Ok(Self { glibc: Some(target.parse_glibc(&suffix[1..])?), ..target });
                    }
                    _ => {}
                }
            }
        }
        Err("the supported targets are `x86_64-unknown-linux-musl`, `aarch64-unknown-linux-musl` and the same with `gnu`".into())
    }

    fn parse_glibc(self, suffix: &str) -> Result<GlibcVersion, String> {
        if self.libc == Libc::Musl {
            return Err(format!("a musl target does not use glibc `{suffix}`"));
        }
        let version = suffix
            .split_once('.')
            .and_then(|(major, minor)| Some(GlibcVersion { major: major.parse().ok()?, minor: minor.parse().ok()? }));
        let version = version.ok_or_else(|| format!("`{suffix}` is not a glibc version such as `2.26`"))?;
        let available = self.runtime.facts().glibc;
        if version > available {
            return Err(format!("glibc {version} is newer than the glibc {available} of `{}`", self.runtime));
        }
        Ok(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn architectures_have_two_spellings_each() {
        for (text, arch) in
            [("arm64", Arch::Arm64), ("aarch64", Arch::Arm64), ("x86_64", Arch::X86_64), ("amd64", Arch::X86_64)]
        {
            assert_eq!(text.parse(), Ok(arch));
        }
        assert!("ARM64".parse::<Arch>().is_err());
    }

    #[test]
    fn triples_match_rustups() {
        let target = |arch, libc| Target::new(arch, libc, Runtime::AL2023).triple();
        assert_eq!(target(Arch::Arm64, Libc::Musl), "aarch64-unknown-linux-musl");
        assert_eq!(target(Arch::X86_64, Libc::Gnu), "x86_64-unknown-linux-gnu");
    }

    #[test]
    fn a_triple_round_trips() {
        let read = |triple: &str| Target::from_triple(triple, Runtime::AL2023);
        let target = Target::new(Arch::Arm64, Libc::Gnu, Runtime::AL2023);
        assert_eq!(read(&target.triple()), Ok(target));
        assert_eq!(target.linked_glibc(), Some(GlibcVersion::DEFAULT));
        assert!(read("aarch64-apple-darwin").is_err());
        assert!(read("aarch64-unknown-linux-muslabi64").is_err());
    }

    #[test]
    fn a_triple_may_name_a_glibc_version_of_the_runtime() {
        let read = |triple: &str| Target::from_triple(triple, Runtime::AL2023);
        let target = read("aarch64-unknown-linux-gnu.2.26").unwrap();
        assert_eq!(target.glibc, Some(GlibcVersion { major: 2, minor: 26 }));
        assert_eq!((target.linked_glibc(), target.triple().as_str()), (target.glibc, "aarch64-unknown-linux-gnu"));
        assert_eq!(target.to_string(), "arm64, gnu 2.26, provided.al2023");
        for (suffix, reason) in
            [("gnu.2.39", "newer than the glibc 2.34"), ("gnu.new", "not a glibc version"), ("musl.2.26", "musl")]
        {
            let reason_given = read(&format!("aarch64-unknown-linux-{suffix}")).unwrap_err();
            assert!(reason_given.contains(reason), "{reason_given}");
        }
    }

    #[test]
    fn the_runtime_of_container_images_is_told_apart() {
        assert!("custom".parse::<Runtime>().unwrap_err().contains("container images"));
        assert!("python3.13".parse::<Runtime>().unwrap_err().starts_with("the runtimes that run an executable are"));
    }

    #[test]
    fn the_oldest_runtimes_can_still_be_updated() {
        let today = date!(2026 - 11 - 27);
        for id in ["provided", "go1.x"] {
            let message = id.parse::<Runtime>().unwrap().deprecation(today).unwrap();
            assert!(message.contains("created since 2024-02-08, nor updated from 2027-03-03 on"), "{message}");
        }
    }

    #[test]
    fn a_runtime_warns_from_its_deprecation_date_on() {
        let al2 = Runtime::AL2;
        assert_eq!(al2.deprecation(date!(2026 - 07 - 30)), None);
        assert_eq!(
            al2.deprecation(date!(2026 - 07 - 31)).unwrap(),
            "the runtime `provided.al2` is deprecated since 2026-07-31: functions can no longer be created from \
             2027-02-01 on, nor updated from 2027-03-03 on"
        );
        assert!(al2.deprecation(date!(2027 - 02 - 01)).unwrap().contains("created since 2027-02-01"));
        assert!(al2.deprecation(date!(2027 - 03 - 03)).unwrap().ends_with("updated since 2027-03-03"));
    }
}
