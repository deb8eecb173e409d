//! What AWS Lambda requires, as data: limits, runtimes and their dates, and what their images hold.
//!
//! Figures come from AWS's documentation unless a field says otherwise. Nothing else in the code repeats them.

use serde::Serialize;
use time::Date;
use time::macros::date;

use crate::elf::SymbolVersion;
use crate::target::Arch;

/// A zip sent in a request (API, CLI, console) must be smaller than this many bytes; a larger one goes through S3.
/// The figure is the one in the service's own error message (`RequestEntityTooLargeException`).
pub const DIRECT_UPLOAD_LIMIT: u64 = 52_428_800;

/// The unpacked contents, layers included, must be smaller than this many bytes.
pub const UNPACKED_LIMIT: u64 = 262_144_000;

/// The most layers that a function can have.
pub const LAYERS_LIMIT: usize = 5;

/// Where the limits are known from.
pub const LIMITS_SOURCE: &str = "AWS Lambda developer guide, \"Lambda quotas\"";

/// Where the runtimes, their dates and their architectures are known from.
pub const RUNTIMES_SOURCE: &str = "AWS Lambda developer guide, \"Lambda runtimes\"";

/// Where the names of libraries are known from.
pub const LIBRARIES_SOURCE: &str = "the image of `provided.al2023`, dumped in mid-2026";

/// A number that Lambda does not go beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LimitFacts {
    /// A name for programs.
    pub id: &'static str,
    /// The number.
    pub value: u64,
    /// What must be less, or no more, in one sentence.
    pub what: &'static str,
    /// Where it is known from.
    pub source: &'static str,
}

/// The limits that a zip is held against, to be shown to a user.
pub const LIMITS: [LimitFacts; 3] = [
    LimitFacts {
        id: "direct-upload",
        value: DIRECT_UPLOAD_LIMIT,
        what: "bytes: a zip that is sent in a request is smaller; a larger one goes through Amazon S3",
        source: "the service's error message, and the AWS Lambda developer guide, \"Lambda quotas\"",
    },
    LimitFacts {
        id: "unpacked",
        value: UNPACKED_LIMIT,
        what: "bytes: the unpacked contents of a function and its layers are smaller",
        source: "the service's error message, and the AWS Lambda developer guide, \"Lambda quotas\"",
    },
    LimitFacts {
        id: "layers",
        value: LAYERS_LIMIT as u64,
        what: "layers: a function has no more",
        source: LIMITS_SOURCE,
    },
];

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
    /// The highest symbol versions that its libstdc++ (`GLIBCXX`, `CXXABI`) and `libgcc_s` (`GCC`) offer, by prefix; a
    /// prefix is left out where it is not known.
    pub symbol_versions: &'static [(&'static str, SymbolVersion)],
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

/// The names of the shared libraries found in the image of `provided.al2023` (dumped in mid-2026), sorted.
pub fn al2023_libraries(arch: Arch) -> impl Iterator<Item = &'static str> {
    let list = match arch {
        Arch::X86_64 => include_str!("lambda/al2023-libraries-x86_64.txt"),
        Arch::Arm64 => include_str!("lambda/al2023-libraries-arm64.txt"),
    };
    list.lines()
}

/// The paths of the loader that every image has, the first of them as linkers write it.
#[must_use]
pub fn loaders(arch: Arch) -> &'static [&'static str] {
    // `/lib` and `/lib64` are links into `/usr` in Amazon Linux.
    match arch {
        Arch::X86_64 => &["/lib64/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2"],
        Arch::Arm64 => &["/lib/ld-linux-aarch64.so.1", "/usr/lib/ld-linux-aarch64.so.1"],
    }
}

/// The libraries of glibc and libgcc that every image has and every managed runtime keeps, for each architecture.
pub const SAFE_LIBRARIES: [&str; 11] = [
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
    "linux-vdso.so.1",
];

/// The programs in `/bin` and `/usr/bin` of the images that a script can name after `#!`.
///
/// They are those of the packages that Amazon Linux's minimal container is made of and that can run a script: bash (which
/// is also `sh`), coreutils (`env`), gawk, sed. What else the service's images hold is not documented: a program that is
/// not listed may be there.
pub const SCRIPT_INTERPRETERS: [&str; 6] = ["awk", "bash", "env", "gawk", "sed", "sh"];

/// Folders of other systems and of a developer's own machine: no image has a program in them.
/// `/usr/local` is left to the administrator by the Filesystem Hierarchy Standard, and Lambda has none; the package managers
/// of macOS, Nix and Guix have the others.
pub const FOREIGN_FOLDERS: [&str; 9] =
    ["/Applications", "/Library", "/Users", "/gnu/store", "/home", "/nix", "/opt/homebrew", "/opt/local", "/usr/local"];

/// Where a function's zip is unpacked.
pub const TASK_ROOT: &str = "/var/task";

/// Where layers are unpacked, one over the other.
pub const LAYERS_ROOT: &str = "/opt";

/// The folders of the function's zip, relative to [`TASK_ROOT`], in which the loader looks for libraries.
pub const TASK_LIBRARY_FOLDERS: [&str; 2] = ["", "lib"];

/// The folder of a layer, relative to [`LAYERS_ROOT`], in which the loader looks for libraries.
pub const LAYER_LIBRARY_FOLDER: &str = "lib";

/// Debug information beyond this many bytes is worth a word: it counts against both limits and slows the cold start, and
/// nothing reads it. The figure is this project's choice, not AWS's.
pub const DEBUG_SIZE_WORTH_A_NOTE: u64 = 1 << 20;

/// The most bytes that an event may have: 6 MB, by the service's own error message (`RequestEntityTooLargeException`).
pub const EVENT_LIMIT: usize = 6 * 1024 * 1024;

/// The most bytes of an event of an asynchronous invocation: 1 MB, by the AWS Lambda developer guide, "Lambda quotas".
pub const ASYNCHRONOUS_EVENT_LIMIT: usize = 1024 * 1024;

/// The most bytes that a buffered response may have, by the service's own error message
/// (`Function.ResponseSizeTooLarge`): 6 MB and a little for the envelope.
pub const RESPONSE_LIMIT: usize = 6 * 1024 * 1024 + 100;

/// The most bytes of a streamed response: 200 MB, by the AWS Lambda developer guide, "Lambda quotas".
pub const STREAMED_RESPONSE_LIMIT: usize = 200 * 1024 * 1024;
