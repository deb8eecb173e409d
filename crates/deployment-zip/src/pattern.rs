//! Globs over `/`-separated paths. The syntax is the same wherever a user names files by a pattern.

use anyhow::Result;
use globset::{GlobBuilder, GlobMatcher};

use super::spelling::composed;
use lambda_zip_error::{ErrorKind, Failure};

/// A glob: `*` and `?` match within a name, `**` matches any number of directories, `[…]` one of several characters and
/// `{a,b}` one of several words. It is case-sensitive on every operating system.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

impl Pattern {
    /// Parses a glob. `.` components and a trailing `/` are ignored. An invalid glob is a failure of kind
    /// [`ErrorKind::Usage`].
    pub fn new(text: &str) -> Result<Self, Failure> {
        let clean: Vec<_> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let clean = composed(&clean.join("/")).into_owned();
        let glob =
            GlobBuilder::new(&clean).literal_separator(true).backslash_escape(true).build().map_err(|error| {
                Failure::new(ErrorKind::Usage, format!("`{text}` is not a glob: {}", error.kind()))
                    .hint("`*` and `?` match within a name, `**` directories, `[ab]` and `{a,b}` alternatives")
            })?;
        if clean.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "a glob is empty").hint("`**` matches everything"));
        }
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }

    /// Whether the whole path matches.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.matcher.is_match(&*composed(path))
    }

    /// Whether a path matches. A pattern without `/` is compared with the last component only.
    #[must_use]
    pub fn matches_at_any_depth(&self, path: &str) -> bool {
        let is_name = !self.text.trim_end_matches('/').contains('/');
        self.matches(if is_name { path.rsplit('/').next().unwrap_or_default() } else { path })
    }

    /// The glob as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Whether the text is a glob, not the name of one file.
pub(super) fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_a_name() {
        let matches = |glob: &str, path: &str| Pattern::new(glob).unwrap().matches(path);
        assert!(matches("assets/**", "assets/a/b"));
        assert!(!matches("assets/**", "assets"));
        assert!(matches("*.txt", "a.txt") && !matches("*.txt", "b/a.txt"));
        assert!(matches("./a/{b,c}/", "a/c") && !matches("A", "a"));
        assert!(matches(r"a\*", "a*") && !matches(r"a\*", "ab"));
    }

    #[test]
    fn a_name_matches_at_any_depth_and_a_path_does_not() {
        let matches = |glob: &str, path: &str| Pattern::new(glob).unwrap().matches_at_any_depth(path);
        assert!(matches("*.md", "a/b/c.md") && matches("node_modules/", "a/node_modules"));
        assert!(matches("a/*.md", "a/c.md") && !matches("a/*.md", "b/a/c.md"));
    }

    #[test]
    fn an_invalid_glob_is_a_usage_error() {
        for glob in ["a[", "{a", "", "./"] {
            let failure = anyhow::Error::from(Pattern::new(glob).unwrap_err());
            assert_eq!(lambda_zip_error::kind(&failure), Some(ErrorKind::Usage), "{glob}");
        }
    }
}
