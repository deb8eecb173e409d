//! What this machine can build for Lambda, target by target, and what is missing for the rest.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::Linker;
use super::choose::choose;
use super::graph::CCrate;
use super::survey::Survey;
use super::zig::{self, ZigSurvey};
use crate::cargo::config::{CargoConfig, Rustc};
use crate::cli::LinkerChoice;
use lambda_platform::{Arch, Libc, Runtime, Target};

/// The state of this machine.
#[derive(Debug, Serialize)]
pub(crate) struct Diagnosis {
    schema_version: u32,
    /// The triple of the machine.
    pub(crate) host: String,
    /// The directory of the Rust toolchain.
    pub(crate) toolchain: String,
    /// Zig, or why it cannot be used.
    pub(crate) zig: String,
    pub(crate) targets: Vec<TargetDiagnosis>,
    /// What is missing, each with the command that installs it. The name in JSON is part of schema version 1.
    #[serde(rename = "remedies")]
    pub(crate) hints: Vec<String>,
}

/// The state of one target.
#[derive(Debug, Serialize)]
pub(crate) struct TargetDiagnosis {
    pub(crate) target: String,
    pub(crate) arch: Arch,
    pub(crate) libc: Libc,
    pub(crate) std_installed: bool,
    /// The linker that `--linker auto` chooses if no crate compiles C.
    pub(crate) pure_rust: Option<Linker>,
    /// The linker that it chooses if a crate compiles C.
    pub(crate) with_c: Option<Linker>,
}

impl Diagnosis {
    /// Looks at this machine. Runs rustc and zig.
    pub(crate) fn of_machine(config: &CargoConfig, rustc: &Rustc, schema_version: u32) -> Result<Self> {
        let libcs = [Libc::Gnu, Libc::Musl];
        let targets: Vec<_> =
            libcs.into_iter().flat_map(|libc| Arch::ALL.map(|arch| Target::new(arch, libc, Runtime::AL2023))).collect();
        let mut survey = Survey::of_machine(config, rustc, &targets)?;
        survey.zig = zig::find();
        let has_rustup = which::which("rustup").is_ok();
        Ok(Self {
            schema_version,
            host: survey.host.clone(),
            toolchain: rustc.sysroot.display().to_string(),
            zig: match &survey.zig {
                ZigSurvey::Found(zig) => zig.to_string(),
                ZigSurvey::Unusable(reason) => reason.clone(),
                ZigSurvey::Missing | ZigSurvey::NotAsked => "not found".to_owned(),
            },
            hints: missing(&survey, &targets, has_rustup),
            targets: targets.iter().map(|&target| diagnose(target, &survey)).collect(),
        })
    }

    /// True if this machine can build for Lambda at all. A missing standard library does not count: a build adds it.
    pub(crate) fn can_build_something(&self) -> bool {
        self.targets.iter().any(|target| target.pure_rust.is_some())
    }
}

fn diagnose(target: Target, survey: &Survey) -> TargetDiagnosis {
    TargetDiagnosis {
        target: target.triple(),
        arch: target.arch,
        libc: target.libc,
        std_installed: survey.of(target).std_installed,
        pure_rust: linker(target, survey, &[]),
        with_c: linker(target, survey, &[some_c_crate()]),
    }
}

/// The linker that a build would use. `None` also if that build may fail.
fn linker(target: Target, survey: &Survey, c_crates: &[CCrate]) -> Option<Linker> {
    let choice = choose(target, LinkerChoice::Auto, survey, c_crates).ok()?;
    choice.warning.is_none().then_some(choice.linker)
}

fn some_c_crate() -> CCrate {
    CCrate {
        chain: vec!["some-sys".to_owned()],
        needs_system_openssl: false,
        tools: BTreeSet::new(),
        manifest: PathBuf::new(),
    }
}

/// What is missing, with the commands that install it.
fn missing(survey: &Survey, targets: &[Target], has_rustup: bool) -> Vec<String> {
    let mut hints = Vec::new();
    let missing: Vec<_> =
        targets.iter().filter(|target| !survey.of(**target).std_installed).map(|target| target.triple()).collect();
    if !missing.is_empty() {
        hints.push(if has_rustup {
            format!(
                "`rustup target add {}` adds the missing standard libraries; a build does that by itself",
                missing.join(" ")
            )
        } else {
            format!("the standard libraries of {} are missing: {}", missing.join(", "), super::rustup::rustup_hint())
        });
    }
    if !survey.has_rust_lld {
        hints.push("use a toolchain from rustup, which has `rust-lld`: https://rustup.rs".to_owned());
    }
    let lacks = |c_crates: &[CCrate]| targets.iter().any(|&target| linker(target, survey, c_crates).is_none());
    if lacks(&[]) || lacks(&[some_c_crate()]) {
        hints.push(format!("{}; it compiles C and links for every target", super::hints::install_zig()));
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linker::survey::TargetSurvey;

    fn survey(has_rust_lld: bool) -> (Survey, [Target; 2]) {
        let targets = [Libc::Musl, Libc::Gnu].map(|libc| Target::new(Arch::Arm64, libc, Runtime::AL2023));
        let installed = TargetSurvey { std_installed: true, ..TargetSurvey::default() };
        let found = [installed, TargetSurvey::default()];
        let survey = Survey {
            host: "x86_64-pc-windows-msvc".into(),
            has_rust_lld,
            targets: targets.iter().map(|target| target.triple()).zip(found).collect(),
            zig: ZigSurvey::Missing,
            graph: None,
            lockfile_is_missing: false,
        };
        (survey, targets)
    }

    #[test]
    fn a_machine_with_rust_alone_builds_pure_rust_for_both_libcs() {
        let (survey, [musl, gnu]) = survey(true);
        let musl = diagnose(musl, &survey);
        assert_eq!((musl.std_installed, musl.pure_rust, musl.with_c), (true, Some(Linker::BuiltIn), None));
        let gnu = diagnose(gnu, &survey);
        assert_eq!((gnu.std_installed, gnu.pure_rust, gnu.with_c), (false, Some(Linker::BuiltIn), None));
    }

    #[test]
    fn everything_that_is_missing_has_a_hint() {
        let (survey_with_lld, targets) = survey(true);
        let hints = missing(&survey_with_lld, &targets, true);
        assert!(hints[0].contains("`rustup target add aarch64-unknown-linux-gnu`"), "{hints:?}");
        assert!(hints[1].contains("zig"), "{hints:?}");
        assert_eq!(hints.len(), 2);
        assert!(missing(&survey(false).0, &targets, true)[1].contains("rust-lld"));
    }
}
