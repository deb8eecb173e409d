//! What goes into a zip, before there is one: entries whose names are known to be good, in the order of the archive.
//!
//! A name is checked once, where it is made, so that nothing behind it has to ask whether it escapes the folder that
//! Lambda unpacks into, or means something else on another operating system.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use anyhow::Result;

use crate::error::{ErrorKind, Failure};

/// The entry that a custom runtime starts. It comes first in the zip.
const BOOTSTRAP: &str = "bootstrap";

/// The longest name in bytes: the container counts in 16 bits, and a folder's name gets a `/` at its end.
const LONGEST_NAME: usize = 65_534;

/// A name inside a zip: relative, its components separated by `/`, the same on every operating system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryName(String);

/// A name that cannot be an [`EntryName`], and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidName {
    name: String,
    rule: &'static str,
}

impl EntryName {
    /// Checks a name that is already in a zip's spelling.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
        let name = name.into();
        match broken_rule(&name) {
            None => Ok(Self(name)),
            Some(rule) => Err(InvalidName { name, rule }),
        }
    }

    /// The name of a relative path of this operating system.
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

    /// The folders that this name is in, outermost first.
    fn folders(&self) -> impl Iterator<Item = &str> {
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

/// Where the contents of an entry come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntrySource {
    /// A file, read while the zip is written.
    Disk(PathBuf),
    /// Contents made by this program.
    Bytes(Vec<u8>),
    /// A symbolic link with this target.
    Symlink(String),
    /// An empty folder. Folders with something in them need no entry.
    Directory,
}

impl fmt::Display for EntrySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(path) => write!(f, "`{}`", path.display()),
            Self::Bytes(_) => f.write_str("generated contents"),
            Self::Symlink(target) => write!(f, "a link to `{target}`"),
            Self::Directory => f.write_str("a folder"),
        }
    }
}

/// One thing to pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the zip; a folder's without a `/` at the end.
    pub name: EntryName,
    /// Its contents.
    pub source: EntrySource,
    /// Its permissions, such as `0o755`. The bits for the type of file follow from the source.
    pub mode: u32,
}

impl Entry {
    /// The mode with the bits for the type of file, as a Unix `stat` would give it.
    #[must_use]
    pub fn unix_mode(&self) -> u32 {
        let kind = match self.source {
            EntrySource::Disk(_) | EntrySource::Bytes(_) => 0o100_000,
            EntrySource::Symlink(_) => 0o120_000,
            EntrySource::Directory => 0o040_000,
        };
        kind | (self.mode & 0o7_777)
    }

    /// The name as it is written into the zip: a folder's ends with `/`.
    #[must_use]
    pub fn zip_name(&self) -> String {
        match self.source {
            EntrySource::Directory => format!("{}/", self.name),
            _ => self.name.to_string(),
        }
    }
}

/// Names that only a file system which tells upper from lower case can hold apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseClash(pub Vec<EntryName>);

impl fmt::Display for CaseClash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "the names {} differ only by case", names.join(" and "))
    }
}

/// Entries in the order of the archive, none of them in another's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortedEntries {
    entries: Vec<Entry>,
    case_clashes: Vec<CaseClash>,
}

impl SortedEntries {
    /// The entries: `bootstrap` first, the rest by the bytes of their names.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What a user should be warned of.
    #[must_use]
    pub fn case_clashes(&self) -> &[CaseClash] {
        &self.case_clashes
    }
}

/// Puts entries into the order of the archive. Two entries of one name, and a file where another entry needs a folder,
/// are failures of kind [`ErrorKind::Usage`].
pub fn sort(mut entries: Vec<Entry>) -> Result<SortedEntries> {
    entries.sort_by(|a, b| (a.name.as_str() != BOOTSTRAP, &a.name).cmp(&(b.name.as_str() != BOOTSTRAP, &b.name)));
    if let Some([first, second]) = entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
        let message = format!("two entries have the name `{}`: {} and {}", first.name, first.source, second.source);
        return Err(Failure::new(ErrorKind::Usage, message).into());
    }
    refuse_files_as_folders(&entries)?;
    let case_clashes = case_clashes(&entries);
    Ok(SortedEntries { entries, case_clashes })
}

fn refuse_files_as_folders(entries: &[Entry]) -> Result<()> {
    let is_file = |entry: &&Entry| entry.source != EntrySource::Directory;
    let files: BTreeSet<&str> = entries.iter().filter(is_file).map(|entry| entry.name.as_str()).collect();
    for entry in entries {
        if let Some(folder) = entry.name.folders().find(|folder| files.contains(folder)) {
            let message = format!("`{folder}` is a file, and the folder of `{}`", entry.name);
            return Err(Failure::new(ErrorKind::Usage, message).into());
        }
    }
    Ok(())
}

fn case_clashes(entries: &[Entry]) -> Vec<CaseClash> {
    let mut by_folded_name = BTreeMap::<String, Vec<EntryName>>::new();
    for entry in entries {
        by_folded_name.entry(entry.name.as_str().to_lowercase()).or_default().push(entry.name.clone());
    }
    by_folded_name.into_values().filter(|names| names.len() > 1).map(CaseClash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> Entry {
        Entry { name: name.parse().unwrap(), source: EntrySource::Bytes(Vec::new()), mode: 0o644 }
    }

    fn order(names: &[&str]) -> Result<Vec<String>> {
        let sorted = sort(names.iter().map(|name| entry(name)).collect())?;
        Ok(sorted.entries().iter().map(|entry| entry.name.to_string()).collect())
    }

    #[test]
    fn names_that_escape_or_mean_something_else_elsewhere_are_refused() {
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
    fn names_with_dots_spaces_and_other_scripts_are_fine() {
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

    #[test]
    fn bootstrap_comes_first_and_the_rest_by_bytes() {
        let names = order(&["b", "é", "bootstrap", "B", "a/bootstrap", "a-b", "Z"]).unwrap();
        assert_eq!(names, ["bootstrap", "B", "Z", "a-b", "a/bootstrap", "b", "é"]);
    }

    #[test]
    fn two_entries_of_one_name_are_refused() {
        let disk = |path| Entry { source: EntrySource::Disk(PathBuf::from(path)), ..entry("b") };
        let error = sort(vec![disk("x/b"), entry("a"), disk("y/b")]).unwrap_err();
        assert_eq!(error.to_string(), "two entries have the name `b`: `x/b` and `y/b`");
        assert_eq!(crate::error::exit_code(&error), 2);
    }

    #[test]
    fn a_file_cannot_be_a_folder() {
        let error = order(&["lib/a/b", "lib", "lib-c"]).unwrap_err();
        assert_eq!(error.to_string(), "`lib` is a file, and the folder of `lib/a/b`");
        let folder = Entry { source: EntrySource::Directory, ..entry("lib") };
        assert!(sort(vec![entry("lib/a"), folder]).is_ok());
    }

    #[test]
    fn names_that_differ_only_by_case_are_reported() {
        let sorted = sort(["a/B", "a/b", "c", "É", "é"].map(entry).into()).unwrap();
        let texts: Vec<_> = sorted.case_clashes().iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            ["the names `a/B` and `a/b` differ only by case", "the names `É` and `é` differ only by case"]
        );
    }
}
