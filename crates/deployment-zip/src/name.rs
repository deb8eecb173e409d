//! Names inside a zip.
//!
//! A name is checked once, when it is created. Later code can rely on it: it stays inside the directory into which Lambda
//! unpacks, and it means the same on every operating system.

use std::fmt;
use std::path::{Component, Path};
use std::str::FromStr;

use super::spelling::composed;

/// The longest name in bytes: the length has 16 bits in a zip, and the name of a directory gets a trailing `/`.
const LONGEST_NAME: usize = 65_534;

/// A name inside a zip: relative, its components separated by `/`, the same on every operating system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryName(String);

/// The error for a text that cannot be an [`EntryName`]: the text, and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidName {
    name: String,
    rule: &'static str,
}

impl EntryName {
    /// Checks a `/`-separated name. On macOS it is brought into Unicode's composed form first.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
        let name = composed(&name.into()).into_owned();
        match broken_rule(&name) {
            None => Ok(Self(name)),
            Some(rule) => Err(InvalidName { name, rule }),
        }
    }

    /// The name for a relative path of this operating system.
    pub fn from_path(path: &Path) -> Result<Self, InvalidName> {
        let invalid = |rule| InvalidName { name: path.display().to_string(), rule };
        let mut components = Vec::new();
        for component in path.components() {
            match component {
                Component::Normal(part) => components.push(part.to_str().ok_or(invalid("it is not valid UTF-8"))?),
                Component::CurDir => components.push("."),
                Component::ParentDir => components.push(".."),
                Component::RootDir => return Err(invalid("it is absolute")),
                Component::Prefix(_) => return Err(invalid("it starts with a drive letter or a network share")),
            }
        }
        Self::new(components.join("/")).map_err(|error| invalid(error.rule))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directories that contain this name, outermost first.
    pub(super) fn directories(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(position, _)| &self.0[..position])
    }
}

fn broken_rule(name: &str) -> Option<&'static str> {
    let bytes = name.as_bytes();
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.len() > LONGEST_NAME {
        return Some("it is longer than 65,534 bytes");
    }
    if name.chars().any(char::is_control) {
        return Some("it has a control character");
    }
    if name.contains('\\') {
        return Some("it has a backslash");
    }
    if name.starts_with('/') {
        return Some("it is absolute");
    }
    if bytes[0].is_ascii_alphabetic() && bytes.get(1) == Some(&b':') {
        return Some("it starts with a drive letter");
    }
    name.split('/').find_map(|component| match component {
        "" => Some("it has an empty component"),
        "." => Some("it has a `.` component"),
        ".." => Some("it has a `..` component"),
        _ => None,
    })
}

impl FromStr for EntryName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be a name in a zip: {}", self.name.escape_debug(), self.rule)
    }
}

impl std::error::Error for InvalidName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_unsafe_on_some_system_are_refused() {
        for (name, rule) in [
            ("", "it is empty"),
            ("/etc/passwd", "it is absolute"),
            ("a//b", "it has an empty component"),
            ("a/", "it has an empty component"),
            ("./a", "it has a `.` component"),
            ("a/../b", "it has a `..` component"),
            ("a\\b", "it has a backslash"),
            ("C:/a", "it starts with a drive letter"),
            ("c:a", "it starts with a drive letter"),
            ("a\nb", "it has a control character"),
            ("a\u{85}b", "it has a control character"),
        ] {
            assert_eq!(EntryName::new(name).unwrap_err().rule, rule, "{name:?}");
        }
        assert_eq!(
            EntryName::new("a\nb").unwrap_err().to_string(),
            "`a\\nb` cannot be a name in a zip: it has a control character"
        );
        assert!(EntryName::new("n".repeat(LONGEST_NAME)).is_ok());
        assert!(EntryName::new("n".repeat(LONGEST_NAME + 1)).is_err());
    }

    #[test]
    fn dots_spaces_and_other_scripts_are_allowed() {
        for name in ["bootstrap", "a b/c", "...", ".env", "a..b/c.", "größe/日本", "assets/a:b"] {
            assert_eq!(EntryName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn a_path_becomes_a_name_with_slashes() {
        assert_eq!(EntryName::from_path(&Path::new("a").join("b").join("c")).unwrap().as_str(), "a/b/c");
        let error = EntryName::from_path(Path::new("../a")).unwrap_err();
        assert_eq!(error.to_string(), "`../a` cannot be a name in a zip: it has a `..` component");
        assert!(EntryName::from_path(Path::new("")).is_err());
        assert!(EntryName::from_path(Path::new("/a")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_unicode_is_refused() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"a/\xff"));
        assert_eq!(EntryName::from_path(path).unwrap_err().rule, "it is not valid UTF-8");
    }
}
