//! The targets of a build: `--arch`, `--libc` and `--target`, else what cargo-lambda's tables ask for.

use anyhow::Result;
use time::Date;

use super::Function;
use crate::cli::BuildArguments;
use crate::manifest::FunctionConfig;
use crate::manifest::cargo_lambda::{self, InheritedTarget};
use lambda_platform::{Arch, Runtime, Target};
use lambda_zip_error::{ErrorKind, Failure};

/// True if the arguments choose the target.
pub(crate) fn names_target(arguments: &BuildArguments) -> bool {
    !arguments.arch.is_empty() || !arguments.target.is_empty()
}

/// The target that cargo-lambda's tables ask for. `None` if the arguments choose one. A build has one answer for all of its
/// functions.
pub(super) fn inherited_target(
    arguments: &BuildArguments,
    functions: &[(Function, FunctionConfig)],
) -> Result<Option<InheritedTarget>> {
    if names_target(arguments) {
        return Ok(None);
    }
    cargo_lambda::common_target(functions.iter().map(|(function, config)| (function.name.as_str(), &config.inherited)))
}

/// The targets that the arguments ask for, without duplicates, in their order. If they ask for none: the inherited one, else
/// those of cargo's `build.target`.
pub(crate) fn targets(
    arguments: &BuildArguments,
    inherited: Option<InheritedTarget>,
    configured: &[Target],
    today: Date,
) -> Result<Vec<Target>> {
    let runtime = arguments.runtime;
    let mut targets: Vec<Target> = Vec::new();
    for triple in &arguments.target {
        targets.push(of_triple("--target ", triple, runtime)?);
    }
    let mut asked = arguments.arch.clone();
    if !names_target(arguments) {
        match inherited {
            None if configured.is_empty() => asked.push(Arch::X86_64),
            None => {
                for &target in configured {
                    match arguments.libc {
                        Some(libc) if libc != target.libc => asked.push(target.arch),
                        _ => targets.push(target),
                    }
                }
            }
            Some(InheritedTarget::Arch(arch)) => asked.push(arch),
            Some(InheritedTarget::Triple(triple)) => {
                let target = of_triple("", &triple, runtime)?;
                // A flag wins over the table.
                match arguments.libc {
                    Some(libc) if libc != target.libc => asked.push(target.arch),
                    _ => targets.push(target),
                }
            }
        }
    }
    let libc = arguments.libc.unwrap_or_default();
    targets.extend(asked.into_iter().map(|arch| Target::new(arch, libc, runtime)));
    let mut seen = Vec::new();
    targets.retain(|target| {
        !seen.contains(target) && {
            seen.push(*target);
            true
        }
    });
    if let Some((target, other)) = targets.iter().enumerate().find_map(|(index, target)| {
        let same = targets[index + 1..].iter().find(|other| other.triple() == target.triple())?;
        Some((target, same))
    }) {
        return Err(Failure::new(ErrorKind::Usage, format!("`{target}` and `{other}` are one target to cargo"))
            .hint("build them one after the other")
            .into());
    }
    if runtime.facts().update_blocked <= today {
        let gone = runtime.deprecation(today).unwrap_or_default();
        return Err(Failure::new(ErrorKind::Usage, gone)
            .hint(format!("leave out `--runtime`: `{}` runs the same executables", Runtime::AL2023))
            .into());
    }
    if let Some(target) = targets.iter().find(|target| !runtime.facts().architectures.contains(&target.arch)) {
        return Err(Failure::new(
            ErrorKind::Usage,
            format!("the runtime `{runtime}` does not exist for {}", target.arch),
        )
        .hint("leave out `--runtime`")
        .into());
    }
    Ok(targets)
}

fn of_triple(flag: &str, triple: &str, runtime: Runtime) -> Result<Target, Failure> {
    Target::from_triple(triple, runtime).map_err(|reason| {
        Failure::new(ErrorKind::Usage, format!("`{flag}{triple}` cannot be a Lambda function: {reason}"))
    })
}
