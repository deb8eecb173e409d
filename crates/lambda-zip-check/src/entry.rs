//! One entry of a zip: what the directory says of it, and how it would look when unpacked.

/// An entry as the directory describes it.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// The name for people: what is not UTF-8 is replaced.
    pub(super) name: String,
    /// The path below the root to which it is unpacked: no empty parts, no `.`.
    pub(super) path: String,
    /// The name as it stands in the directory.
    pub(super) raw_name: Vec<u8>,
    /// Whether an extra field repeats the name in UTF-8, as Info-ZIP does it.
    pub(super) has_unicode_name: bool,
    /// The system whose attributes the entry carries: 3 is Unix.
    pub(super) host: u8,
    /// The general-purpose flags.
    pub(super) flags: u16,
    /// The compression method.
    pub(super) method: u16,
    /// The CRC-32 of the contents.
    pub(super) crc: u32,
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
    /// What stands at [`Self::header_start`].
    pub(super) local: Local,
}

/// What an entry's own header adds.
#[derive(Debug, Default)]
pub(super) struct Local {
    /// Where the data starts, if all of it is in the file.
    pub(super) data_start: Option<u64>,
    /// Where the entry ends, its data descriptor included.
    pub(super) end: u64,
    /// Whether the header has a zip64 field.
    pub(super) zip64: bool,
    /// In what the header differs from the directory, each to be read after the entry's name.
    pub(super) disagreements: Vec<&'static str>,
}

const TYPE_MASK: u32 = 0o170_000;
const TYPE_FILE: u32 = 0o100_000;
const TYPE_FOLDER: u32 = 0o040_000;
const TYPE_LINK: u32 = 0o120_000;

/// Stored as it is.
pub(super) const METHOD_STORED: u16 = 0;
/// Compressed with deflate.
pub(super) const METHOD_DEFLATE: u16 = 8;

impl Entry {
    /// The Unix mode with its type bits; `None` if the entry was made for another system.
    pub(super) fn mode(&self) -> Option<u32> {
        // 19 is macOS in the format's list of systems; it has Unix modes as well.
        matches!(self.host, 3 | 19).then_some(self.attributes >> 16)
    }

    fn has_type(&self, file_type: u32) -> bool {
        self.mode().is_some_and(|mode| mode & TYPE_MASK == file_type)
    }

    /// Whether it is a folder.
    pub(super) fn is_folder(&self) -> bool {
        self.raw_name.ends_with(b"/") || self.has_type(TYPE_FOLDER)
    }

    /// Whether it is a symbolic link.
    pub(super) fn is_link(&self) -> bool {
        !self.is_folder() && self.has_type(TYPE_LINK)
    }

    /// Whether the mode says that it is an ordinary file.
    pub(super) fn is_marked_file(&self) -> bool {
        self.has_type(TYPE_FILE)
    }

    /// Whether the mode lets somebody run it.
    pub(super) fn is_runnable(&self) -> bool {
        self.mode().is_some_and(|mode| mode & 0o111 != 0)
    }

    /// Whether it is encrypted, by bit 0 of the flags.
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether the compression is one that Lambda is known to unpack.
    pub(super) fn has_known_method(&self) -> bool {
        matches!(self.method, METHOD_STORED | METHOD_DEFLATE)
    }

    /// The path below the root to which it is unpacked: no empty parts, no `.`.
    pub(super) fn path(&self) -> String {
        self.path.clone()
    }
}

/// Puts the parts of a path together, without those that lead nowhere.
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

/// The path that `target` names when it is read in `folder`, both below one root; `None` if it leads out of the root.
pub(super) fn resolve(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder part of a path, empty at the root.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_from_their_own_folder() {
        assert_eq!(resolve("bin", "../lib/a.so").as_deref(), Some("lib/a.so"));
        assert_eq!(resolve("", "./app").as_deref(), Some("app"));
        assert_eq!(resolve("bin", "../../etc/passwd"), None);
    }

    #[test]
    fn paths_have_no_parts_that_lead_nowhere() {
        assert_eq!(join("./a//b/".split('/')), "a/b");
        assert_eq!(folder_of("a/b/c"), "a/b");
        assert_eq!(folder_of("a"), "");
        assert_eq!(file_name("a/b"), "b");
    }
}
