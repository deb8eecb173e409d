//! `@file`: arguments that are in a file since a command line would be too long for them.
//!
//! GCC, Clang, rustc and LLD agree on the syntax: arguments are separated by white space, quotes of both kinds keep it,
//! and a backslash keeps the byte behind it, between quotes, too.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::text;

/// How deep response files may name response files. A file that names itself ends here.
const DEEPEST: usize = 16;

/// The most bytes that all response files together may hold.
const LARGEST: usize = 8 << 20;

/// Replaces each `@file` by the arguments in the file, which `read` fetches.
pub fn expand_response_files(
    arguments: impl IntoIterator<Item = OsString>,
    read: &mut dyn FnMut(&Path) -> io::Result<Vec<u8>>,
) -> Result<Vec<OsString>, Error> {
    let mut expansion = Expansion { read, left: LARGEST, expanded: Vec::new() };
    for argument in arguments {
        expansion.add(argument, 0)?;
    }
    Ok(expansion.expanded)
}

struct Expansion<'a> {
    read: &'a mut dyn FnMut(&Path) -> io::Result<Vec<u8>>,
    left: usize,
    expanded: Vec<OsString>,
}

impl Expansion<'_> {
    fn add(&mut self, argument: OsString, depth: usize) -> Result<(), Error> {
        let path = text::strip_prefix(&argument, "@").filter(|path| !path.is_empty());
        let Some(path) = path.map(PathBuf::from) else {
            self.expanded.push(argument);
            return Ok(());
        };
        if depth == DEEPEST {
            return Err(Error::ResponseFileDepth { path });
        }
        let content = (self.read)(&path).map_err(|source| Error::ResponseFile { path: path.clone(), source })?;
        self.left =
            self.left.checked_sub(content.len()).ok_or_else(|| Error::ResponseFileSize { path: path.clone() })?;
        for word in split(&content) {
            let word = text::from_bytes(word).ok_or_else(|| Error::ResponseFileText { path: path.clone() })?;
            self.add(word, depth + 1)?;
        }
        Ok(())
    }
}

/// The arguments in a response file.
pub(crate) fn split(content: &[u8]) -> Vec<Vec<u8>> {
    // A file that a Windows program wrote may start with a byte order mark.
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut bytes = content.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', _) => word.get_or_insert_default().extend(bytes.next()),
            (_, Some(mark)) if byte == mark => quote = None,
            (b'"' | b'\'', None) => {
                quote = Some(byte);
                // `''` is an argument, if an empty one.
                word.get_or_insert_default();
            }
            (b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c, None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    words
}

/// The content of a response file that holds these arguments. `None` where one of them is not Unicode on an operating
/// system whose arguments are.
pub(crate) fn compose(arguments: &[OsString]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    for argument in arguments {
        content.push(b'"');
        for byte in bytes_of(argument)? {
            if matches!(byte, b'"' | b'\\') {
                content.push(b'\\');
            }
            content.push(*byte);
        }
        content.extend(b"\"\n");
    }
    Some(content)
}

fn bytes_of(argument: &OsStr) -> Option<&[u8]> {
    if cfg!(unix) { Some(argument.as_encoded_bytes()) } else { argument.to_str().map(str::as_bytes) }
}

/// A command line as `-###` and `-v` show it.
pub(crate) fn display(program: &Path, arguments: &[OsString]) -> String {
    let mut line = String::new();
    for word in std::iter::once(program.as_os_str()).chain(arguments.iter().map(OsString::as_os_str)) {
        let _ = write!(line, " \"{}\"", word.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\""));
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expand(arguments: &[&str], files: &[(&str, &str)]) -> Result<Vec<String>, Error> {
        let mut read = |path: &Path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            file.map(|(_, content)| content.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        let arguments = arguments.iter().map(OsString::from);
        let expanded = expand_response_files(arguments, &mut read)?;
        Ok(expanded.into_iter().map(|word| word.into_string().unwrap()).collect())
    }

    #[test]
    fn quotes_and_backslashes_keep_what_they_hold() {
        let content = "-o 'a b' \"c 'd'\"  e\\ f\r\n\"g\\\"h\" C:\\\\dir\\\\x '' i''j";
        let words = expand(&["first", "@file", "last"], &[("file", content)]).unwrap();
        assert_eq!(words, ["first", "-o", "a b", "c 'd'", "e f", "g\"h", "C:\\dir\\x", "", "ij", "last"]);
    }

    #[test]
    fn files_name_files() {
        let files = [("outer", "1 @inner 4"), ("inner", "2\n3\n")];
        assert_eq!(expand(&["@outer"], &files).unwrap(), ["1", "2", "3", "4"]);
    }

    #[test]
    fn a_file_that_names_itself_ends() {
        let error = expand(&["@loop"], &[("loop", "@loop")]).unwrap_err();
        assert!(matches!(error, Error::ResponseFileDepth { .. }), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = expand(&["@gone"], &[]).unwrap_err();
        assert!(error.to_string().contains("`gone`"), "{error}");
        assert_eq!(expand(&["@"], &[]).unwrap(), ["@"]);
    }

    #[test]
    fn files_that_multiply_are_bounded() {
        let long = "@b ".repeat(9);
        let wide = "x".repeat(1 << 20);
        let error = expand(&["@a"], &[("a", &long), ("b", &wide)]).unwrap_err();
        assert!(matches!(error, Error::ResponseFileSize { .. }), "{error}");
    }

    proptest! {
        #[test]
        fn what_is_composed_is_read_back(words in proptest::collection::vec("[^\0]*", 0..8)) {
            let arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
            let content = compose(&arguments).unwrap();
            let read: Vec<_> = split(&content).into_iter().map(|word| String::from_utf8(word).unwrap()).collect();
            prop_assert_eq!(read, words);
        }
    }
}
