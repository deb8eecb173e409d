//! What a zip is uploaded as, and where its executable belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use lambda_platform::image::{LAYERS_ROOT, TASK_ROOT};

use super::layout::{BOOTSTRAP, EXTENSIONS};

/// What a zip is uploaded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// The code of a function.
    Function,
    /// A layer with an extension that runs as a process of its own.
    Extension,
    /// A layer with an extension that runs inside the function's process.
    InternalExtension,
    /// Any other layer.
    Layer,
}

impl ArchiveKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Function, Self::Extension, Self::InternalExtension, Self::Layer];

    /// The directory that Lambda unpacks it to.
    #[must_use]
    pub fn root(self) -> &'static str {
        match self {
            Self::Function => TASK_ROOT,
            Self::Extension | Self::InternalExtension | Self::Layer => LAYERS_ROOT,
        }
    }

    /// The entry name of the executable `name`.
    #[must_use]
    pub fn executable_name(self, name: &str) -> String {
        match self {
            Self::Function => BOOTSTRAP.to_owned(),
            // Lambda starts every file in this directory as a process of its own. An internal extension, which a wrapper
            // script loads into the function's process, must not be in it.
            Self::Extension => format!("{EXTENSIONS}/{name}"),
            Self::InternalExtension => name.to_owned(),
            // `/opt/bin` is on the PATH of every runtime.
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
        known.ok_or_else(|| "expected `function`, `extension`, `internal-extension` or `layer`".into())
    }
}

impl Serialize for ArchiveKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
