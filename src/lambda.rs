//! What AWS Lambda requires, as data: limits, runtimes and their dates, and what their images hold.
//!
//! Figures come from AWS's documentation unless a field says otherwise. Nothing else in the code repeats them.

use time::Date;
use time::macros::date;

use crate::target::Arch;

/// A zip sent in a request (API, CLI, console) must be smaller than this many bytes; a larger one goes through S3.
/// The figure is the one in the service's own error message (`RequestEntityTooLargeException`).
pub const DIRECT_UPLOAD_LIMIT: u64 = 52_428_800;

/// The unpacked contents, layers included, must be smaller than this many bytes.
pub const UNPACKED_LIMIT: u64 = 262_144_000;

/// The most layers that a function can have.
pub const LAYERS_LIMIT: usize = 5;

/// A version of the GNU C library, such as 2.34.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlibcVersion {
    /// 2 in 2.34.
    pub major: u32,
    /// 34 in 2.34.
    pub minor: u32,
}

impl std::fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What AWS says of one runtime.
#[derive(Debug, PartialEq, Eq)]
pub struct RuntimeFacts {
    /// The identifier that the API takes, such as `provided.al2023`.
    pub id: &'static str,
    /// The operating system of its image.
    pub os: &'static str,
    /// The C library of its image.
    pub glibc: GlibcVersion,
    /// The architectures it exists for.
    pub architectures: &'static [Arch],
    /// From this day on it gets no security patches.
    pub deprecated: Date,
    /// From this day on no function can be created with it.
    pub create_blocked: Date,
    /// From this day on no function that uses it can be updated.
    pub update_blocked: Date,
}

/// The runtimes that run an executable of the user's own, newest first.
///
/// Source: AWS Lambda developer guide, "Lambda runtimes", with the glibc of the respective Amazon Linux release.
/// AWS no longer gives block dates for the two oldest, only that they are past; their deprecation date stands in.
pub const RUNTIMES: [RuntimeFacts; 4] = [
    RuntimeFacts {
        id: "provided.al2023",
        os: "Amazon Linux 2023",
        glibc: GlibcVersion { major: 2, minor: 34 },
        architectures: &[Arch::X86_64, Arch::Arm64],
        deprecated: date!(2029 - 06 - 30),
        create_blocked: date!(2029 - 07 - 31),
        update_blocked: date!(2029 - 08 - 31),
    },
    RuntimeFacts {
        id: "provided.al2",
        os: "Amazon Linux 2",
        glibc: GlibcVersion { major: 2, minor: 26 },
        architectures: &[Arch::X86_64, Arch::Arm64],
        deprecated: date!(2026 - 07 - 31),
        create_blocked: date!(2027 - 02 - 01),
        update_blocked: date!(2027 - 03 - 03),
    },
    RuntimeFacts {
        id: "provided",
        os: "Amazon Linux",
        glibc: GlibcVersion { major: 2, minor: 17 },
        architectures: &[Arch::X86_64],
        deprecated: date!(2023 - 12 - 31),
        create_blocked: date!(2023 - 12 - 31),
        update_blocked: date!(2023 - 12 - 31),
    },
    RuntimeFacts {
        id: "go1.x",
        os: "Amazon Linux",
        glibc: GlibcVersion { major: 2, minor: 17 },
        architectures: &[Arch::X86_64],
        deprecated: date!(2023 - 12 - 31),
        create_blocked: date!(2023 - 12 - 31),
        update_blocked: date!(2023 - 12 - 31),
    },
];

/// The names of the shared libraries found in the image of `provided.al2023` (dumped in mid-2026), sorted.
pub fn al2023_libraries(arch: Arch) -> impl Iterator<Item = &'static str> {
    let list = match arch {
        Arch::X86_64 => include_str!("lambda/al2023-libraries-x86_64.txt"),
        Arch::Arm64 => include_str!("lambda/al2023-libraries-arm64.txt"),
    };
    list.lines()
}
