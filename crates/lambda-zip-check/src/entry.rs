//! One entry of a zip, as its two headers describe it.

/// An entry, as the archive's directory describes it.
#[derive(Debug, Default)]
pub(super) struct ZipEntry {
    /// The name for messages: invalid UTF-8 is replaced.
    pub(super) name: String,
    /// The path that it is unpacked to, relative to the root, without empty parts and `.`.
    pub(super) path: String,
    /// The bytes of the name.
    pub(super) raw_name: Vec<u8>,
    /// Whether an extra field repeats the name in UTF-8, as Info-ZIP writes it.
    pub(super) has_unicode_name: bool,
    /// The system that defines the attributes: 3 is Unix.
    pub(super) host: u8,
    /// The version of the format that a reader needs, such as 20 for 2.0.
    pub(super) version_needed: u8,
    /// The general-purpose flags.
    pub(super) flags: u16,
    /// The compression method.
    pub(super) method: u16,
    /// The CRC-32 of the contents.
    pub(super) crc: u32,
    /// The part of a split archive that the entry is in. 0 if the archive was not split.
    pub(super) disk: u16,
    /// The size of the contents.
    pub(super) size: u64,
    /// The size of the data in the archive.
    pub(super) packed_size: u64,
    /// The external attributes; on Unix the upper half is the mode.
    pub(super) attributes: u32,
    /// Where the entry's own header starts.
    pub(super) header_start: u64,
    /// Whether the directory has a zip64 field for the entry.
    pub(super) zip64: bool,
    /// Whether its extra fields in the directory overrun their space.
    pub(super) has_broken_extra: bool,
    /// What the entry's own header says.
    pub(super) local: Local,
}

/// What an entry's own header says.
#[derive(Debug, Default)]
pub(super) struct Local {
    /// Where the data starts; `None` if the file does not hold all of it.
    pub(super) data_start: Option<u64>,
    /// Where the entry ends, including its data descriptor.
    pub(super) end: u64,
    /// Whether its extra fields overrun their space.
    pub(super) has_broken_extra: bool,
    /// How the header differs from the directory. Each text continues a sentence that starts with the entry's name.
    pub(super) disagreements: Vec<&'static str>,
}

const TYPE_MASK: u32 = 0o170_000;
const TYPE_FILE: u32 = 0o100_000;
const TYPE_DIRECTORY: u32 = 0o040_000;
const TYPE_LINK: u32 = 0o120_000;

/// The file types of Unix that are neither files, directories nor links.
const SPECIAL_TYPES: [(u32, &str); 4] = [
    (0o010_000, "a named pipe"),
    (0o020_000, "a character device"),
    (0o060_000, "a block device"),
    (0o140_000, "a socket"),
];

/// Not compressed.
pub(super) const METHOD_STORED: u16 = 0;
/// Compressed with deflate.
pub(super) const METHOD_DEFLATE: u16 = 8;

impl ZipEntry {
    /// The Unix mode with its file type; `None` if the attributes belong to another system.
    pub(super) fn mode(&self) -> Option<u32> {
        // 19 is macOS, which has Unix modes too.
        matches!(self.host, 3 | 19).then_some(self.attributes >> 16)
    }

    fn has_type(&self, file_type: u32) -> bool {
        self.mode().is_some_and(|mode| mode & TYPE_MASK == file_type)
    }

    /// Whether it is a directory.
    pub(super) fn is_directory(&self) -> bool {
        self.ends_with_slash() || self.has_type(TYPE_DIRECTORY)
    }

    /// Whether the name ends with `/`, which is how every reader recognises a directory.
    pub(super) fn ends_with_slash(&self) -> bool {
        self.raw_name.ends_with(b"/")
    }

    /// Whether it is a symbolic link.
    pub(super) fn is_link(&self) -> bool {
        !self.is_directory() && self.has_type(TYPE_LINK)
    }

    /// Whether the mode marks it as a regular file.
    pub(super) fn is_marked_file(&self) -> bool {
        self.has_type(TYPE_FILE)
    }

    /// The kind of special file that the mode marks it as, such as a named pipe.
    pub(super) fn special_type(&self) -> Option<&'static str> {
        SPECIAL_TYPES.iter().find(|(file_type, _)| self.has_type(*file_type)).map(|(_, name)| *name)
    }

    /// Whether the mode lets anyone run it.
    pub(super) fn is_runnable(&self) -> bool {
        self.has_permissions(0o111)
    }

    /// Whether the mode lets other users run it, as the function's user is one.
    pub(super) fn is_runnable_by_others(&self) -> bool {
        self.has_permissions(0o001)
    }

    /// Whether the mode has any of these permissions.
    fn has_permissions(&self, permissions: u32) -> bool {
        self.mode().is_some_and(|mode| mode & permissions != 0)
    }

    /// Whether it is encrypted, by bit 0 of the flags.
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether Lambda is known to support the compression method.
    pub(super) fn has_known_method(&self) -> bool {
        matches!(self.method, METHOD_STORED | METHOD_DEFLATE)
    }

    /// The path that it is unpacked to, relative to the root, without empty parts and `.`.
    pub(super) fn path(&self) -> String {
        self.path.clone()
    }
}

/// Joins the parts of a path, leaving out empty parts and `.`.
pub(super) fn join<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut path = String::new();
    for part in parts.into_iter().filter(|part| !matches!(*part, "" | ".")) {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(part);
    }
    path
}

/// The directory of a path; empty at the root.
pub(super) fn directory_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_paths_have_no_empty_parts() {
        assert_eq!(join("./a//b/".split('/')), "a/b");
        assert_eq!(directory_of("a/b/c"), "a/b");
        assert_eq!(directory_of("a"), "");
        assert_eq!(file_name("a/b"), "b");
    }
}
