//! Recognises files by their first bytes, to say what a file is instead of only what it is not.

use std::fmt;

/// A file that is neither an executable nor a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFormat {
    Gzip,
    Bzip2,
    Xz,
    Zstandard,
    SevenZip,
    Rar,
    Tar,
    Zip,
    Pdf,
    Png,
    JavaClass,
    /// The text that stands in for a file in Git LFS.
    LfsPointer,
    /// A zip in base64.
    Base64Zip,
    Html,
    Xml,
    Json,
    /// A `GROUP` or `INPUT` script for the linker, which some `.so` files are.
    LinkerScript,
    /// A single line that is a path: what Git and some zip tools leave in place of a symbolic link.
    LinkText,
    /// The answer of a server that did not find the file.
    NotFound,
    /// A script whose `#!` line is damaged.
    BrokenShebang(ShebangDamage),
    Text,
    Zeros,
    Binary,
}

/// What keeps the first line of a script from being a `#!` line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShebangDamage {
    /// A UTF-8 byte order mark comes first.
    ByteOrderMark,
    /// The text is UTF-16.
    Utf16,
    /// Blank lines or spaces come first.
    Blank,
    /// The `!` is missing, misplaced, or separated from the `#`.
    Mark,
}

impl FileFormat {
    /// What to do about a file that is not what it should be; `None` if nothing more is known.
    pub(super) fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::LfsPointer => "run `git lfs pull` before packing",
            Self::LinkText => {
                "the file was a symbolic link: check it out on a system with links (`git config core.symlinks true`), \
                 or pack the file that it names"
            }
            Self::Html | Self::Xml | Self::Json | Self::NotFound => {
                "it looks like a server's answer: check the download, for example with `curl --fail`"
            }
            Self::Base64Zip => "decode it with `base64 --decode`",
            Self::LinkerScript => "pack the library that the linker script names",
            Self::BrokenShebang(ShebangDamage::ByteOrderMark) => "save the script as UTF-8 without a byte order mark",
            Self::BrokenShebang(ShebangDamage::Utf16) => "save the script as UTF-8 without a byte order mark",
            Self::BrokenShebang(ShebangDamage::Blank) => "start the file with `#!`, without anything before it",
            Self::BrokenShebang(ShebangDamage::Mark) => "start the file with `#!`, for example `#!/bin/sh`",
            _ => return None,
        })
    }
}

impl fmt::Display for FileFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "a gzip file, such as `.tar.gz`",
            Self::Bzip2 => "a bzip2 file",
            Self::Xz => "an xz file",
            Self::Zstandard => "a Zstandard file",
            Self::SevenZip => "a 7z archive",
            Self::Rar => "a RAR archive",
            Self::Tar => "a tar archive",
            Self::Zip => "a zip archive",
            Self::Pdf => "a PDF document",
            Self::Png => "a PNG image",
            Self::JavaClass => "a Java class",
            Self::LfsPointer => "a Git LFS pointer, not the file itself",
            Self::Base64Zip => "a zip archive in base64",
            Self::Html => "an HTML page",
            Self::Xml => "an XML document",
            Self::Json => "a JSON document",
            Self::LinkerScript => "a linker script",
            Self::LinkText => "the text of a symbolic link",
            Self::NotFound => "a server's `Not Found` answer",
            Self::BrokenShebang(ShebangDamage::ByteOrderMark) => "a script with a byte order mark before `#!`",
            Self::BrokenShebang(ShebangDamage::Utf16) => "a script in UTF-16",
            Self::BrokenShebang(ShebangDamage::Blank) => "a script with a blank before `#!`",
            Self::BrokenShebang(ShebangDamage::Mark) => "a script whose first line does not start with `#!`",
            Self::Text => "a text file",
            Self::Zeros => "filled with zeros",
            Self::Binary => "data of an unknown format",
        })
    }
}

/// Magic numbers at the start of a file.
const MAGIC_NUMBERS: [(&[u8], FileFormat); 11] = [
    (b"\x1f\x8b", FileFormat::Gzip),
    (b"BZh", FileFormat::Bzip2),
    (b"\xfd7zXZ\0", FileFormat::Xz),
    (b"\x28\xb5\x2f\xfd", FileFormat::Zstandard),
    (b"7z\xbc\xaf\x27\x1c", FileFormat::SevenZip),
    (b"Rar!\x1a\x07", FileFormat::Rar),
    (b"PK\x03\x04", FileFormat::Zip),
    (b"PK\x05\x06", FileFormat::Zip),
    (b"%PDF-", FileFormat::Pdf),
    (b"\x89PNG\r\n\x1a\n", FileFormat::Png),
    (b"\xca\xfe\xba\xbe", FileFormat::JavaClass),
];

/// Where tar archives have the text `ustar`.
const TAR_MAGIC_AT: usize = 257;

/// Recognises a file by its first bytes, which are not those of an executable or a script.
pub(super) fn recognise(head: &[u8]) -> FileFormat {
    if let Some((_, format)) = MAGIC_NUMBERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return *format;
    }
    if head.get(TAR_MAGIC_AT..).is_some_and(|rest| rest.starts_with(b"ustar")) {
        return FileFormat::Tar;
    }
    if !head.is_empty() && head.iter().all(|byte| *byte == 0) {
        return FileFormat::Zeros;
    }
    if head.starts_with(b"\xff\xfe#\0!\0") || head.starts_with(b"\xfe\xff\0#\0!") {
        return FileFormat::BrokenShebang(ShebangDamage::Utf16);
    }
    let Some(text) = as_text(head) else { return FileFormat::Binary };
    recognise_text(text)
}

