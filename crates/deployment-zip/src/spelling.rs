//! Names that are one to some systems and two to others.
//!
//! macOS and Windows find `Assets` where the folder lists `assets`, and macOS finds `données` whether its `é` is one
//! character or an `e` with an accent behind it. Linux, where CI packs and where Lambda unpacks, does neither. What is typed
//! otherwise than it is listed is therefore refused everywhere, so that a package is the same wherever it is made.

use std::borrow::Cow;
use std::fmt;
use std::path::{Component, Path};

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::platform::COMPOSES_NAMES;

/// A name as the zip has it. What macOS lists may be decomposed, depending on the file system and on who made the file;
/// there it is composed, as git does it there, so that a checkout has the names that it has on Linux.
pub(super) fn composed(name: &str) -> Cow<'_, str> {
    composed_where(COMPOSES_NAMES, name)
}

fn composed_where(composes: bool, name: &str) -> Cow<'_, str> {
    if composes && !is_nfc(name) { name.nfc().collect::<String>().into() } else { name.into() }
}

/// The same text for all names that one system or another takes for the same.
pub fn folded(name: &str) -> String {
    name.nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// A name that was typed, and is listed otherwise.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OtherSpelling {
    typed: String,
    listed: String,
}

impl OtherSpelling {
    /// Of the names in a folder the one that is meant, when none is the typed one.
    fn of(typed: &str, listed: &[String]) -> Option<Self> {
        if listed.iter().any(|name| composed(name) == composed(typed)) {
            return None;
        }
        let meant = listed.iter().filter(|name| folded(name) == folded(typed)).min()?;
        Some(Self { typed: typed.to_owned(), listed: meant.clone() })
    }
}

impl fmt::Display for OtherSpelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { typed, listed } = self;
        if typed.nfc().eq(listed.nfc()) {
            let (typed, escaped) = (typed.escape_default(), listed.escape_default());
            return write!(f, "`{listed}` is there, but as `{escaped}`, and you typed `{typed}`: rename it");
        }
        write!(f, "`{listed}` is there, which Linux and Lambda tell from `{typed}`: write it that way, or rename it")
    }
}

/// The first name on the way from a folder along a relative path that is listed otherwise. The way along an absolute one is
/// this machine's own.
pub(super) fn other_spelling(base: &Path, path: &Path) -> Option<OtherSpelling> {
    let mut folder = base.to_owned();
    for component in path.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => return None,
            Component::CurDir | Component::ParentDir => {}
            Component::Normal(name) => {
                let other = name.to_str().and_then(|name| OtherSpelling::of(name, &names_in(&folder)));
                if other.is_some() {
                    return other;
                }
            }
        }
        folder.push(component);
    }
    None
}

/// What a folder lists. One that is not there, or must not be read, lists nothing.
fn names_in(folder: &Path) -> Vec<String> {
    let found = folder.read_dir().into_iter().flatten().flatten();
    found.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPOSED: &str = "donn\u{e9}es";
    const DECOMPOSED: &str = "donne\u{301}es";

    #[test]
    fn names_are_composed_where_the_system_may_list_them_decomposed() {
        assert_eq!(composed_where(true, DECOMPOSED), COMPOSED);
        assert_eq!(composed_where(false, DECOMPOSED), DECOMPOSED);
        assert!(matches!(composed_where(true, COMPOSED), Cow::Borrowed(COMPOSED)));
        // A ligature is a character of its own.
        assert_eq!(composed_where(true, "\u{fb01}"), "\u{fb01}");
    }

    #[test]
    fn a_name_is_meant_by_another_spelling_only_if_it_is_not_there_itself() {
        let listed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let meant = |typed, names: &[&str]| OtherSpelling::of(typed, &listed(names)).map(|other| other.listed);
        assert_eq!(meant("Assets", &["b", "assets", "ASSETS"]).as_deref(), Some("ASSETS"));
        assert_eq!(meant("Assets", &["Assets", "assets"]), None);
        assert_eq!(meant("Assets", &["asset"]), None);
        assert_eq!(meant("DONN\u{c9}ES", &[DECOMPOSED]).as_deref(), Some(DECOMPOSED));
        let is_one_name_here = COMPOSES_NAMES;
        assert_eq!(meant(COMPOSED, &[DECOMPOSED]).is_none(), is_one_name_here);
    }

    #[test]
    fn the_way_to_a_file_is_looked_at_name_by_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("shared/Certs")).unwrap();
        std::fs::create_dir(folder.path().join("app")).unwrap();
        let other = |path: &str| other_spelling(&folder.path().join("app"), Path::new(path)).map(|other| other.listed);
        assert_eq!(other("../shared/Certs"), None);
        assert_eq!(other("../Shared/Certs").as_deref(), Some("shared"));
        assert_eq!(other("./../shared/certs/ca.crt").as_deref(), Some("Certs"));
        assert_eq!(other("none/at/all"), None);
        assert_eq!(other_spelling(Path::new("/"), &folder.path().join("App")), None);
    }
}
