//! Which linker builds a target: the first of a fixed order that applies, or the one that was asked for, else an error
//! that says why not and what would help.

use super::Linker;
use super::graph::CCrate;
use super::hints;
use super::survey::{Survey, TargetSurvey};
use super::zig::ZigSurvey;
use crate::cli::LinkerChoice;
use lambda_platform::{Libc, Target};
use lambda_zip_error::{ErrorKind, Failure};

/// A linker, with what is foreseen to go wrong with it.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) linker: Linker,
    /// Why the build may fail, and what would help. It is said before the build, and again if it does fail.
    pub(crate) doubt: Option<LinkWarning>,
}

/// A prediction that a build may fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkWarning {
    pub(crate) message: String,
    pub(crate) hints: Vec<String>,
}

impl From<Linker> for Choice {
    fn from(linker: Linker) -> Self {
        Self { linker, doubt: None }
    }
}

/// Chooses the linker of a target on this machine. `c_crates` are those of the graph that compile C, where it is known.
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
        LinkerChoice::RustLld => rust_lld(target, survey, c_crates),
        LinkerChoice::Zig => match &survey.zig {
            ZigSurvey::Found(zig) => Ok(Linker::Zig(zig.clone()).into()),
            ZigSurvey::Unusable(reason) => Err(hints::unusable_zig(reason)),
            ZigSurvey::Missing | ZigSurvey::NotAsked => Err(hints::missing_zig()),
        },
        LinkerChoice::System => {
            refuse_glibc(target, "a compiler of this machine, which has one glibc,")?;
            Ok(on_path(target, survey).ok_or_else(|| hints::missing_compiler(target, survey))?.into())
        }
    }
}

fn first_that_applies(target: Target, survey: &Survey, c_crates: &[CCrate]) -> Result<Choice, Failure> {
    let TargetSurvey { c_compiler, .. } = survey.of(target);
    let lld = target.libc == Libc::Musl && survey.has_rust_lld;
    // Whoever names a compiler for this very target has answered the question of C.
    let c_is_settled = c_compiler.as_ref().is_some_and(|name| name != "CC");
    if lld && (c_crates.is_empty() || c_is_settled) {
        return Ok(Linker::RustLld.into());
    }
    if let ZigSurvey::Found(zig) = &survey.zig {
        return Ok(Linker::Zig(zig.clone()).into());
    }
    if let Some(glibc) = target.glibc {
        return Err(hints::glibc_needs_zig(target, glibc, &survey.zig));
    }
    if let Some(linker) = on_path(target, survey) {
        return Ok(linker.into());
    }
    if lld {
        let doubt = c_compiler.is_none().then(|| hints::c_without_compiler(target, survey, c_crates));
        return Ok(Choice { linker: Linker::RustLld, doubt });
    }
    Err(hints::nothing_links(target, survey, c_crates))
}

fn rust_lld(target: Target, survey: &Survey, c_crates: &[CCrate]) -> Result<Choice, Failure> {
    if target.libc == Libc::Gnu {
        return Err(Failure::new(
            ErrorKind::Usage,
            format!("`--linker rust-lld` cannot link `{}`: Rust brings musl along, but no glibc", target.triple()),
        )
        .hint("leave out `--libc gnu`, or take `--linker zig`"));
    }
    if !survey.has_rust_lld {
        return Err(Failure::new(ErrorKind::Setup, "this toolchain brings no `rust-lld`")
            .hint("use a toolchain of rustup, which does: https://rustup.rs"));
    }
    let doubted = !c_crates.is_empty() && survey.of(target).c_compiler.is_none();
    let doubt = doubted.then(|| hints::c_without_compiler(target, survey, c_crates));
    Ok(Choice { linker: Linker::RustLld, doubt })
}

fn on_path(target: Target, survey: &Survey) -> Option<Linker> {
    let compiler = survey.of(target).compiler.clone()?;
    Some(if survey.host == target.triple() { Linker::System(compiler) } else { Linker::Cross(compiler) })
}

/// A glibc that was asked for by name cannot be had from every linker.
fn refuse_glibc(target: Target, linker: &str) -> Result<(), Failure> {
    match target.glibc {
        None => Ok(()),
        Some(glibc) => Err(Failure::new(
            ErrorKind::Usage,
            format!(
                "`--target {}.{glibc}` cannot be honoured: {linker} links the glibc that it finds",
                target.triple()
            ),
        )
        .hint(format!("leave out `.{glibc}`, or let zig link: it brings every glibc along"))),
    }
}

#[cfg(test)]
mod tests;
