//! Who links each target: what this machine offers, the choice among it, and preparing what was chosen.

mod advice;
pub(crate) mod built_in;
mod choose;
mod doctor;
mod graph;
mod hints;
mod prepare;
mod rustup;
mod survey;
pub(crate) mod zig;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::cargo::config::target_variable;
use lambda_platform::Target;
use zig::Zig;

pub(crate) use advice::{advice, host_linker};
pub(crate) use choose::{Choice, LinkWarning, choose};
pub(crate) use doctor::{Diagnosis, TargetDiagnosis};
pub(crate) use graph::{CCrate, Graph, GraphSource};
pub(crate) use hints::missing_lockfile;
pub(crate) use prepare::prepare;
pub(crate) use rustup::add_targets;
pub(crate) use survey::Survey;
#[cfg(test)]
pub(crate) use survey::TargetSurvey;
pub(crate) use zig::ZigSurvey;

/// The linker of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Linker {
    /// The linker that the user configured for cargo. It is used unchanged.
    Configured(PathBuf),
    /// This program itself, which runs the `rust-lld` that comes with Rust. It needs neither a C compiler nor a C library on
    /// this machine.
    BuiltIn,
    /// Zig, which also compiles C for the target and brings every version of glibc.
    Zig(Zig),
    /// The C compiler of this machine, for the machine's own triple.
    System(PathBuf),
    /// A C compiler for the target, found on PATH.
    Cross(PathBuf),
}

/// The variable with which build scripts find the C compiler for a target.
pub(crate) fn c_compiler_variable(target: Target) -> String {
    format!("CC_{}", target.triple().replace('-', "_"))
}

impl Linker {
    /// The environment variables that select this linker. Empty if cargo finds it without them.
    ///
    /// With `compiles_c`, the linker also compiles C. It is false if the user chose another C compiler.
    pub(crate) fn variables(&self, target: Target, compiles_c: bool) -> Vec<(String, OsString)> {
        let triple = target.triple();
        let linker = |program: &Path| (format!("{}_LINKER", target_variable(&triple)), program.as_os_str().to_owned());
        match self {
            // Zig's variables come from `zig::prepare`, which runs programs.
            // rustflags select the built-in linker; see its module.
            Self::Configured(_) | Self::System(_) | Self::Zig(_) | Self::BuiltIn => Vec::new(),
            Self::Cross(compiler) => {
                let c_compiler = (c_compiler_variable(target), compiler.as_os_str().to_owned());
                std::iter::once(linker(compiler)).chain(compiles_c.then_some(c_compiler)).collect()
            }
        }
    }

    /// Spells an argument of the linker proper the way this program accepts it: a C compiler needs `-Wl,` in front.
    pub(crate) fn argument(&self, argument: &str) -> String {
        let is_bare = match self {
            Self::BuiltIn | Self::Zig(_) | Self::System(_) | Self::Cross(_) => false,
            Self::Configured(program) => {
                let name = program.file_stem().unwrap_or_default().to_string_lossy();
                // rustc tells a linker from a compiler by these names.
                name == "ld" || name.ends_with("-ld") || name.ends_with("lld") || name.starts_with("ld.")
            }
        };
        if is_bare { argument.to_owned() } else { format!("-Wl,{argument}") }
    }

    /// The rustflags that select this linker. `built_in` is the name of the [built-in](built_in) one in this build.
    pub(crate) fn rustflags(&self, built_in: &str) -> Vec<String> {
        match self {
            Self::BuiltIn => vec![format!("-Clinker={built_in}")],
            Self::Configured(_) | Self::Zig(_) | Self::System(_) | Self::Cross(_) => Vec::new(),
        }
    }

    /// The value of `kind` in reports.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Configured(_) => "configured",
            Self::BuiltIn => "built-in",
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
            Self::BuiltIn => "rust-lld".into(),
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
            Self::BuiltIn => f.write_str("built-in"),
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
    fn a_compiler_passes_arguments_on_and_a_linker_takes_them_bare() {
        let argument = |linker: Linker| linker.argument("--build-id");
        assert_eq!(argument(Linker::BuiltIn), "-Wl,--build-id");
        assert_eq!(argument(Linker::System("/usr/bin/cc".into())), "-Wl,--build-id");
        assert_eq!(argument(Linker::Configured("/usr/bin/ld.lld".into())), "--build-id");
        assert_eq!(argument(Linker::Configured("clang".into())), "-Wl,--build-id");
    }
}
