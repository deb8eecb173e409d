//! Symbolic links: those that point to something in the zip are kept, others are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use anyhow::Result;

use super::entry::{Entry, EntrySource};
use lambda_zip_error::{ErrorKind, Failure};

/// Linux follows at most this many links in one path.
const LINKS_LIMIT: usize = 40;

/// How to pack symbolic links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symlinks {
    /// A link stays a link. It must point to something in the zip.
    #[default]
    Preserve,
    /// The target of a link is packed in its place.
    Follow,
    /// A link is an error.
    Reject,
}

impl FromStr for Symlinks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "preserve" => Ok(Self::Preserve),
            "follow" => Ok(Self::Follow),
            "reject" => Ok(Self::Reject),
            _ => Err("expected `preserve`, `follow` or `reject`".into()),
        }
    }
}

/// Refuses links that point out of the zip, or to something that is not in it. `broken` has a message for each link whose
/// target does not exist on the disk either.
pub(super) fn refuse_dangling(entries: &[Entry], broken: &BTreeMap<String, String>) -> Result<()> {
    let links: BTreeMap<&str, &str> = entries
        .iter()
        .filter_map(|entry| match &entry.source {
            EntrySource::Symlink(target) => Some((entry.name.as_str(), target.as_str())),
            _ => None,
        })
        .collect();
    if links.is_empty() {
        return Ok(());
    }
    let mut existing = BTreeSet::from([""]);
    for name in entries.iter().map(|entry| entry.name.as_str()) {
        existing.extend(name.match_indices('/').map(|(end, _)| &name[..end]).chain([name]));
    }
    for (name, target) in &links {
        let reason = match resolve(name, &links) {
            Ok(path) if existing.contains(path.as_str()) => continue,
            Ok(path) => format!("`{path}` is not in the zip"),
            Err(reason) => reason.to_owned(),
        };
        if let Some(message) = broken.get(*name) {
            let message = format!("{message}: its target is `{target}`");
            return Err(Failure::new(ErrorKind::Archive, message).hint("fix the link, or exclude it").into());
        }
        return Err(Failure::new(
            ErrorKind::Usage,
            format!("cannot pack the symbolic link `{name}` to `{target}`: {reason}"),
        )
        .hint("include its target, or pack the target in its place with `--symlinks follow`")
        .into());
    }
    Ok(())
}

/// The path of a name after following all links, or why there is none.
fn resolve(name: &str, links: &BTreeMap<&str, &str>) -> Result<String, &'static str> {
    const OUTSIDE: &str = "it points out of the zip";
    let mut path: Vec<&str> = Vec::new();
    let mut ahead: Vec<&str> = name.rsplit('/').collect();
    let mut followed = 0;
    while let Some(part) = ahead.pop() {
        match part {
            "" | "." => continue,
            ".." => {
                path.pop().ok_or(OUTSIDE)?;
                continue;
            }
            part => path.push(part),
        }
        if let Some(target) = links.get(path.join("/").as_str()) {
            followed += 1;
            if target.starts_with('/') {
                return Err(OUTSIDE);
            }
            if followed > LINKS_LIMIT {
                return Err("links form a loop");
            }
            path.pop();
            ahead.extend(target.rsplit('/'));
        }
    }
    Ok(path.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(entries: &[(&str, Option<&str>)]) -> Option<String> {
        let entry = |(name, target): &(&str, Option<&str>)| Entry {
            name: name.parse().unwrap(),
            source: target.map_or(EntrySource::Bytes(Vec::new()), |target| EntrySource::Symlink(target.into())),
            mode: Some(0o777),
        };
        let entries: Vec<_> = entries.iter().map(entry).collect();
        refuse_dangling(&entries, &BTreeMap::new()).err().map(|error| error.to_string())
    }

    #[test]
    fn a_link_to_something_in_the_zip_is_kept() {
        assert_eq!(refusal(&[("a/file", None), ("link", Some("a/file")), ("b/link", Some("../a"))]), None);
        assert_eq!(refusal(&[("a/file", None), ("b", Some("a")), ("c", Some("./b//file"))]), None);
        assert_eq!(refusal(&[("a/file", None), ("a/here", Some("."))]), None);
        assert_eq!(refusal(&[("a/deep/file", None), ("b", Some("a/deep")), ("c", Some("b/../deep"))]), None);
    }

    #[test]
    fn a_link_out_of_the_zip_or_in_a_loop_is_refused() {
        let outside =
            |name, target| format!("cannot pack the symbolic link `{name}` to `{target}`: it points out of the zip");
        for target in ["/etc/passwd", "../x", "a/../../x"] {
            assert_eq!(refusal(&[("a/file", None), ("link", Some(target))]), Some(outside("link", target)));
        }
        assert_eq!(
            refusal(&[("a", Some("b")), ("b", Some("a"))]).unwrap(),
            "cannot pack the symbolic link `a` to `b`: links form a loop"
        );
        assert_eq!(
            refusal(&[("link", Some("gone"))]).unwrap(),
            "cannot pack the symbolic link `link` to `gone`: `gone` is not in the zip"
        );
        assert!(refusal(&[("a/file", None), ("b/up", Some("../..")), ("c", Some("b/up/a"))]).is_some());
    }
}
