//! What this machine offers for linking. It is gathered before planning, because the plan looks at nothing.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::built_in;
use super::graph::{Graph, GraphSource};
use super::zig::{self, ZigSurvey};
use crate::cargo::c_is_native;
use crate::cargo::config::{CargoConfig, Rustc};
use crate::cli::LinkerChoice;
use lambda_platform::{Arch, Libc, Target};
use lambda_zip_error::fs;

/// This machine, as far as the targets of this run need it.
#[derive(Debug, Clone)]
pub(crate) struct Survey {
    /// The triple of the machine.
    pub(crate) host: String,
    /// True if the toolchain has `rust-lld`. Rust's own toolchains do, those of most distributions do not.
    pub(crate) has_rust_lld: bool,
    /// What was found for each target, by triple.
    pub(crate) targets: BTreeMap<String, TargetSurvey>,
    /// Zig, if the choice may need it.
    pub(crate) zig: ZigSurvey,
    /// The dependency graph, if the choice depends on which crates compile C.
    pub(crate) graph: Option<Graph>,
    /// True if the graph was needed, but asking for it would have written the lockfile.
    pub(crate) lockfile_is_missing: bool,
}

/// One target on this machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct TargetSurvey {
    /// True if its standard library is installed.
    pub(crate) std_installed: bool,
    /// The linker that the user configured for it.
    pub(crate) configured_linker: Option<PathBuf>,
    /// The first compiler on PATH that links for it.
    pub(crate) compiler: Option<PathBuf>,
    /// musl's wrapper for the GCC of this machine, if it is on PATH. It compiles C. It does not link: it ignores
    /// `-static-pie`, with which rustc asks for an executable without an interpreter.
    pub(crate) musl_wrapper: Option<PathBuf>,
    /// The variable with which the user chose a C compiler for it, in the environment or in an `[env]` table.
    pub(crate) c_compiler: Option<String>,
}

impl Survey {
    /// Looks at this machine, as far as the choice of a linker for these targets depends on it. May run cargo and zig.
    pub(crate) fn take(
        config: &CargoConfig,
        rustc: &Rustc,
        targets: &[Target],
        choice: LinkerChoice,
        graph: &GraphSource<'_>,
    ) -> Result<Self> {
        let mut survey = Self::of_machine(config, rustc, targets)?;
        let chooses = targets.iter().any(|target| survey.of(*target).configured_linker.is_none());
        let may_be_built_in =
            chooses && survey.has_rust_lld && matches!(choice, LinkerChoice::Auto | LinkerChoice::BuiltIn);
        if (may_be_built_in || c_is_native(config)) && graph.may_compile_c() {
            survey.graph = Graph::load(graph);
            survey.lockfile_is_missing = may_be_built_in && survey.graph.is_none() && !graph.may_lock;
        }
        let needs_more = chooses && (survey.graph.is_some() || !survey.has_rust_lld);
        if choice == LinkerChoice::Zig || (choice == LinkerChoice::Auto && needs_more) {
            survey.zig = zig::find();
        }
        Ok(survey)
    }

    /// A warning about a zig that was needed and cannot be used.
    pub(crate) fn passed_over_zig(&self) -> Option<String> {
        match &self.zig {
            ZigSurvey::Unusable(reason) => Some(format!("ignored zig: {reason}")),
            _ => None,
        }
    }

    /// The part that needs neither zig nor a package.
    pub(super) fn of_machine(config: &CargoConfig, rustc: &Rustc, targets: &[Target]) -> Result<Self> {
        let Rustc { host, sysroot, .. } = rustc;
        let has_rust_lld = built_in::rust_lld(rustc).is_file();
        let environment = config.environment();
        let targets = targets
            .iter()
            .map(|target| {
                let triple = target.triple();
                let on_path = compilers(*target, host).into_iter().filter_map(|name| which::which(name).ok());
                let (wrappers, compilers): (Vec<_>, Vec<_>) = on_path.partition(|path| is_musl_wrapper(path));
                let survey = TargetSurvey {
                    std_installed: has_std(sysroot, &triple),
                    configured_linker: config.linker(&triple)?,
                    compiler: compilers.into_iter().next(),
                    musl_wrapper: wrappers.into_iter().next(),
                    c_compiler: c_compiler_variables(&triple).into_iter().find(|name| environment.has(name)),
                };
                Ok((triple, survey))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            host: host.clone(),
            has_rust_lld,
            targets,
            zig: ZigSurvey::default(),
            graph: None,
            lockfile_is_missing: false,
        })
    }

