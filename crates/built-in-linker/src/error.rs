//! What can be wrong with the arguments, or with running the linker.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::target::{Arch, GlibcVersion, Target};

/// Why nothing was linked. Errors that `rust-lld` itself reports are in [`Outcome`](crate::Outcome).
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// An argument that this crate does not know.
    UnknownArgument {
        /// The argument.
        argument: OsString,
    },
    /// An argument that asks for something that only a C compiler, or another linker, can do.
    UnsupportedArgument {
        /// The argument.
        argument: OsString,
        /// Why it cannot be honoured.
        reason: Unsupported,
    },
    /// An argument whose value is missing.
    MissingValue {
        /// The argument.
        argument: OsString,
    },
    /// A source file, which a `cc` would compile.
    SourceFile {
        /// The file.
        path: PathBuf,
    },
    /// An argument for another target than the configured one.
    OtherTarget {
        /// The argument.
        argument: OsString,
        /// What is linked for.
        target: Target,
    },
    /// A static executable was asked for, and glibc is a shared library here.
    StaticGlibc {
        /// `-static` or `-static-pie`.
        argument: &'static str,
    },
    /// A dynamic executable or a shared library was asked for, and musl is a static library here.
    DynamicMusl,
    /// A feature of newer versions of glibc.
    NewerGlibc {
        /// The argument that asks for it.
        argument: OsString,
        /// The first glibc that has it.
        needed: GlibcVersion,
        /// The glibc that is linked against.
        linked: GlibcVersion,
    },
    /// Nothing to link.
    NoInput,
    /// A response file that cannot be read.
    ResponseFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Response files that name one another without an end.
    ResponseFileDepth {
        /// The innermost file.
        path: PathBuf,
    },
    /// Response files of an absurd size.
    ResponseFileSize {
        /// The file that was too much.
        path: PathBuf,
    },
    /// A response file that is not UTF-8, outside Unix.
    ResponseFileText {
        /// The file.
        path: PathBuf,
    },
    /// An argument that is not Unicode, outside Unix.
    NotUnicode {
        /// The argument.
        argument: OsString,
    },
    /// `rust-lld` is not there, or does not start.
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The response file for `rust-lld` cannot be written.
    Scratch {
        /// Why.
        source: io::Error,
    },
}

/// Why an argument cannot be honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// It asks for a linker other than LLD.
    OtherLinker,
    /// It compiles instead of linking.
    Compiles,
    /// It links a library that only the C compiler that has it can provide, such as a sanitizer's.
    CompilerRuntime,
    /// It replaces the rules by which a GCC links.
    Specs,
    /// It is for Apple's linker.
    Apple,
    /// It is for linkers of Windows programs.
    Windows,
    /// It is an option of linkers, which a `cc` takes behind `-Wl,`.
    LinkerOption,
    /// It asks a question that this crate has no answer to.
    Query,
}

