//! Symbolic links: kept where they lead to something in the zip, refused where Lambda could not follow them.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use anyhow::Result;

use super::entry::{Entry, EntrySource};
use lambda_zip_error::{ErrorKind, Failure};

/// The most links that Linux follows on one path.
const LINKS_LIMIT: usize = 40;

/// What becomes of symbolic links among the files to pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symlinks {
    /// They stay links, and have to lead to something in the zip.
    #[default]
    Preserve,
    /// What they lead to is packed in their place.
    Follow,
    /// They are failures.
    Reject,
}

impl FromStr for Symlinks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "preserve" => Ok(Self::Preserve),
            "follow" => Ok(Self::Follow),
            "reject" => Ok(Self::Reject),
            _ => Err("there is `preserve`, `follow` and `reject`".into()),
        }
    }
}

/// Refuses links that lead out of the zip, or to nothing in it. `broken` says what is wrong with those that lead to nothing
/// on the disk either.
pub(super) fn refuse_stray(entries: &[Entry], broken: &BTreeMap<String, String>) -> Result<()> {
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
            Some(path) if existing.contains(path.as_str()) => continue,
            Some(path) => format!("`{path}` is not in the zip"),
            None => "that is outside of the zip".to_owned(),
        };
        if let Some(message) = broken.get(*name) {
            let message = format!("{message}: it leads to `{target}`");
            return Err(Failure::new(ErrorKind::Archive, message).hint("mend the link, or leave it out").into());
        }
        return Err(Failure::new(
            ErrorKind::Usage,
            format!("the symbolic link `{name}` leads to `{target}`: {reason}"),
        )
        .hint("include what it leads to, or pack that in its place with `--symlinks follow`")
        .into());
    }
    Ok(())
}

/// The path that a name leads to when links are followed; nothing if it leaves the root or goes in circles.
fn resolve(name: &str, links: &BTreeMap<&str, &str>) -> Option<String> {
    let mut path: Vec<&str> = Vec::new();
    let mut ahead: Vec<&str> = name.rsplit('/').collect();
    let mut followed = 0;
    while let Some(part) = ahead.pop() {
        match part {
            "" | "." => continue,
            ".." => {
                path.pop()?;
                continue;
            }
            part => path.push(part),
        }
        if let Some(target) = links.get(path.join("/").as_str()) {
            followed += 1;
            if followed > LINKS_LIMIT || target.starts_with('/') {
                return None;
            }
            path.pop();
            ahead.extend(target.rsplit('/'));
        }
    }
    Some(path.join("/"))
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
        refuse_stray(&entries, &BTreeMap::new()).err().map(|error| error.to_string())
    }

    #[test]
    fn a_link_to_something_in_the_zip_is_fine() {
        assert_eq!(refusal(&[("a/file", None), ("link", Some("a/file")), ("b/link", Some("../a"))]), None);
        assert_eq!(refusal(&[("a/file", None), ("b", Some("a")), ("c", Some("./b//file"))]), None);
        assert_eq!(refusal(&[("a/file", None), ("a/here", Some("."))]), None);
        assert_eq!(refusal(&[("a/deep/file", None), ("b", Some("a/deep")), ("c", Some("b/../deep"))]), None);
    }

    #[test]
    fn a_link_that_leads_astray_is_refused() {
        let outside =
            |name, target| format!("the symbolic link `{name}` leads to `{target}`: that is outside of the zip");
        for target in ["/etc/passwd", "../x", "a/../../x"] {
            assert_eq!(refusal(&[("a/file", None), ("link", Some(target))]), Some(outside("link", target)));
        }
        assert_eq!(refusal(&[("a", Some("b")), ("b", Some("a"))]), Some(outside("a", "b")));
        assert_eq!(
            refusal(&[("link", Some("gone"))]).unwrap(),
            "the symbolic link `link` leads to `gone`: `gone` is not in the zip"
        );
        assert!(refusal(&[("a/file", None), ("b/up", Some("../..")), ("c", Some("b/up/a"))]).is_some());
    }
}
