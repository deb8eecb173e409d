//! What this machine can build for Lambda, target by target, and what would be needed for the rest.

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Serialize;

use super::choose::choose;
use super::graph::CCrate;
use super::survey::Survey;
use super::zig::{self, ZigSurvey};
use super::{Linker, hints};
use crate::cargo::config::{CargoConfig, Rustc};
use crate::cli::LinkerChoice;
use lambda_platform::{Arch, Libc, Runtime, Target};

/// The state of this machine.
#[derive(Debug, Serialize)]
pub(crate) struct Diagnosis {
    schema_version: u32,
    /// The triple of the machine itself.
    pub(crate) host: String,
    /// The folder of the Rust toolchain.
    pub(crate) toolchain: String,
    /// Zig, or why there is none to use.
    pub(crate) zig: String,
    pub(crate) targets: Vec<TargetDiagnosis>,
    /// The commands for what is missing, each with what it is for.
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
    /// What `--linker auto` takes for a package of Rust alone.
    pub(crate) pure_rust: Option<Linker>,
    /// What it takes where C has to be compiled.
    pub(crate) with_c: Option<Linker>,
}

impl Diagnosis {
    /// Looks at this machine.
    pub(crate) fn of_machine(config: &CargoConfig, rustc: &Rustc, schema_version: u32) -> Result<Self> {
        let libcs = [Libc::Musl, Libc::Gnu];
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
            hints: remedies(&survey, &targets, has_rustup),
            targets: targets.iter().map(|&target| diagnose(target, &survey)).collect(),
        })
    }

    /// Whether this machine can build for Lambda at all. A missing standard library does not count: it is added on use.
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

/// A linker that is nothing but a hope does not count.
fn linker(target: Target, survey: &Survey, c_crates: &[CCrate]) -> Option<Linker> {
    let choice = choose(target, LinkerChoice::Auto, survey, c_crates).ok()?;
    choice.doubt.is_none().then_some(choice.linker)
}

fn some_c_crate() -> CCrate {
    CCrate { chain: vec!["some-sys".to_owned()], wants_system_openssl: false, tools: BTreeSet::new() }
}

fn remedies(survey: &Survey, targets: &[Target], has_rustup: bool) -> Vec<String> {
    let mut remedies = Vec::new();
    let missing: Vec<_> =
        targets.iter().filter(|target| !survey.of(**target).std_installed).map(|target| target.triple()).collect();
    if !missing.is_empty() {
        remedies.push(if has_rustup {
            format!("`rustup target add {}` adds what is missing of Rust; a build does so by itself", missing.join(" "))
        } else {
            format!("for the standard libraries of {}, {}", missing.join(", "), super::install::rustup_hint())
        });
    }
    if !survey.has_rust_lld {
        remedies.push("use a toolchain of rustup, which brings `rust-lld`: https://rustup.rs".to_owned());
    }
    let lacks = |c_crates: &[CCrate]| targets.iter().any(|&target| linker(target, survey, c_crates).is_none());
    if lacks(&[]) || lacks(&[some_c_crate()]) {
        remedies.push(format!("{}: it compiles C and links for every target", hints::install_zig()));
    }
    remedies
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
    fn rust_alone_builds_pure_musl_and_nothing_else() {
        let (survey, [musl, gnu]) = survey(true);
        let musl = diagnose(musl, &survey);
        assert_eq!((musl.std_installed, musl.pure_rust, musl.with_c), (true, Some(Linker::RustLld), None));
        let gnu = diagnose(gnu, &survey);
        assert_eq!((gnu.std_installed, gnu.pure_rust, gnu.with_c), (false, None, None));
    }

    #[test]
    fn each_lack_has_its_remedy() {
        let (survey_with_lld, targets) = survey(true);
        let told = remedies(&survey_with_lld, &targets, true);
        assert!(told[0].contains("`rustup target add aarch64-unknown-linux-gnu`"), "{told:?}");
        assert!(told[1].contains("zig"), "{told:?}");
        assert_eq!(told.len(), 2);
        assert!(remedies(&survey(false).0, &targets, true)[1].contains("rust-lld"));
    }
}
