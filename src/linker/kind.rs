//! The linker of one target, and what cargo has to be told of it.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::zig::Zig;
use crate::cargo::config::target_variable;
use lambda_platform::Target;

/// The linker of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Linker {
    /// The one that the user configured for cargo: used as it is.
    Configured(PathBuf),
    /// The LLD that comes with Rust. Rust's musl targets bring the C library and start files along, so it needs no C
    /// compiler and no system libraries.
    RustLld,
    /// Zig, which compiles C for the target and brings every glibc along.
    Zig(Zig),
    /// The compiler of this machine, for a target that is this machine's own triple.
    System(PathBuf),
    /// A C compiler for the target on PATH.
    Cross(PathBuf),
}

impl Linker {
    /// The variables that cargo has to be given, which are none where it would find the linker by itself. `compiles_c`
    /// says whether C that the build meets is this linker's to compile: not where the user chose a compiler for it.
    pub(crate) fn variables(&self, target: Target, compiles_c: bool) -> Vec<(String, OsString)> {
        let triple = target.triple();
        let linker = |program: &Path| (format!("{}_LINKER", target_variable(&triple)), program.as_os_str().to_owned());
        match self {
            // Zig's come from `zig::prepare`, when the plan is carried out.
            Self::Configured(_) | Self::System(_) | Self::Zig(_) => Vec::new(),
            Self::RustLld => vec![linker(Path::new("rust-lld"))],
            Self::Cross(compiler) => {
                let compiler_of_c = (format!("CC_{}", triple.replace('-', "_")), compiler.as_os_str().to_owned());
                std::iter::once(linker(compiler)).chain(compiles_c.then_some(compiler_of_c)).collect()
            }
        }
    }

    /// An argument of the linker proper, in the form in which this program takes it: a compiler hands on what stands
    /// behind `-Wl,`.
    pub(crate) fn argument(&self, argument: &str) -> String {
        let is_bare = match self {
            Self::RustLld => true,
            Self::Zig(_) | Self::System(_) | Self::Cross(_) => false,
            Self::Configured(program) => {
                let name = program.file_stem().unwrap_or_default().to_string_lossy();
                // The names by which rustc tells a linker from a compiler.
                name == "ld" || name.ends_with("-ld") || name.ends_with("lld") || name.starts_with("ld.")
            }
        };
        if is_bare { argument.to_owned() } else { format!("-Wl,{argument}") }
    }

    /// The word of `kind` in reports.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Configured(_) => "configured",
            Self::RustLld => "rust-lld",
            Self::Zig(_) => "zig",
            Self::System(_) => "system",
            Self::Cross(_) => "cross",
        }
    }
}

impl Serialize for Linker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let program = match self {
            Self::Configured(program) | Self::System(program) | Self::Cross(program) => program.to_string_lossy(),
            Self::RustLld => "rust-lld".into(),
            Self::Zig(zig) => zig.command_line().into(),
        };
        let mut state = serializer.serialize_struct("Linker", 2)?;
        state.serialize_field("kind", self.kind())?;
        state.serialize_field("program", &program)?;
        state.end()
    }
}

impl fmt::Display for Linker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RustLld => f.write_str("rust-lld"),
            Self::Zig(zig) => write!(f, "{zig}"),
            Self::Configured(program) => write!(f, "{} (configured)", program.display()),
            Self::System(program) | Self::Cross(program) => write!(f, "{}", program.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_platform::{Arch, Libc, Runtime};

    #[test]
    fn a_cross_compiler_also_compiles_c_unless_the_user_chose_another() {
        let target = Target::new(Arch::Arm64, Libc::Gnu, Runtime::AL2023);
        let names = |compiles_c| -> Vec<String> {
            let variables = Linker::Cross("/usr/bin/gcc".into()).variables(target, compiles_c);
            variables.into_iter().map(|(name, _)| name).collect()
        };
        let linker = "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER";
        assert_eq!(names(true), [linker, "CC_aarch64_unknown_linux_gnu"]);
        assert_eq!(names(false), [linker]);
    }

    #[test]
    fn arguments_reach_the_linker_through_a_compiler() {
        let argument = |linker: Linker| linker.argument("--build-id");
        assert_eq!(argument(Linker::RustLld), "--build-id");
        assert_eq!(argument(Linker::System("/usr/bin/cc".into())), "-Wl,--build-id");
        assert_eq!(argument(Linker::Configured("/usr/bin/ld.lld".into())), "--build-id");
        assert_eq!(argument(Linker::Configured("clang".into())), "-Wl,--build-id");
    }
}
