//! The choice of a linker for one target: the first in a fixed order that applies, or the one that was asked for. An error
//! says why there is none and what helps.

use super::Linker;
use super::built_in;
use super::graph::CCrate;
use super::hints;
use super::survey::{Survey, TargetSurvey};
use super::zig::ZigSurvey;
use crate::cli::LinkerChoice;
use lambda_platform::Target;
use lambda_zip_error::{ErrorKind, Failure};

/// A linker, and what may go wrong with it.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) linker: Linker,
    /// Why the build may fail. Shown before the build; its hints are repeated if the build fails.
    pub(crate) warning: Option<LinkWarning>,
}

/// A prediction that a build may fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkWarning {
    pub(crate) message: String,
    pub(crate) hints: Vec<String>,
}

impl From<Linker> for Choice {
    fn from(linker: Linker) -> Self {
        Self { linker, warning: None }
    }
}

/// Chooses the linker of a target on this machine. `c_crates` are the crates that compile C, as far as they are known.
pub(crate) fn choose(
    target: Target,
    choice: LinkerChoice,
    survey: &Survey,
    c_crates: &[CCrate],
) -> Result<Choice, Failure> {
    let found = survey.of(target);
    if let Some(configured) = &found.configured_linker {
        return match choice {
            LinkerChoice::Auto => {
                let linker = Linker::Configured(configured.clone());
                refuse_glibc(target, &format!("the configured linker `{}`", configured.display()))?;
                Ok(linker.into())
            }
            _ => Err(hints::contradiction(target, choice, configured)),
        };
    }
    match choice {
        LinkerChoice::Auto => first_that_applies(target, survey, c_crates),
        LinkerChoice::BuiltIn => built_in_linker(target, survey, c_crates),
        LinkerChoice::Zig => match &survey.zig {
            ZigSurvey::Found(zig) => Ok(Linker::Zig(zig.clone()).into()),
            ZigSurvey::Unusable(reason) => Err(hints::unusable_zig(reason)),
            ZigSurvey::Missing | ZigSurvey::NotAsked => Err(hints::missing_zig()),
        },
        LinkerChoice::System => {
            refuse_glibc(target, "a C compiler of this machine")?;
            Ok(on_path(target, survey).ok_or_else(|| hints::missing_compiler(target, survey))?.into())
        }
    }
}

fn first_that_applies(target: Target, survey: &Survey, c_crates: &[CCrate]) -> Result<Choice, Failure> {
    let TargetSurvey { c_compiler, .. } = survey.of(target);
    // A variable that names a C compiler for this target settles who compiles C. A plain `CC` may be meant for the host.
    let c_is_settled = c_compiler.as_ref().is_some_and(|name| name != "CC");
    if survey.has_rust_lld && (c_crates.is_empty() || c_is_settled) {
        built_in::check_glibc(target)?;
        return Ok(Linker::BuiltIn.into());
    }
    if let ZigSurvey::Found(zig) = &survey.zig {
        return Ok(Linker::Zig(zig.clone()).into());
    }
    // A compiler of this machine links the glibc that it finds, so it cannot serve a suffix such as `.2.26`.
    if target.glibc.is_none()
        && let Some(linker) = on_path(target, survey)
    {
        return Ok(linker.into());
    }
    if survey.has_rust_lld {
        return built_in_linker(target, survey, c_crates);
    }
    Err(match target.glibc {
        Some(glibc) => hints::glibc_needs_zig(target, glibc, &survey.zig),
        None => hints::no_linker(target, survey, c_crates),
    })
}

/// The built-in linker, with a warning if C has to be compiled and no compiler was chosen for it.
fn built_in_linker(target: Target, survey: &Survey, c_crates: &[CCrate]) -> Result<Choice, Failure> {
    if !survey.has_rust_lld {
        return Err(Failure::new(ErrorKind::Setup, "this toolchain has no `rust-lld`, which the built-in linker runs")
            .hint("use a toolchain from rustup, which has it: https://rustup.rs"));
    }
    built_in::check_glibc(target)?;
    let TargetSurvey { c_compiler, musl_wrapper, .. } = survey.of(target);
    let has_no_compiler = !c_crates.is_empty() && c_compiler.is_none() && musl_wrapper.is_none();
    let warning = has_no_compiler.then(|| hints::c_without_compiler(target, survey, c_crates));
    Ok(Choice { linker: Linker::BuiltIn, warning })
}

fn on_path(target: Target, survey: &Survey) -> Option<Linker> {
    let compiler = survey.of(target).compiler.clone()?;
    Some(if survey.host == target.triple() { Linker::System(compiler) } else { Linker::Cross(compiler) })
}

/// Refuses a glibc suffix for a linker that cannot choose the glibc.
fn refuse_glibc(target: Target, linker: &str) -> Result<(), Failure> {
    match target.glibc {
        None => Ok(()),
        Some(glibc) => Err(Failure::new(
            ErrorKind::Usage,
            format!("cannot link for `{}.{glibc}`: {linker} links whatever glibc it finds", target.triple()),
        )
        .hint(format!("leave out `.{glibc}`, or use `--linker zig`, which has every glibc"))),
    }
}

#[cfg(test)]
mod tests;
