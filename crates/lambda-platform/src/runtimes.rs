//! The runtimes that run the user's own executable, with AWS's dates for each.

use time::Date;
use time::macros::date;

use crate::{Arch, GlibcVersion, SymbolVersion};

/// Source of the runtimes, their dates and their architectures.
pub const RUNTIMES_SOURCE: &str = "AWS Lambda developer guide, \"Lambda runtimes\"";

/// Source of the dates of runtimes that AWS's page no longer lists.
pub const RETIRED_RUNTIMES_SOURCE: &str = "the runtime lifecycle data of cfn-lint 1.58, taken from AWS's page";

/// The runtime id of functions that are deployed as a container image with the user's own runtime. No zip runs on it.
pub const CONTAINER_IMAGE_RUNTIME: &str = "custom";

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
    /// Source of the dates.
    pub source: &'static str,
    /// The day on which the dates were last compared with the source.
    pub read_on: Date,
}

impl RuntimeFacts {
    /// The dates on which the service changes what it does with the runtime.
    #[must_use]
    pub fn dates(&self) -> [Date; 3] {
        [self.deprecated, self.create_blocked, self.update_blocked]
    }
}

/// The runtimes that run the user's own executable, newest first.
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
        source: RUNTIMES_SOURCE,
        read_on: date!(2026 - 11 - 27),
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
        source: RUNTIMES_SOURCE,
        read_on: date!(2026 - 11 - 27),
    },
    RuntimeFacts {
        id: "provided",
        os: "Amazon Linux",
        glibc: GlibcVersion { major: 2, minor: 17 },
        symbol_versions: &[],
        architectures: &[Arch::X86_64],
        deprecated: date!(2024 - 01 - 08),
        create_blocked: date!(2024 - 02 - 08),
        update_blocked: date!(2027 - 03 - 03),
        source: RETIRED_RUNTIMES_SOURCE,
        read_on: date!(2026 - 11 - 27),
    },
    RuntimeFacts {
        id: "go1.x",
        os: "Amazon Linux",
        glibc: GlibcVersion { major: 2, minor: 17 },
        symbol_versions: &[],
        architectures: &[Arch::X86_64],
        deprecated: date!(2024 - 01 - 08),
        create_blocked: date!(2024 - 02 - 08),
        update_blocked: date!(2027 - 03 - 03),
        source: RETIRED_RUNTIMES_SOURCE,
        read_on: date!(2026 - 11 - 27),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;

    /// The facts whose dates have passed since someone last compared them with their source.
    fn overdue(today: Date) -> Vec<&'static str> {
        let is_overdue =
            |facts: &&RuntimeFacts| facts.dates().iter().any(|date| *date <= today && facts.read_on < *date);
        RUNTIMES.iter().filter(is_overdue).map(|facts| facts.id).collect()
    }

    #[test]
    fn dates_that_have_passed_were_reviewed_since() {
        let today = OffsetDateTime::now_utc().date();
        let overdue = overdue(today);
        assert!(
            overdue.is_empty(),
            "a date of {overdue:?} has passed: compare the dates with their source, and set `read_on` to today"
        );
    }

    #[test]
    fn a_date_that_passes_asks_for_a_review() {
        assert_eq!(overdue(date!(2027 - 02 - 01)), ["provided.al2"]);
        assert_eq!(overdue(date!(2027 - 03 - 03)), ["provided.al2", "provided", "go1.x"]);
    }

    #[test]
    fn dates_are_in_order() {
        for facts in &RUNTIMES {
            assert!(facts.dates().is_sorted(), "{}", facts.id);
        }
    }
}
