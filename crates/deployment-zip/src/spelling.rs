//! Different spellings of a name that only some systems treat as the same file.
//!
//! macOS and Windows find `assets` when asked for `Assets`. macOS also finds `données` whether `é` is one character or `e`
//! and a combining accent. Linux does neither, and CI packs and Lambda unpacks on Linux. A typed name must therefore be
//! spelled as the directory lists it, on every system, so that a package that builds on one system builds on all.

use std::borrow::Cow;
use std::fmt;
use std::path::{Component, Path};

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::platform::COMPOSES_NAMES;

/// A name in the form in which it goes into the zip. macOS may list names in Unicode's decomposed form, depending on the
/// file system and on the program that created the file. There they are composed, as git does it, so that a checkout has
/// the same names as on Linux.
pub(super) fn composed(name: &str) -> Cow<'_, str> {
    composed_where(COMPOSES_NAMES, name)
}

fn composed_where(composes: bool, name: &str) -> Cow<'_, str> {
    if composes && !is_nfc(name) { name.nfc().collect::<String>().into() } else { name.into() }
}

/// A key that is equal for all names that some system treats as the same.
pub(super) fn folded(name: &str) -> String {
    name.nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// A typed name, and the different spelling that the directory lists.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OtherSpelling {
    typed: String,
    listed: String,
}

impl OtherSpelling {
    /// Finds another spelling of the typed name among the names in a directory. None if the typed name is listed itself.
    fn of(typed: &str, listed: &[String]) -> Option<Self> {
        if listed.iter().any(|name| composed(name) == composed(typed)) {
            return None;
        }
        let other = listed.iter().filter(|name| folded(name) == folded(typed)).min()?;
        Some(Self { typed: typed.to_owned(), listed: other.clone() })
    }
}

impl fmt::Display for OtherSpelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { typed, listed } = self;
        if typed.nfc().eq(listed.nfc()) {
            let (typed, escaped) = (typed.escape_default(), listed.escape_default());
            return write!(f, "found `{listed}` spelled `{escaped}`, expected `{typed}`: rename it");
        }
        write!(f, "found `{listed}`, which is another name than `{typed}` on Linux: type it that way, or rename it")
    }
}

/// The first component of a relative path that its directory lists in another spelling. Absolute paths are not checked:
/// they belong to this machine, so nothing is lost if they do not work on another one.
pub(super) fn other_spelling(base: &Path, path: &Path) -> Option<OtherSpelling> {
    let mut directory = base.to_owned();
    for component in path.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => return None,
            Component::CurDir | Component::ParentDir => {}
            Component::Normal(name) => {
                let other = name.to_str().and_then(|name| OtherSpelling::of(name, &names_in(&directory)));
                if other.is_some() {
                    return other;
                }
            }
        }
        directory.push(component);
    }
    None
}

/// The names that a directory lists. A directory that is missing or unreadable lists none.
fn names_in(directory: &Path) -> Vec<String> {
    let found = directory.read_dir().into_iter().flatten().flatten();
    found.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPOSED: &str = "donn\u{e9}es";
    const DECOMPOSED: &str = "donne\u{301}es";

    #[test]
    fn names_are_composed_only_on_systems_that_may_decompose_them() {
        assert_eq!(composed_where(true, DECOMPOSED), COMPOSED);
        assert_eq!(composed_where(false, DECOMPOSED), DECOMPOSED);
        assert!(matches!(composed_where(true, COMPOSED), Cow::Borrowed(COMPOSED)));
        // A ligature is a character of its own.
        assert_eq!(composed_where(true, "\u{fb01}"), "\u{fb01}");
    }

    #[test]
    fn another_spelling_is_found_only_if_the_typed_one_is_not_listed() {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let found = |typed, names: &[&str]| OtherSpelling::of(typed, &owned(names)).map(|other| other.listed);
        assert_eq!(found("Assets", &["b", "assets", "ASSETS"]).as_deref(), Some("ASSETS"));
        assert_eq!(found("Assets", &["Assets", "assets"]), None);
        assert_eq!(found("Assets", &["asset"]), None);
        assert_eq!(found("DONN\u{c9}ES", &[DECOMPOSED]).as_deref(), Some(DECOMPOSED));
        let is_same_name_here = COMPOSES_NAMES;
        assert_eq!(found(COMPOSED, &[DECOMPOSED]).is_none(), is_same_name_here);
    }

    #[test]
    fn each_component_of_a_path_is_checked() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join("shared/Certs")).unwrap();
        std::fs::create_dir(directory.path().join("app")).unwrap();
        let other =
            |path: &str| other_spelling(&directory.path().join("app"), Path::new(path)).map(|other| other.listed);
        assert_eq!(other("../shared/Certs"), None);
        assert_eq!(other("../Shared/Certs").as_deref(), Some("shared"));
        assert_eq!(other("./../shared/certs/ca.crt").as_deref(), Some("Certs"));
        assert_eq!(other("none/at/all"), None);
        assert_eq!(other_spelling(Path::new("/"), &directory.path().join("App")), None);
    }
}
