//! Permissions of files in a zip. They depend on names and contents, never on the machine that packs: Windows has no Unix
//! permissions, and elsewhere the umask changes them.

use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use anyhow::Result;

use super::pattern::Pattern;
use lambda_zip_error::{ErrorKind, Failure, ResultExt, fs};

/// The first bytes of every ELF file.
const ELF_MAGIC: [u8; 4] = *b"\x7fELF";

/// The mode of programs and directories.
pub(super) const PROGRAM: u32 = 0o755;
/// The mode of other files.
const FILE: u32 = 0o644;
/// The mode of symbolic links, which is always this one on Linux.
pub(super) const LINK: u32 = 0o777;

/// Permissions that a user chose for the files whose names match a glob.
#[derive(Debug, Clone)]
pub struct ModeRule {
    pattern: Pattern,
    mode: u32,
}

impl ModeRule {
    /// A rule for the names that match `glob`, as in [`Pattern::matches_at_any_depth`]. `mode` is octal.
    pub fn new(glob: &str, mode: &str) -> Result<Self, Failure> {
        Ok(Self { pattern: Pattern::new(glob)?, mode: parse_octal(mode)? })
    }

    /// Whether the rule matches the file with this name.
    #[must_use]
    pub fn applies_to(&self, name: &str) -> bool {
        self.pattern.matches_at_any_depth(name)
    }

    /// The text of the glob.
    #[must_use]
    pub fn glob(&self) -> &str {
        self.pattern.as_str()
    }
}

impl FromStr for ModeRule {
    type Err = Failure;

    /// Parses `GLOB=OCTAL`.
    fn from_str(text: &str) -> Result<Self, Failure> {
        match text.rsplit_once('=') {
            Some((glob, mode)) => Self::new(glob, mode),
            None => Err(Failure::new(
                ErrorKind::Usage,
                format!("`{text}` is not of the form `GLOB=MODE`, such as `*.sh=0755`"),
            )),
        }
    }
}

/// Parses octal permissions as `chmod` takes them. The set-user-ID, set-group-ID and sticky bits are refused: Lambda runs
/// everything as one user, so they have no use.
pub fn parse_octal(text: &str) -> Result<u32, Failure> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let is_octal = (3..=5).contains(&digits.len()) && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    let mode = u32::from_str_radix(digits, 8).ok().filter(|mode| is_octal && *mode <= 0o777);
    mode.ok_or_else(|| Failure::new(ErrorKind::Usage, format!("`{text}` is not an octal mode such as `0644`")))
}

/// The mode for a name. If several rules match, the last one counts.
pub(super) fn by_rule(rules: &[ModeRule], name: &str) -> Option<u32> {
    rules.iter().rev().find(|rule| rule.applies_to(name)).map(|rule| rule.mode)
}

/// The mode of a file that is a program because of its name or its directory.
pub(super) fn by_name(name: &str) -> Option<u32> {
    let directory = name.rsplit_once('/').map(|(directory, _)| directory);
    (name == "bootstrap" || matches!(directory, Some("bin" | "extensions"))).then_some(PROGRAM)
}

/// The mode of any other file, from the first bytes of its contents.
pub(super) fn by_head(head: &[u8]) -> u32 {
    if head.starts_with(&ELF_MAGIC) || head.starts_with(b"#!") { PROGRAM } else { FILE }
}

/// The same as [`by_head`], for a file that is listed but not packed.
pub(super) fn of_file(path: &Path) -> Result<u32> {
    let mut head = Vec::new();
    let read = fs::open(path)?.take(ELF_MAGIC.len() as u64).read_to_end(&mut head);
    read.or_fail(ErrorKind::Archive, || format!("failed to read `{}`", path.display()))?;
    Ok(by_head(&head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal() {
        assert_eq!(parse_octal("0644").unwrap(), 0o644);
        assert_eq!(parse_octal("755").unwrap(), 0o755);
        assert_eq!(parse_octal("0o755").unwrap(), 0o755);
        for text in ["", "8", "64", "0999", "4755", "17777", "+644", "-644", "rwx"] {
            assert!(parse_octal(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_matching_rule_counts() {
        let rules = ["**=0600", "*.sh=0755", "bin/x=0700"].map(|rule| rule.parse().unwrap());
        assert_eq!(by_rule(&rules, "a/b.sh"), Some(0o755));
        assert_eq!(by_rule(&rules, "bin/x"), Some(0o700));
        assert_eq!(by_rule(&rules, "a/b"), Some(0o600));
        assert_eq!(by_rule(&rules[1..], "a/b"), None);
        assert!("*.sh".parse::<ModeRule>().is_err());
    }

    #[test]
    fn without_a_rule_the_name_and_the_contents_decide() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (name, contents, mode) in [
            ("bootstrap", &b""[..], 0o755),
            ("bin/tool", b"", 0o755),
            ("bin/deeper/tool", b"", 0o644),
            ("extensions/agent", b"text", 0o755),
            ("lib/libx.so", b"\x7fELF\x02", 0o755),
            ("run", b"#!/bin/sh\n", 0o755),
            ("note", b"#", 0o644),
            ("empty", b"", 0o644),
        ] {
            std::fs::write(&path, contents).unwrap();
            let found = by_name(name).map_or_else(|| of_file(&path), Ok);
            assert_eq!(found.unwrap(), mode, "{name}");
        }
    }
}
