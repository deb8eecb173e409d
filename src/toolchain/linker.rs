//! Which linker builds a target: the first of a fixed order that applies, else an error that says what would help.

use std::env::consts::OS;
use std::path::PathBuf;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::survey::{Survey, TargetSurvey, compilers};
use crate::cargo::config::target_variable;
use crate::error::{ErrorKind, Failure};
use crate::target::{Libc, Target};

/// The linker of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Linker {
    /// The one that the user configured for cargo: used as it is.
    Configured(PathBuf),
    /// The LLD that comes with Rust. Rust's musl targets bring the C library and start files along, so it needs no C
    /// compiler and no system libraries.
    RustLld,
    /// The compiler of this machine, for a target that is this machine's own triple.
    System(PathBuf),
    /// A C compiler for the target on PATH.
    Cross(PathBuf),
}

impl Linker {
    /// Chooses the linker of a target on this machine.
    pub(crate) fn choose(target: Target, survey: &Survey) -> Result<Self, Failure> {
        let TargetSurvey { configured_linker, compiler, .. } = &survey.targets[&target.triple()];
        if let Some(linker) = configured_linker {
            return Ok(Self::Configured(linker.clone()));
        }
        if target.libc == Libc::Musl && survey.has_rust_lld {
            return Ok(Self::RustLld);
        }
        match compiler {
            Some(compiler) if survey.host == target.triple() => Ok(Self::System(compiler.clone())),
            Some(compiler) => Ok(Self::Cross(compiler.clone())),
            None => Err(missing(target, survey)),
        }
    }

    /// What cargo has to be told, which is nothing where it would find the linker by itself.
    pub(crate) fn setting(&self) -> Option<PathBuf> {
        match self {
            Self::Configured(_) | Self::System(_) => None,
            Self::RustLld => Some("rust-lld".into()),
            Self::Cross(compiler) => Some(compiler.clone()),
        }
    }
}

impl Serialize for Linker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, program) = match self {
            Self::Configured(program) => ("configured", program.to_string_lossy()),
            Self::RustLld => ("rust-lld", "rust-lld".into()),
            Self::System(program) => ("system", program.to_string_lossy()),
            Self::Cross(program) => ("cross", program.to_string_lossy()),
        };
        let mut state = serializer.serialize_struct("Linker", 2)?;
        state.serialize_field("kind", kind)?;
        state.serialize_field("program", &program)?;
        state.end()
    }
}

impl std::fmt::Display for Linker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RustLld => f.write_str("rust-lld"),
            Self::Configured(program) => write!(f, "{} (configured)", program.display()),
            Self::System(program) | Self::Cross(program) => write!(f, "{}", program.display()),
        }
    }
}

fn missing(target: Target, survey: &Survey) -> Failure {
    let names: Vec<_> = compilers(target, &survey.host).iter().map(|name| format!("`{name}`")).collect();
    let also = if target.libc == Libc::Musl { ", and this toolchain brings no `rust-lld`" } else { "" };
    let failure = Failure::new(
        ErrorKind::Setup,
        format!("no linker for `{}`: {} is not on PATH{also}", target.triple(), names.join(" or ")),
    );
    let failure = match target.libc {
        Libc::Gnu => failure.hint("leave out `--libc gnu`: a static musl build needs no further linker"),
        Libc::Musl => failure.hint("use a toolchain of rustup, which brings `rust-lld`: https://rustup.rs"),
    };
    failure.hint(install_command(target))
}

/// How a linker for the target is installed on this operating system.
fn install_command(target: Target) -> String {
    let Target { arch, libc, .. } = target;
    match (OS, libc) {
        ("linux", Libc::Gnu) if arch.rust_name() == std::env::consts::ARCH => {
            "or install a C compiler: `sudo apt-get install gcc libc6-dev` (Debian, Ubuntu), `sudo dnf install gcc` \
             (Fedora)"
                .into()
        }
        ("linux", Libc::Gnu) => {
            let arch = match arch {
                crate::target::Arch::X86_64 => "x86-64",
                crate::target::Arch::Arm64 => "aarch64",
            };
            format!("or install a cross compiler: `sudo apt-get install gcc-{arch}-linux-gnu` (Debian, Ubuntu)")
        }
        ("linux", Libc::Musl) => {
            "or install musl's compiler: `sudo apt-get install musl-tools` (Debian, Ubuntu)".into()
        }
        ("macos", _) => format!(
            "or install a cross compiler: `brew install messense/macos-cross-toolchains/{}-unknown-linux-{libc}`",
            arch.rust_name()
        ),
        _ => format!("or configure a linker: set `{}_LINKER`", target_variable(&target.triple())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Arch, Runtime};
    use std::collections::BTreeMap;

    const HOST: &str = "x86_64-unknown-linux-gnu";

    fn choose(arch: Arch, libc: Libc, has_rust_lld: bool, found: TargetSurvey) -> Result<Linker, Failure> {
        let target = Target { arch, libc, runtime: Runtime::AL2023 };
        let targets = BTreeMap::from([(target.triple(), found)]);
        Linker::choose(target, &Survey { host: HOST.into(), has_rust_lld, targets })
    }

    fn compiler(path: &str) -> TargetSurvey {
        TargetSurvey { compiler: Some(path.into()), ..TargetSurvey::default() }
    }

    #[test]
    fn what_the_user_configured_goes_before_everything() {
        let configured = TargetSurvey { configured_linker: Some("mold".into()), ..compiler("/usr/bin/cc") };
        let linker = choose(Arch::X86_64, Libc::Musl, true, configured).unwrap();
        assert_eq!(linker, Linker::Configured("mold".into()));
        assert_eq!(linker.setting(), None);
    }

    #[test]
    fn musl_is_linked_by_rust_lld_even_where_a_compiler_lies_about() {
        let linker = choose(Arch::Arm64, Libc::Musl, true, compiler("/usr/bin/aarch64-linux-musl-gcc")).unwrap();
        assert_eq!(linker.setting(), Some("rust-lld".into()));
    }

    #[test]
    fn without_rust_lld_a_musl_compiler_serves() {
        let linker = choose(Arch::X86_64, Libc::Musl, false, compiler("/usr/bin/musl-gcc")).unwrap();
        assert_eq!(linker, Linker::Cross("/usr/bin/musl-gcc".into()));
    }

    #[test]
    fn gnu_takes_the_system_compiler_at_home_and_a_cross_compiler_elsewhere() {
        assert_eq!(
            choose(Arch::X86_64, Libc::Gnu, true, compiler("/usr/bin/cc")).unwrap(),
            Linker::System("/usr/bin/cc".into())
        );
        assert_eq!(
            choose(Arch::Arm64, Libc::Gnu, true, compiler("/usr/bin/aarch64-linux-gnu-gcc")).unwrap(),
            Linker::Cross("/usr/bin/aarch64-linux-gnu-gcc".into())
        );
    }

    #[test]
    fn nothing_found_says_what_was_looked_for() {
        let failure = choose(Arch::Arm64, Libc::Gnu, true, TargetSurvey::default()).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "no linker for `aarch64-unknown-linux-gnu`: `aarch64-linux-gnu-gcc` or `aarch64-unknown-linux-gnu-gcc` is not \
             on PATH"
        );
    }
}
