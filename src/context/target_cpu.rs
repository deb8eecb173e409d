//! The one processor that a build compiles for. Rustflags apply to the whole build, so functions cannot differ in it.

use anyhow::Result;

use super::Function;
use crate::cli::BuildArguments;
use crate::manifest::{FunctionConfig, TargetCpu};
use lambda_zip_error::{ErrorKind, Failure};

/// The processor that `--target-cpu` names, else the one that the tables of all selected functions agree on.
pub(super) fn target_cpu(
    arguments: &BuildArguments,
    functions: &[(Function, FunctionConfig)],
) -> Result<Option<TargetCpu>> {
    if let Some(name) = &arguments.target_cpu {
        return Ok(Some(TargetCpu { name: name.clone(), origin: None }));
    }
    let mut agreed: Option<(&Function, Option<&TargetCpu>)> = None;
    for (function, config) in functions {
        let cpu = config.target_cpu();
        match agreed {
            None => agreed = Some((function, cpu)),
            Some((_, of_first)) if name(of_first) == name(cpu) => {}
            Some(first) => return Err(disagreement(first, (function, cpu)).into()),
        }
    }
    Ok(agreed.and_then(|(_, cpu)| cpu).cloned())
}

fn name(cpu: Option<&TargetCpu>) -> Option<&str> {
    cpu.map(|cpu| cpu.name.as_str())
}

fn disagreement(first: (&Function, Option<&TargetCpu>), second: (&Function, Option<&TargetCpu>)) -> Failure {
    let describe = |(function, cpu): (&Function, Option<&TargetCpu>)| match cpu {
        Some(cpu) => format!("`{}` of `{}` asks for the processor `{}`", function.name, function.package, cpu.name),
        None => format!("`{}` of `{}` asks for none", function.name, function.package),
    };
    // A function that names a processor comes first.
    let (first, second) = if first.1.is_some() { (first, second) } else { (second, first) };
    Failure::new(
        ErrorKind::Setup,
        format!("{}, {}: one build compiles for one processor", describe(first), describe(second)),
    )
    .hint("build them one by one with `--bin` or `--package`, or set `--target-cpu` for all of them")
    .hint("a `target-cpu` in `[workspace.metadata.lambda-zip]` applies to all that name none")
}
