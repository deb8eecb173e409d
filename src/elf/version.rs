//! Symbol versions: the numbers in `GLIBC_2.34` and their order.

use std::fmt;

/// A version of a library's symbols that a file cannot do without.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionNeed {
    /// The library that must offer it, such as `libc.so.6`.
    pub library: String,
    /// The version's name, such as `GLIBC_2.34`.
    pub version: String,
}

impl VersionNeed {
    /// The version's number if it belongs to the family with this prefix, such as `GLIBC`.
    #[must_use]
    pub fn of_family(&self, prefix: &str) -> Option<SymbolVersion> {
        let number = self.version.strip_prefix(prefix)?.strip_prefix('_')?;
        // glibc marks abilities of its loader by names without a number. The release notes of 2.36 introduce the first
        // of them, and each later one came with a release that is newer still.
        if prefix == "GLIBC" && number.starts_with("ABI_") {
            return Some(SymbolVersion::new(2, 36, 0));
        }
        SymbolVersion::parse(number)
    }
}

/// The number of a symbol version, such as 2.34 or 3.4.29.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SymbolVersion {
    major: u32,
    minor: u32,
    patch: u32,
}

impl SymbolVersion {
    /// A version with these numbers; `patch` is 0 where the name has two numbers only.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|part| part.parse::<u32>().ok());
        let major = numbers.next()??;
        let minor = numbers.next().unwrap_or(Some(0))?;
        let patch = numbers.next().unwrap_or(Some(0))?;
        numbers.next().is_none().then_some(Self { major, minor, patch })
    }
}

impl fmt::Display for SymbolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch == 0 { Ok(()) } else { write!(f, ".{}", self.patch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(version: &str, prefix: &str) -> Option<SymbolVersion> {
        VersionNeed { library: "libc.so.6".into(), version: version.into() }.of_family(prefix)
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert!(number("GLIBC_2.4", "GLIBC") < number("GLIBC_2.34", "GLIBC"));
        assert!(number("GLIBCXX_3.4.9", "GLIBCXX") < number("GLIBCXX_3.4.29", "GLIBCXX"));
        assert_eq!(number("GLIBC_2.2.5", "GLIBC"), Some(SymbolVersion::new(2, 2, 5)));
    }

    #[test]
    fn families_do_not_mix() {
        assert_eq!(number("GLIBCXX_3.4", "GLIBC"), None);
        assert_eq!(number("GLIBC_PRIVATE", "GLIBC"), None);
    }

    #[test]
    fn an_ability_of_the_loader_counts_as_the_release_that_brought_it() {
        assert_eq!(number("GLIBC_ABI_DT_RELR", "GLIBC"), Some(SymbolVersion::new(2, 36, 0)));
    }
}
