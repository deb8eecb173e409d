//! Globs over `/`-separated paths. The syntax is the same wherever a user names files by a pattern.

use anyhow::Result;
use globset::{ErrorKind as GlobError, GlobBuilder, GlobSet, GlobSetBuilder};

use super::spelling::composed;
use lambda_zip_error::{ErrorKind, Failure};

/// The most alternatives in one glob, nested or not. `globset` handles nested ones by recursion, which would overflow the
/// stack.
const MOST_ALTERNATIVES: usize = 250;

/// A glob: `*` and `?` match within a name, `**` matches any number of directories, `[…]` one of several characters and
/// `{a,b}` one of several words. It is case-sensitive on every operating system.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    matcher: GlobSet,
}

impl Pattern {
    /// Parses a glob. `.` components and a trailing `/` are ignored. An invalid glob is a failure of kind
    /// [`ErrorKind::Usage`].
    pub fn new(text: &str) -> Result<Self, Failure> {
        if text.matches('{').count() > MOST_ALTERNATIVES {
            let message = format!("a glob has more than {MOST_ALTERNATIVES} `{{`");
            return Err(Failure::new(ErrorKind::Usage, message).hint("use several globs"));
        }
        let clean: Vec<_> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let clean = composed(&clean.join("/")).into_owned();
        if clean.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "a glob is empty").hint("`**` matches everything"));
        }
        let glob = GlobBuilder::new(&clean).literal_separator(true).backslash_escape(true).build();
        // `Glob::compile_matcher` would panic on a glob that is too large; a set of one glob returns an error.
        let matcher = glob.and_then(|glob| GlobSetBuilder::new().add(glob).build()).map_err(|error| {
            let reason = match error.kind() {
                GlobError::Regex(_) => "it is too long or too deeply nested".to_owned(),
                reason => reason.to_string(),
            };
            Failure::new(ErrorKind::Usage, format!("`{text}` is not a glob: {reason}"))
                .hint("`*` and `?` match within a name, `**` directories, `[ab]` and `{a,b}` alternatives")
        })?;
        Ok(Self { text: text.to_owned(), matcher })
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

    /// The text of the glob.
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

    fn refusal(glob: &str) -> Option<String> {
        let failure = anyhow::Error::from(Pattern::new(glob).err()?);
        assert_eq!(lambda_zip_error::kind(&failure), Some(ErrorKind::Usage));
        Some(failure.to_string())
    }

    #[test]
    fn a_deeply_nested_glob_is_a_usage_error() {
        let nested = |depth: usize| format!("{}a{}", "{b,".repeat(depth), "}".repeat(depth));
        assert!(Pattern::new(&nested(20)).unwrap().matches("a"));
        for depth in [251, 1000, 100_000] {
            assert_eq!(refusal(&nested(depth)).unwrap(), "a glob has more than 250 `{`", "{depth}");
        }
        assert!(refusal(&nested(250)).unwrap().ends_with("it is too long or too deeply nested"));
        assert_eq!(refusal(&"{a,b}".repeat(250)), None);
    }

    #[test]
    fn a_glob_that_is_too_long_is_a_usage_error() {
        assert!(refusal(&"[a-z]*".repeat(100_000)).unwrap().ends_with("it is too long or too deeply nested"));
    }

    #[test]
    fn an_invalid_glob_is_a_usage_error() {
        for glob in ["a[", "{a", "", "./"] {
            assert!(refusal(glob).is_some(), "{glob}");
        }
    }
}
