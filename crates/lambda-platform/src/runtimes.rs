//! The runtimes that run the user's own executable, with AWS's dates for each.

use time::Date;
use time::macros::date;

use crate::{Arch, GlibcVersion, SymbolVersion};

/// Source of the runtimes, their dates and their architectures.
pub const RUNTIMES_SOURCE: &str = "AWS Lambda developer guide, \"Lambda runtimes\"";

/// What AWS documents about one runtime.
#[derive(Debug, PartialEq, Eq)]
pub struct RuntimeFacts {
    /// The identifier that the API takes, such as `provided.al2023`.
    pub id: &'static str,
    /// The operating system of its image.
    pub os: &'static str,
    /// The C library of its image.
    pub glibc: GlibcVersion,
    /// The highest symbol versions of its libstdc++ (`GLIBCXX`, `CXXABI`) and `libgcc_s` (`GCC`), by prefix. Unknown ones
    /// are left out.
    pub symbol_versions: &'static [(&'static str, SymbolVersion)],
    /// The architectures that it exists for.
    pub architectures: &'static [Arch],
    /// The day when security patches end.
    pub deprecated: Date,
    /// The first day on which no function can be created with it.
    pub create_blocked: Date,
    /// The first day on which no function that uses it can be updated.
    pub update_blocked: Date,
}

/// The runtimes that run the user's own executable, newest first.
///
/// Source: AWS Lambda developer guide, "Lambda runtimes", and the glibc of each Amazon Linux release.
/// AWS no longer publishes block dates for the two oldest, so their deprecation date stands in.
pub const RUNTIMES: [RuntimeFacts; 4] = [
    RuntimeFacts {
        id: "provided.al2023",
        os: "Amazon Linux 2023",
        glibc: GlibcVersion { major: 2, minor: 34 },
        // libstdc++ 6.0.33 and libgcc_s of GCC 14, as in the image.
        symbol_versions: &[
            ("GLIBCXX", SymbolVersion::new(3, 4, 33)),
            ("CXXABI", SymbolVersion::new(1, 3, 15)),
            ("GCC", SymbolVersion::new(14, 0, 0)),
        ],
        architectures: &[Arch::X86_64, Arch::Arm64],
        deprecated: date!(2029 - 06 - 30),
        create_blocked: date!(2029 - 07 - 31),
        update_blocked: date!(2029 - 08 - 31),
    },
    RuntimeFacts {
        id: "provided.al2",
        os: "Amazon Linux 2",
        glibc: GlibcVersion { major: 2, minor: 26 },
        // libstdc++ 6.0.24 and libgcc_s of GCC 7.
        symbol_versions: &[
            ("GLIBCXX", SymbolVersion::new(3, 4, 24)),
            ("CXXABI", SymbolVersion::new(1, 3, 11)),
            ("GCC", SymbolVersion::new(7, 0, 0)),
        ],
        architectures: &[Arch::X86_64, Arch::Arm64],
        deprecated: date!(2026 - 07 - 31),
        create_blocked: date!(2027 - 02 - 01),
        update_blocked: date!(2027 - 03 - 03),
    },
    RuntimeFacts {
        id: "provided",
        os: "Amazon Linux",
        glibc: GlibcVersion { major: 2, minor: 17 },
        symbol_versions: &[],
        architectures: &[Arch::X86_64],
        deprecated: date!(2023 - 12 - 31),
        create_blocked: date!(2023 - 12 - 31),
        update_blocked: date!(2023 - 12 - 31),
    },
    RuntimeFacts {
        id: "go1.x",
        os: "Amazon Linux",
        glibc: GlibcVersion { major: 2, minor: 17 },
        symbol_versions: &[],
        architectures: &[Arch::X86_64],
        deprecated: date!(2023 - 12 - 31),
        create_blocked: date!(2023 - 12 - 31),
        update_blocked: date!(2023 - 12 - 31),
    },
];