/// Where an argument that rustc itself does not pass comes from. rustc hands all three on in the same way.
const SOURCES: &str = "it comes from a build script's `cargo:rustc-link-arg`, or from `-C link-arg` or `-C link-args` in \
                       rustflags, unless this version of rustc is newer than this linker";

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownArgument { argument } => {
                write!(f, "unknown linker argument `{}`: {SOURCES}", argument.display())
            }
            Self::UnsupportedArgument { argument, reason } => {
                write!(f, "the linker argument `{}` {}", argument.display(), reason.text())?;
                match reason {
                    Unsupported::LinkerOption => write!(f, ": write `-Wl,{}`; {SOURCES}", argument.display()),
                    _ => write!(f, "; {SOURCES}"),
                }
            }
            Self::MissingValue { argument } => write!(f, "the linker argument `{}` has no value", argument.display()),
            Self::SourceFile { path } => {
                write!(f, "`{}` is a source file, which this linker cannot compile; {SOURCES}", path.display())
            }
            Self::OtherTarget { argument, target } => {
                write!(f, "the linker argument `{}` is not for `{target}`; {SOURCES}", argument.display())
            }
            Self::StaticGlibc { argument } => write!(
                f,
                "`{argument}`: glibc cannot be linked statically without its static libraries; remove \
                 `-C target-feature=+crt-static`, or build for musl"
            ),
            Self::DynamicMusl => f.write_str(
                "musl cannot be linked dynamically: Rust has it as a static library only; remove \
                 `-C target-feature=-crt-static`, or build for glibc",
            ),
            Self::NewerGlibc { argument, needed, linked } => write!(
                f,
                "the linker argument `{}` needs glibc {needed} when the program starts, and glibc {linked} is linked",
                argument.display()
            ),
            Self::NoInput => f.write_str("no input files"),
            Self::ResponseFile { path, source } => {
                write!(f, "failed to read the response file `{}`: {source}", path.display())
            }
            Self::ResponseFileDepth { path } => {
                write!(f, "the response file `{}` is nested too deeply: does it name itself?", path.display())
            }
            Self::ResponseFileSize { path } => write!(f, "the response file `{}` is too large", path.display()),
            Self::ResponseFileText { path } => write!(f, "the response file `{}` is not UTF-8", path.display()),
            Self::NotUnicode { argument } => {
                write!(f, "the linker argument `{}` is not Unicode", argument.display())
            }
            Self::Start { program, source } => write!(f, "failed to run `{}`: {source}", program.display()),
            Self::Scratch { source } => write!(f, "failed to write a temporary response file: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::ResponseFile { source, .. } | Self::Start { source, .. } | Self::Scratch { source } => Some(source),
            _ => None,
        }
    }
}

impl Unsupported {
    fn text(self) -> &'static str {
        match self {
            Self::OtherLinker => "asks for another linker than rust-lld",
            Self::Compiles => "compiles instead of linking, and there is no C compiler here",
            Self::CompilerRuntime => "needs a library of the C compiler, and there is no C compiler here",
            Self::Specs => "changes how GCC links, and there is no GCC here",
            Self::Apple => "is for Apple's linker",
            Self::Windows => "is for a linker of Windows programs",
            Self::LinkerOption => "is an option of the linker itself",
            Self::Query => "asks the C compiler a question, and there is no C compiler here",
        }
    }
}

/// Why there is no sysroot.
#[derive(Debug)]
#[non_exhaustive]
pub enum SysrootError {
    /// No such glibc is in the data.
    UnknownGlibc {
        /// What was asked for.
        version: GlibcVersion,
        /// The oldest that can be asked for.
        oldest: GlibcVersion,
        /// The newest that can be asked for.
        newest: GlibcVersion,
    },
    /// A file or directory could not be read or written.
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl fmt::Display for SysrootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownGlibc { version, oldest, newest } => {
                write!(f, "glibc {version} cannot be linked against: known are {oldest} to {newest}")
            }
            Self::Io { path, source } => write!(f, "failed to write `{}`: {source}", path.display()),
        }
    }
}

impl std::error::Error for SysrootError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::UnknownGlibc { .. } => None,
            Self::Io { source, .. } => Some(source),
        }
    }
}

/// Whether an argument such as `--target=…` names this target. Vendors and versions do not matter, an absent C library
/// matches each.
pub(crate) fn names_target(name: &str, target: Target) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let arch = match parts[0] {
        "x86_64" | "amd64" => Some(Arch::X86_64),
        "aarch64" | "arm64" => Some(Arch::Aarch64),
        _ => None,
    };
    let is_musl = target.libc == crate::target::Libc::Musl;
    let libc_fits = match parts.last() {
        Some(libc) if libc.starts_with("gnu") => !is_musl && !libc.starts_with("gnux32"),
        Some(libc) if libc.starts_with("musl") => is_musl,
        Some(libc) => *libc == "linux",
        None => false,
    };
    arch == Some(target.arch) && parts.contains(&"linux") && libc_fits
}
