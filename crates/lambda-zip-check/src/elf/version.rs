//! Symbol versions that an ELF file needs, such as `GLIBC_2.34` of `libc.so.6`.

use lambda_platform::SymbolVersion;

/// A symbol version that a file requires of a library.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionNeed {
    /// The library that must offer it, such as `libc.so.6`.
    pub library: String,
    /// The version's name, such as `GLIBC_2.34`.
    pub version: String,
}

impl VersionNeed {
    /// The version's number if it has this prefix, such as `GLIBC`.
    #[must_use]
    pub fn number_after(&self, prefix: &str) -> Option<SymbolVersion> {
        let number = self.version.strip_prefix(prefix)?.strip_prefix('_')?;
        // glibc names features of its loader without a number. The first one came with 2.36, all others later.
        if prefix == "GLIBC" && number.starts_with("ABI_") {
            return Some(SymbolVersion::new(2, 36, 0));
        }
        SymbolVersion::parse(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(version: &str, prefix: &str) -> Option<SymbolVersion> {
        VersionNeed { library: "libc.so.6".into(), version: version.into() }.number_after(prefix)
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
    fn a_loader_feature_counts_as_the_release_that_introduced_it() {
        assert_eq!(number("GLIBC_ABI_DT_RELR", "GLIBC"), Some(SymbolVersion::new(2, 36, 0)));
    }
}
