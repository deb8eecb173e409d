//! The `cargo build` for all functions and targets, or several if binaries share a path.

use std::collections::BTreeMap;
use std::ffi::OsString;

use anyhow::Result;

use super::PlannedTarget;
use crate::cargo::{self, BUILD_ID, CargoCommand, LinkFlags};
use crate::context::{BuildContext, Function};
use crate::linker::{Linker, built_in, c_compiler_variable};
use lambda_zip_error::{ErrorKind, Failure};

/// The commands, of which all but the first are for binaries that share a path with another. They name each binary, so cargo
/// builds exactly what the plan says and fails where it cannot.
pub(super) fn cargo_builds(
    context: &BuildContext<'_>,
    targets: &[PlannedTarget],
    compiles_c: bool,
) -> Result<(CargoCommand, Vec<CargoCommand>), Failure> {
    let functions: Vec<_> = context.functions.iter().map(|(function, _)| function).collect();
    let binaries: Vec<_> = functions.iter().map(|function| function.binary()).collect();
    let groups = cargo::groups(&binaries).into_iter().map(|group| {
        let members: Vec<_> = functions.iter().copied().filter(|function| group.contains(&function.binary())).collect();
        cargo_build(context, &members, targets, compiles_c)
    });
    let mut commands = groups.collect::<Result<Vec<_>, _>>()?.into_iter();
    let first = commands.next().expect("a plan has a function");
    Ok((first, commands.collect()))
}

fn cargo_build(
    context: &BuildContext<'_>,
    functions: &[&Function],
    targets: &[PlannedTarget],
    compiles_c: bool,
) -> Result<CargoCommand, Failure> {
    let BuildContext { arguments, overrides, .. } = context;
    let mut args: Vec<OsString> = vec!["build".into(), "--profile".into(), arguments.cargo.profile().into()];
    for planned in targets {
        args.extend(["--target".into(), planned.target.triple().into()]);
    }
    args.extend(selection_args(functions));

    let built_in = targets.iter().filter(|planned| planned.linker == Linker::BuiltIn);
    let built_in = built_in::program(built_in.map(|planned| planned.target));
    let link_flags = targets.iter().map(|PlannedTarget { target, linker }| LinkFlags {
        target: *target,
        rustflags: linker.rustflags(&built_in),
        build_id: linker.argument(BUILD_ID),
    });
    let rustflags = overrides.rustflags(&link_flags.collect::<Vec<_>>())?;
    args.extend(arguments.cargo.build_args());
    args.extend(overrides.args.iter().cloned());
    args.extend(rustflags.args);
    args.extend(arguments.passed_on.iter().cloned());

    let mut env = environment(context, targets, compiles_c);
    env.extend(overrides.env.clone());
    env.extend(rustflags.env);
    Ok(CargoCommand { program: cargo::program(), args, env })
}

/// The packages and binaries of the functions, each once.
fn selection_args(functions: &[&Function]) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    let mut packages = Vec::new();
    for function in functions {
        if !packages.contains(&&function.package_id) {
            packages.push(&function.package_id);
            args.extend(["--package".into(), function.package_spec().into()]);
        }
    }
    let mut binaries = Vec::new();
    for function in functions {
        let flag = if function.is_example { "--example" } else { "--bin" };
        if !binaries.contains(&(flag, &function.name)) {
            binaries.push((flag, &function.name));
            args.extend([flag.into(), OsString::from(&function.name)]);
        }
    }
    args
}

/// The variables for linkers and C compilers.
fn environment(context: &BuildContext<'_>, targets: &[PlannedTarget], compiles_c: bool) -> BTreeMap<String, OsString> {
    let linkers = targets.iter().flat_map(|PlannedTarget { target, linker }| {
        let found = &context.survey.targets[&target.triple()];
        let has_no_c_compiler = found.c_compiler.is_none();
        let mut variables = linker.variables(*target, has_no_c_compiler);
        if let Some(wrapper) = &found.musl_wrapper
            && *linker == Linker::BuiltIn
            && compiles_c
            && has_no_c_compiler
        {
            variables.push((c_compiler_variable(*target), wrapper.into()));
        }
        variables
    });
    // A build without C does not read flags for C.
    let c_flags = targets
        .iter()
        .filter(|planned| compiles_c || planned.linker != Linker::BuiltIn)
        .flat_map(|planned| context.overrides.c_variables(planned.target));
    linkers.chain(c_flags).collect()
}

/// Refuses flags after `--` that decide what is packaged: the plan would not see them.
pub(super) fn refuse_misplaced(passed_on: &[OsString]) -> Result<()> {
    const PLANNED: [&str; 22] = [
        "--all",
        "--all-features",
        "--bin",
        "--bins",
        "--config",
        "--example",
        "--examples",
        "--exclude",
        "--features",
        "--manifest-path",
        "--message-format",
        "--no-default-features",
        "--package",
        "--profile",
        "--release",
        "--target",
        "--target-dir",
        "--workspace",
        "-F",
        "-Z",
        "-p",
        "-r",
    ];
    for argument in passed_on {
        let argument = argument.to_string_lossy();
        let flag = argument.split('=').next().unwrap_or_default();
        let is_short_with_value = !flag.starts_with("--")
            && PLANNED.iter().any(|planned| !planned.starts_with("--") && flag.starts_with(planned));
        if PLANNED.contains(&flag) || is_short_with_value {
            return Err(Failure::new(ErrorKind::Usage, format!("`{flag}` does not work after `--`"))
                .hint(format!("put `{flag}` before `--`: it decides what is packaged"))
                .into());
        }
    }
    Ok(())
}
