//! The one processor of a build. Rustflags hold for all that a build compiles, so a processor cannot be one function's own.

use anyhow::Result;
use cargo_metadata::Metadata;

use super::selection::{Function, Selection};
use crate::cli::BuildArguments;
use crate::manifest::{self, TargetCpu};
use lambda_zip_error::{ErrorKind, Failure};

/// The processor of the flag, else the one on which the tables of all selected functions agree.
pub(crate) fn target_cpu(
    arguments: &BuildArguments,
    metadata: &Metadata,
    selection: &Selection,
) -> Result<Option<TargetCpu>> {
    if let Some(name) = &arguments.target_cpu {
        return Ok(Some(TargetCpu { name: name.clone(), origin: None }));
    }
    let mut agreed: Option<(&Function, Option<TargetCpu>)> = None;
    for function in &selection.functions {
        let declared = manifest::declared(metadata, &metadata[&function.package_id], &function.name)?;
        let cpu = declared.tables.into_iter().filter_map(|table| table.target_cpu).next_back();
        match &agreed {
            None => agreed = Some((function, cpu)),
            Some((first, of_first)) if name(of_first.as_ref()) != name(cpu.as_ref()) => {
                return Err(disagreement((first, of_first.as_ref()), (function, cpu.as_ref())).into());
            }
            Some(_) => {}
        }
    }
    Ok(agreed.and_then(|(_, cpu)| cpu))
}

fn name(cpu: Option<&TargetCpu>) -> Option<&str> {
    cpu.map(|cpu| cpu.name.as_str())
}

fn disagreement(first: (&Function, Option<&TargetCpu>), second: (&Function, Option<&TargetCpu>)) -> Failure {
    let wish = |(function, cpu): (&Function, Option<&TargetCpu>)| match cpu {
        Some(cpu) => format!("`{}` of `{}` wants the processor `{}`", function.name, function.package, cpu.name),
        None => format!("`{}` of `{}` names none", function.name, function.package),
    };
    // The one with a wish first.
    let (first, second) = if first.1.is_some() { (first, second) } else { (second, first) };
    Failure::new(ErrorKind::Setup, format!("{}, {}: one build compiles for one processor", wish(first), wish(second)))
        .hint("build them one by one with `--bin` or `--package`, or give all of them `--target-cpu`")
        .hint("a `target-cpu` in `[workspace.metadata.lambda-zip]` holds for all that name none")
}
