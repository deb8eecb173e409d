//! What the plan has to know of this machine, gathered beforehand so that the plan itself looks at nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::graph::{Graph, names_a_compiler};
use super::zig::{self, ZigSurvey};
use crate::cargo::CargoCommand;
use crate::cargo::c_is_native;
use crate::cargo::config::{CargoConfig, Rustc};
use crate::cli::LinkerChoice;
use lambda_platform::{Arch, Libc, Target};

/// The machine, as far as the targets of this run are concerned.
#[derive(Debug, Clone)]
pub(crate) struct Survey {
    /// The triple of the machine itself.
    pub(crate) host: String,
    /// Whether the toolchain brings `rust-lld`. Rust's own builds do, most distributions' do not.
    pub(crate) has_rust_lld: bool,
    /// What was found for each target, by its triple.
    pub(crate) targets: BTreeMap<String, TargetSurvey>,
    /// Zig, looked for where it could be of use.
    pub(crate) zig: ZigSurvey,
    /// The graph of dependencies, where the question which of them compile C matters and has no answer without it.
    pub(crate) graph: Option<Graph>,
    /// Whether it mattered, and could not be told without writing the lockfile.
    pub(crate) lockfile_is_missing: bool,
}

/// One target on this machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct TargetSurvey {
    /// Whether its standard library is installed.
    pub(crate) std_installed: bool,
    /// The linker that the user configured for it.
    pub(crate) configured_linker: Option<PathBuf>,
    /// The first compiler on PATH that links for it.
    pub(crate) compiler: Option<PathBuf>,
    /// The variable by which the user chose a C compiler for it, in the names that build scripts look at.
    pub(crate) c_compiler: Option<String>,
}

/// Where the graph of dependencies comes from.
pub(crate) struct GraphSource<'a> {
    pub(crate) workspace: &'a Path,
    /// What cargo says of the workspace's own packages.
    pub(crate) members: &'a str,
    /// Whether any of them depends on anything.
    pub(crate) has_dependencies: bool,
    /// Whether the lockfile may be written to answer, as a build would write it.
    pub(crate) may_lock: bool,
    pub(crate) config: &'a CargoConfig,
    pub(crate) rustc: &'a Rustc,
    pub(crate) metadata: CargoCommand,
    pub(crate) tree: CargoCommand,
    /// The graph of an earlier run.
    pub(crate) remembered: Option<&'a Graph>,
}

impl GraphSource<'_> {
    /// Whether there is anything to ask cargo for: a lockfile without a compiler in it is an answer by itself.
    pub(super) fn may_compile_c(&self) -> bool {
        self.has_dependencies && self.lockfile().is_none_or(|text| names_a_compiler(&text))
    }

    pub(super) fn lockfile(&self) -> Option<String> {
        std::fs::read_to_string(self.workspace.join("Cargo.lock")).ok()
    }
}

impl Survey {
    /// Looks at this machine, as far as the choice of a linker for these targets depends on it.
    pub(crate) fn take(
        config: &CargoConfig,
        rustc: &Rustc,
        targets: &[Target],
        choice: LinkerChoice,
        graph: &GraphSource<'_>,
    ) -> Result<Self> {
        let mut survey = Self::of_machine(config, rustc, targets)?;
        let unconfigured =
            |libc| targets.iter().any(|target| target.libc == libc && survey.of(*target).configured_linker.is_none());
        let (musl, gnu) = (unconfigured(Libc::Musl), unconfigured(Libc::Gnu));
        let may_take_lld = musl && survey.has_rust_lld && matches!(choice, LinkerChoice::Auto | LinkerChoice::RustLld);
        if (may_take_lld || c_is_native()) && graph.may_compile_c() {
            survey.graph = Graph::ask(graph);
            survey.lockfile_is_missing = may_take_lld && survey.graph.is_none() && !graph.may_lock;
        }
        let needs_more = gnu || (musl && (survey.graph.is_some() || !survey.has_rust_lld));
        if choice == LinkerChoice::Zig || (choice == LinkerChoice::Auto && needs_more) {
            survey.zig = zig::find();
        }
        Ok(survey)
    }

    /// A zig that was of interest and cannot be used.
    pub(crate) fn passed_over_zig(&self) -> Option<String> {
        match &self.zig {
            ZigSurvey::Unusable(reason) => Some(format!("passed over zig: {reason}")),
            _ => None,
        }
    }

    /// What can be told without running anything or looking at a package.
    pub(super) fn of_machine(config: &CargoConfig, rustc: &Rustc, targets: &[Target]) -> Result<Self> {
        let Rustc { host, sysroot, .. } = rustc;
        let lld = format!("rust-lld{}", std::env::consts::EXE_SUFFIX);
        let has_rust_lld = rustlib(sysroot, host).join("bin").join(lld).is_file();
        let targets = targets
            .iter()
            .map(|target| {
                let triple = target.triple();
                let survey = TargetSurvey {
                    std_installed: has_std(sysroot, &triple),
                    configured_linker: config.linker(&triple)?,
                    compiler: compilers(*target, host).iter().find_map(|name| which::which(name).ok()),
                    c_compiler: c_compiler_variables(&triple)
                        .into_iter()
                        .find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())),
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

/// The variables that name a C compiler to the `cc` crate, the one that it prefers first.
fn c_compiler_variables(triple: &str) -> [String; 4] {
    [format!("CC_{triple}"), format!("CC_{}", triple.replace('-', "_")), "TARGET_CC".to_owned(), "CC".to_owned()]
}

/// The compilers that link for a target, by the names under which they are installed, the likeliest first.
///
/// `<arch>-linux-<libc>-gcc` is the name of the distributions' cross compilers and of musl.cc's; the one with `unknown`
/// in it that of crosstool-NG and of the Homebrew taps; `musl-gcc` is the wrapper of Debian's and Fedora's musl packages,
/// which serves the machine's own architecture.
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

/// Whether the standard library of a target is installed in this toolchain.
pub(super) fn has_std(sysroot: &Path, triple: &str) -> bool {
    let Ok(folder) = std::fs::read_dir(rustlib(sysroot, triple).join("lib")) else { return false };
    folder.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
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
    fn the_system_compiler_serves_only_its_own_triple() {
        let host = "x86_64-unknown-linux-gnu";
        assert_eq!(names(Arch::X86_64, Libc::Gnu, host)[0], "cc");
        assert_eq!(names(Arch::Arm64, Libc::Gnu, host)[0], "aarch64-linux-gnu-gcc");
        assert!(!names(Arch::X86_64, Libc::Musl, host).contains(&"cc".to_owned()));
    }

    #[test]
    fn the_musl_wrapper_serves_only_its_own_architecture() {
        let has_wrapper = |arch, host| names(arch, Libc::Musl, host).contains(&"musl-gcc".to_owned());
        assert!(has_wrapper(Arch::X86_64, "x86_64-unknown-linux-gnu"));
        assert!(!has_wrapper(Arch::Arm64, "x86_64-unknown-linux-gnu"));
        assert!(!has_wrapper(Arch::Arm64, "aarch64-apple-darwin"));
    }
}
