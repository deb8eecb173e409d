//! What differs between the operating systems on which a zip is made. Nothing else in this crate asks which one it runs on.

use std::fs::File;
use std::io;

/// Whether a folder may list a name in other characters than those by which the file was made or is looked for: `é` as an `e`
/// with an accent behind it. HFS+ always does so; APFS lists what it was given, but finds both.
pub(crate) const COMPOSES_NAMES: bool = cfg!(target_vendor = "apple");

/// A path, or a glob over paths, with `/` between its components, as zips and globs have it. Where `\` is what people type
/// to separate, it does; elsewhere it is an ordinary character.
pub fn with_slashes(text: &str) -> String {
    if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() }
}

/// Reads from a place in a file. On Windows that moves the file's own position, which nobody may rely on.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, position);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, position);
}

/// Whether an error says that another program has the file open in a way that keeps everybody else off it, which only
/// Windows allows: sharing and lock violations, and, where a file is to be replaced, a denied access.
pub(crate) fn is_held_open(error: &io::Error) -> bool {
    const ERROR_ACCESS_DENIED: i32 = 5;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    const ERROR_LOCK_VIOLATION: i32 = 33;
    let held = [ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION];
    cfg!(windows) && error.raw_os_error().is_some_and(|code| held.contains(&code))
}
