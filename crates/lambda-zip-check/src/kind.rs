//! The spellings of the kinds of zips, and where each has its executable.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::ArchiveKind;
use super::layout::{BOOTSTRAP, EXTENSIONS};

impl ArchiveKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Function, Self::Extension, Self::InternalExtension, Self::Layer];

    /// The name in the zip of the executable `name`.
    #[must_use]
    pub fn executable_name(self, name: &str) -> String {
        match self {
            Self::Function => BOOTSTRAP.to_owned(),
            // Lambda starts whatever is in that folder as a process of its own. What the function's process is started
            // by, through a wrapper script, must not be in it.
            Self::Extension => format!("{EXTENSIONS}/{name}"),
            Self::InternalExtension => name.to_owned(),
            // On the PATH of every runtime.
            Self::Layer => format!("bin/{name}"),
        }
    }
}

impl fmt::Display for ArchiveKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Function => "function",
            Self::Extension => "extension",
            Self::InternalExtension => "internal-extension",
            Self::Layer => "layer",
        })
    }
}

impl FromStr for ArchiveKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.to_string() == text);
        known.ok_or_else(|| "there is `function`, `extension`, `internal-extension` and `layer`".into())
    }
}

impl Serialize for ArchiveKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
