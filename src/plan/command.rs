//! The `cargo build` for all functions and targets, or several if binaries share a path or differ in their features.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;

use anyhow::Result;
use cargo_metadata::PackageId;

use super::PlannedTarget;
use crate::cargo::{self, BUILD_ID, CargoCommand, LinkFlags};
use crate::context::{AddedFeatures, BuildContext, Function};
use crate::linker::{Linker, built_in, c_compiler_variable};
use lambda_zip_error::{ErrorKind, Failure};

/// The functions of one `cargo build`, and the features that they have in common.
struct Group<'a> {
    functions: Vec<&'a Function>,
    features: AddedFeatures,
}

/// The commands. All but the first are for binaries that share a path with another, or that have features of their own. They
/// name each binary, so cargo builds exactly what the plan says and fails where it cannot.
pub(super) fn cargo_builds(
    context: &BuildContext<'_>,
    targets: &[PlannedTarget],
    compiles_c: bool,
) -> Result<Builds, Failure> {
    let groups = groups(context);
    let mut builds = Builds { commands: Vec::new(), of: HashMap::new() };
    for (index, group) in groups.iter().enumerate() {
        // A flag may name a feature that only the packages of another group have.
        let metadata = &context.inputs.metadata;
        let packages = || group.functions.iter().map(|function| &metadata[&function.package_id]).collect::<Vec<_>>();
        let packages = (groups.len() > 1).then(packages);
        let features = group.features.args(&context.arguments.cargo, packages.as_deref());
        builds.commands.push(cargo_build(context, &group.functions, features, targets, compiles_c)?);
        builds.of.extend(group.functions.iter().map(|function| (key(function), index)));
    }
    Ok(builds)
}

/// The builds of a plan.
pub(super) struct Builds {
    pub(super) commands: Vec<CargoCommand>,
    of: HashMap<FunctionKey, usize>,
}

type FunctionKey = (PackageId, String, bool);

fn key(function: &Function) -> FunctionKey {
    (function.package_id.clone(), function.name.clone(), function.is_example)
}

impl Builds {
    /// The index of the command that builds a function.
    pub(super) fn index_of(&self, function: &Function) -> usize {
        self.of.get(&key(function)).copied().unwrap_or_default()
    }
}

fn groups<'a>(context: &'a BuildContext<'_>) -> Vec<Group<'a>> {
    let mut by_features: Vec<Group<'_>> = Vec::new();
    for (function, config) in &context.functions {
        let features = AddedFeatures::new(&context.arguments.cargo, function, config);
        match by_features.iter_mut().find(|group| group.features == features) {
            Some(group) => group.functions.push(function),
            None => by_features.push(Group { functions: vec![function], features }),
        }
    }
    let all: Vec<_> = context.functions.iter().map(|(function, _)| function.binary()).collect();
    let mut groups = Vec::new();
    for Group { functions, features } in by_features {
        let binaries: Vec<_> = functions.iter().map(|function| function.binary()).collect();
        for group in cargo::groups(&binaries, &all) {
            let members = functions.iter().copied().filter(|function| group.contains(&function.binary()));
            groups.push(Group { functions: members.collect(), features: features.clone() });
        }
    }
    groups
}

fn cargo_build(
    context: &BuildContext<'_>,
    functions: &[&Function],
    features: Vec<OsString>,
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
    args.extend(features);
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