    /// What was found for a target.
    pub(super) fn of(&self, target: Target) -> &TargetSurvey {
        &self.targets[&target.triple()]
    }
}

/// The variables in which the `cc` crate looks for a C compiler, in its order.
fn c_compiler_variables(triple: &str) -> [String; 4] {
    [format!("CC_{triple}"), format!("CC_{}", triple.replace('-', "_")), "TARGET_CC".to_owned(), "CC".to_owned()]
}

/// The names of compilers for a target, the likeliest first.
///
/// Distributions and musl.cc call their cross compilers `<arch>-linux-<libc>-gcc`. crosstool-NG and the Homebrew taps add
/// `unknown`. `musl-gcc` is the wrapper in the musl packages of distributions, for the machine's own architecture.
pub(super) fn compilers(target: Target, host: &str) -> Vec<String> {
    let Target { arch, libc, .. } = target;
    let mut names = Vec::new();
    if host == target.triple() {
        names.push("cc".to_owned());
    }
    names.push(format!("{}-linux-{libc}-gcc", arch.rust_name()));
    names.push(format!("{}-unknown-linux-{libc}-gcc", arch.rust_name()));
    let is_arch_of_host = host.starts_with(&format!("{}-", Arch::rust_name(arch))) && host.contains("-linux-");
    if libc == Libc::Musl && is_arch_of_host {
        names.push("musl-gcc".to_owned());
    }
    names
}

/// True for musl's wrapper, whatever its name: Debian also calls it `x86_64-linux-musl-gcc`. It is a script of two lines
/// that passes GCC a file of options.
fn is_musl_wrapper(program: &Path) -> bool {
    let mut start = Vec::new();
    let read = fs::open(program).and_then(|file| Ok(file.take(1 << 10).read_to_end(&mut start)?));
    read.is_ok() && start.starts_with(b"#!") && String::from_utf8_lossy(&start).contains("musl-gcc.specs")
}

/// True if the standard library of a target is installed in this toolchain.
pub(super) fn has_std(sysroot: &Path, triple: &str) -> bool {
    let Ok(directory) = std::fs::read_dir(rustlib(sysroot, triple).join("lib")) else { return false };
    directory.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

fn rustlib(sysroot: &Path, triple: &str) -> PathBuf {
    sysroot.join("lib/rustlib").join(triple)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_platform::Runtime;

    fn names(arch: Arch, libc: Libc, host: &str) -> Vec<String> {
        compilers(Target::new(arch, libc, Runtime::AL2023), host)
    }

    #[test]
    fn the_system_compiler_links_only_its_own_triple() {
        let host = "x86_64-unknown-linux-gnu";
        assert_eq!(names(Arch::X86_64, Libc::Gnu, host)[0], "cc");
        assert_eq!(names(Arch::Arm64, Libc::Gnu, host)[0], "aarch64-linux-gnu-gcc");
        assert!(!names(Arch::X86_64, Libc::Musl, host).contains(&"cc".to_owned()));
    }

    #[test]
    fn the_musl_wrapper_links_only_its_own_architecture() {
        let has_wrapper = |arch, host| names(arch, Libc::Musl, host).contains(&"musl-gcc".to_owned());
        assert!(has_wrapper(Arch::X86_64, "x86_64-unknown-linux-gnu"));
        assert!(!has_wrapper(Arch::Arm64, "x86_64-unknown-linux-gnu"));
        assert!(!has_wrapper(Arch::Arm64, "aarch64-apple-darwin"));
    }
}