/// The bytes as text; `None` if they are binary. The last character may be incomplete.
fn as_text(head: &[u8]) -> Option<&str> {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => str::from_utf8(&head[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let is_binary = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b');
    (!text.contains(is_binary)).then_some(text)
}

fn recognise_text(text: &str) -> FileFormat {
    if let Some(damage) = shebang_damage(text) {
        return FileFormat::BrokenShebang(damage);
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let lower = text.to_ascii_lowercase();
    if text.starts_with("version https://git-lfs.github.com/") {
        FileFormat::LfsPointer
    } else if lower.starts_with("<!doctype html") || lower.starts_with("<html") || lower.starts_with("<head") {
        FileFormat::Html
    } else if lower.starts_with("<?xml") || lower.starts_with("<error>") {
        FileFormat::Xml
    } else if text.starts_with(['{', '[']) {
        FileFormat::Json
    } else if lower.starts_with("not found") || lower.starts_with("404") {
        FileFormat::NotFound
    } else if text.starts_with("UEsDB") || text.starts_with("UEsFB") {
        FileFormat::Base64Zip
    } else if text.starts_with("/* GNU ld script") || text.starts_with("INPUT") || text.starts_with("GROUP") {
        FileFormat::LinkerScript
    } else if is_path(text.trim_end()) {
        FileFormat::LinkText
    } else {
        FileFormat::Text
    }
}

fn shebang_damage(text: &str) -> Option<ShebangDamage> {
    if text.strip_prefix('\u{feff}').is_some_and(|rest| rest.starts_with("#!")) {
        return Some(ShebangDamage::ByteOrderMark);
    }
    let trimmed = text.trim_start();
    if trimmed.starts_with("#!") {
        return Some(ShebangDamage::Blank);
    }
    let line = trimmed.lines().next().unwrap_or_default();
    // `#/bin/sh`, `!#/bin/sh`, `# !/bin/sh`, `!/bin/sh`
    let rest = line.trim_start_matches(['#', '!', ' ']);
    let marks = &line[..line.len() - rest.len()];
    let is_interpreter = ["/bin/", "/usr/bin/", "/opt/", "/var/task/"].iter().any(|start| rest.starts_with(start));
    (!marks.trim().is_empty() && is_interpreter).then_some(ShebangDamage::Mark)
}

/// Whether a text is one relative or absolute path and nothing else.
fn is_path(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    !text.is_empty() && text.chars().all(is_plain) && (text.contains('/') || text.contains(".so") || text.len() < 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_recognised() {
        assert_eq!(recognise(b"\x1f\x8b\x08\0"), FileFormat::Gzip);
        assert_eq!(recognise(b"7z\xbc\xaf\x27\x1c\0"), FileFormat::SevenZip);
        assert_eq!(recognise(b"Rar!\x1a\x07\x01\0"), FileFormat::Rar);
        let tar = [[b'a'; 257].as_slice(), b"ustar\0"].concat();
        assert_eq!(recognise(&tar), FileFormat::Tar);
        assert_eq!(recognise(b"UEsDBBQAAAAIAA=="), FileFormat::Base64Zip);
    }

    #[test]
    fn answers_of_servers_are_recognised() {
        assert_eq!(recognise(b"<!DOCTYPE html>\n<html>"), FileFormat::Html);
        assert_eq!(recognise(b"<?xml version=\"1.0\"?><Error>"), FileFormat::Xml);
        assert_eq!(recognise(b"{\"message\":\"Forbidden\"}"), FileFormat::Json);
        assert_eq!(recognise(b"Not Found"), FileFormat::NotFound);
        assert_eq!(recognise(b"404: Not Found"), FileFormat::NotFound);
    }

    #[test]
    fn stand_ins_for_files_are_recognised() {
        assert_eq!(recognise(b"version https://git-lfs.github.com/spec/v1\noid"), FileFormat::LfsPointer);
        assert_eq!(recognise(b"libg.so.1.0.0"), FileFormat::LinkText);
        assert_eq!(recognise(b"../bin/app\n"), FileFormat::LinkText);
        assert_eq!(recognise(b"/* GNU ld script */\nGROUP ( libc.so.6 )"), FileFormat::LinkerScript);
        assert_eq!(recognise(b"echo hello\n"), FileFormat::Text);
    }

    #[test]
    fn near_misses_of_a_shebang_are_recognised() {
        let damage = |head: &[u8]| match recognise(head) {
            FileFormat::BrokenShebang(damage) => Some(damage),
            _ => None,
        };
        assert_eq!(damage(b"\xef\xbb\xbf#!/bin/sh\n"), Some(ShebangDamage::ByteOrderMark));
        assert_eq!(damage(b"\xff\xfe#\0!\0/\0"), Some(ShebangDamage::Utf16));
        for head in ["\n#!/bin/sh\n", " #!/bin/sh\n", "\r\n#!/bin/sh\r\n"] {
            assert_eq!(damage(head.as_bytes()), Some(ShebangDamage::Blank), "{head:?}");
        }
        for head in ["#/bin/sh\n", "#/usr/bin/env bash\n", "!#/bin/sh\n", "# !/bin/sh\n", "!/bin/bash\n"] {
            assert_eq!(damage(head.as_bytes()), Some(ShebangDamage::Mark), "{head:?}");
        }
        assert_eq!(damage(b"# a comment\necho\n"), None);
    }

    #[test]
    fn a_character_that_is_cut_in_half_is_still_text() {
        assert_eq!(recognise("echo caf\u{e9}".as_bytes().split_last().unwrap().1), FileFormat::Text);
        assert_eq!(recognise(b"\x01\x02\x03\xff"), FileFormat::Binary);
    }
}
