//! Arguments as bytes. An argument may hold a path that is not UTF-8, so it is taken apart without becoming a `String`.

use std::ffi::{OsStr, OsString};

/// The argument that these bytes are. `None` where the operating system has no such argument: outside Unix, for bytes
/// that are not UTF-8.
#[cfg_attr(unix, expect(clippy::unnecessary_wraps, reason = "on Unix, all bytes are arguments"))]
pub(crate) fn from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    match String::from_utf8(bytes) {
        Ok(text) => Some(text.into()),
        #[cfg(unix)]
        Err(error) => Some(std::os::unix::ffi::OsStringExt::from_vec(error.into_bytes())),
        #[cfg(not(unix))]
        Err(_) => None,
    }
}

/// What stands behind a prefix.
pub(crate) fn strip_prefix(argument: &OsStr, prefix: &str) -> Option<OsString> {
    let rest = argument.as_encoded_bytes().strip_prefix(prefix.as_bytes())?;
    from_bytes(rest.to_vec())
}

/// The parts of an argument between commas.
pub(crate) fn split_commas(argument: &OsStr) -> Option<Vec<OsString>> {
    argument.as_encoded_bytes().split(|byte| *byte == b',').map(|part| from_bytes(part.to_vec())).collect()
}

/// A prefix and an argument as one argument.
pub(crate) fn join(prefix: &str, argument: &OsStr) -> OsString {
    let mut joined = OsString::from(prefix);
    joined.push(argument);
    joined
}
