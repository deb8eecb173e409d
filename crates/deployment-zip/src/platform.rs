//! Differences between the operating systems on which a zip is made. No other module of this crate asks which system it
//! runs on.

use std::fs::File;
use std::io;

/// Whether a directory may list a name in another Unicode form than the one it was created with, such as `é` as `e` and a
/// combining accent. HFS+ always does. APFS keeps the form but finds a file by either one.
pub(crate) const COMPOSES_NAMES: bool = cfg!(target_vendor = "apple");

/// A path, or a glob over paths, with `/` as its separator, as zips and globs have it. Only on Windows is `\` a separator;
/// elsewhere it is an ordinary character.
#[must_use]
pub fn with_slashes(text: &str) -> String {
    if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() }
}

/// Reads at an offset. On Windows this moves the file's own position, so nothing may rely on that.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
}

/// Whether an operation failed because another program has the file open, which blocks others only on Windows: a sharing
/// violation, a lock violation or, if a file is to be replaced, a denied access.
pub(crate) fn is_held_open(error: &io::Error) -> bool {
    const ERROR_ACCESS_DENIED: i32 = 5;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    const ERROR_LOCK_VIOLATION: i32 = 33;
    let held = [ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION];
    cfg!(windows) && error.raw_os_error().is_some_and(|code| held.contains(&code))
}
