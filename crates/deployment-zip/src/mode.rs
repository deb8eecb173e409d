//! Permissions of files in a zip. They follow from names and contents, never from the machine that packs: Windows has no
//! permissions to take over, and a umask changes them elsewhere.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use anyhow::Result;

use super::pattern::Pattern;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// The first bytes of every ELF file.
const ELF_MAGIC: [u8; 4] = *b"\x7fELF";

/// Of programs, and of folders.
pub(super) const PROGRAM: u32 = 0o755;
/// Of everything else.
const FILE: u32 = 0o644;
/// Of symbolic links, as Linux has it.
pub(super) const LINK: u32 = 0o777;

/// The permissions that a user wants for the files with certain names in the zip.
#[derive(Debug, Clone)]
pub struct ModeRule {
    pattern: Pattern,
    mode: u32,
}

impl ModeRule {
    /// A rule for the names that match `glob`, as [`Pattern::matches_at_any_depth`] has it. `mode` is octal.
    pub fn new(glob: &str, mode: &str) -> Result<Self, Failure> {
        Ok(Self { pattern: Pattern::new(glob)?, mode: parse_octal(mode)? })
    }

    /// Whether it is about the file of this name.
    #[must_use]
    pub fn applies_to(&self, name: &str) -> bool {
        self.pattern.matches_at_any_depth(name)
    }

    /// The glob, as it was written.
    #[must_use]
    pub fn glob(&self) -> &str {
        self.pattern.as_str()
    }
}

impl FromStr for ModeRule {
    type Err = Failure;

    /// Reads `GLOB=OCTAL`.
    fn from_str(text: &str) -> Result<Self, Failure> {
        match text.rsplit_once('=') {
            Some((glob, mode)) => Self::new(glob, mode),
            None => Err(Failure::new(ErrorKind::Usage, format!("`{text}` has no `=`, as in `*.sh=0755`"))),
        }
    }
}

/// Reads permissions as `chmod` takes them in octal. The set-user-ID, set-group-ID and sticky bits are refused: Lambda's
/// one user gains nothing by them.
pub fn parse_octal(text: &str) -> Result<u32, Failure> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let is_octal = (3..=5).contains(&digits.len()) && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    let mode = u32::from_str_radix(digits, 8).ok().filter(|mode| is_octal && *mode <= 0o777);
    mode.ok_or_else(|| Failure::new(ErrorKind::Usage, format!("`{text}` is no mode in octal, as in `0644`")))
}

/// The mode that the last of these rules gives to a name.
pub(super) fn by_rule(rules: &[ModeRule], name: &str) -> Option<u32> {
    rules.iter().rev().find(|rule| rule.applies_to(name)).map(|rule| rule.mode)
}

/// The mode of a file that is a program by its place in the zip.
pub(super) fn by_name(name: &str) -> Option<u32> {
    let folder = name.rsplit_once('/').map(|(folder, _)| folder);
    (name == "bootstrap" || matches!(folder, Some("bin" | "extensions"))).then_some(PROGRAM)
}

/// The mode of any other file that nobody chose one for, by how its contents begin.
pub(super) fn by_head(head: &[u8]) -> u32 {
    if head.starts_with(&ELF_MAGIC) || head.starts_with(b"#!") { PROGRAM } else { FILE }
}

/// The same, of a file that is not being packed.
pub(super) fn of_file(path: &Path) -> Result<u32> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(ELF_MAGIC.len() as u64).read_to_end(&mut head));
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
    fn the_last_rule_counts() {
        let rules = ["**=0600", "*.sh=0755", "bin/x=0700"].map(|rule| rule.parse().unwrap());
        assert_eq!(by_rule(&rules, "a/b.sh"), Some(0o755));
        assert_eq!(by_rule(&rules, "bin/x"), Some(0o700));
        assert_eq!(by_rule(&rules, "a/b"), Some(0o600));
        assert_eq!(by_rule(&rules[1..], "a/b"), None);
        assert!("*.sh".parse::<ModeRule>().is_err());
    }

    #[test]
    fn names_and_contents_decide_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
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
