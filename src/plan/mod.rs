//! What is going to happen: which functions, for which targets, with which linkers, to which paths, by which command.
//!
//! Pure: arguments, metadata and a survey of the machine in, a [`BuildPlan`] out. Whatever can be refused is refused
//! here, before anything is built.

mod features;
mod output;
mod selection;
mod target_cpu;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::{Metadata, PackageId};
use serde::Serialize;
use time::Date;

use crate::cargo::{CargoCommand, Settings};
use crate::cargo_lambda::{self, Answer, Inherited, InheritedTarget};
use crate::cli::BuildArguments;
use crate::config;
use crate::packaging::Packaging;
use crate::toolchain::{self, Choice, Doubt, Linker, Survey};
use deployment_zip::OutputPaths;
use lambda_platform::{Arch, Libc, Runtime, Target};
use lambda_zip_error::{ErrorKind, Failure};

pub(crate) use selection::{Function, Selection, SkippedBinary, select};
pub(crate) use target_cpu::target_cpu;

/// The version of the JSON documents on stdout. It rises when a field goes away or changes its meaning.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Everything that a run will do.
#[derive(Debug, Serialize)]
pub(crate) struct BuildPlan {
    schema_version: u32,
    /// One zip each.
    pub(crate) functions: Vec<PlannedFunction>,
    /// The one build that makes all of their executables.
    pub(crate) cargo: CargoCommand,
    /// The triples whose standard library has to be added first.
    pub(crate) install_targets: Vec<String>,
    /// Binaries of the selected packages that these features leave out.
    pub(crate) skipped: Vec<SkippedBinary>,
    /// What cargo-lambda's tables have to do with it.
    #[serde(skip)]
    pub(crate) inherited: cargo_lambda::Notes,
    /// What may make the build fail.
    #[serde(skip)]
    pub(crate) doubts: Vec<Doubt>,
    /// What the user should know of the flags of the build.
    #[serde(skip)]
    pub(crate) warnings: Vec<String>,
    /// Whether each executable is parted from its debug information.
    #[serde(skip)]
    pub(crate) debug_symbols: bool,
    /// Where the page about the zips goes, absolute, if there is to be one.
    #[serde(skip)]
    pub(crate) page: Option<PathBuf>,
}

impl BuildPlan {
    /// What the run itself writes.
    pub(crate) fn own_files(&self) -> OutputPaths {
        let zips = self.functions.iter().map(|planned| planned.path.clone());
        OutputPaths::new(zips.chain(self.page.clone()), None)
    }
}

/// One function for one target: one executable, one zip.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedFunction {
    #[serde(flatten)]
    pub(crate) function: Function,
    #[serde(flatten)]
    pub(crate) packaging: Packaging,
    #[serde(flatten)]
    pub(crate) target: PlannedTarget,
    /// Where the zip will be, absolute.
    pub(crate) path: PathBuf,
}

/// A target with what it will be linked by, in the words of the reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedTarget {
    pub(crate) target: Target,
    pub(crate) linker: Linker,
}

impl Serialize for PlannedTarget {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let Self { target, linker } = self;
        let mut state = serializer.serialize_struct("PlannedTarget", 5)?;
        state.serialize_field("arch", &target.arch)?;
        state.serialize_field("libc", &target.libc)?;
        state.serialize_field("runtime", &target.runtime)?;
        state.serialize_field("target", &target.triple())?;
        state.serialize_field("linker", linker)?;
        state.end()
    }
}

/// Where a run starts from, as far as paths depend on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// The working directory, against which relative paths of the command line are read.
    pub(crate) folder: &'a Path,
    /// Whether `--output` names a folder that exists.
    pub(crate) output_is_folder: bool,
}

/// Whether the arguments say what is built for.
fn names_target(arguments: &BuildArguments) -> bool {
    !arguments.arch.is_empty() || !arguments.target.is_empty()
}

/// The target that cargo-lambda's tables ask for, where the arguments leave it open.
pub(crate) fn inherited_target(
    arguments: &BuildArguments,
    metadata: &Metadata,
    selection: &Selection,
) -> Result<Option<InheritedTarget>> {
    if names_target(arguments) {
        return Ok(None);
    }
    let binaries = selection.functions.iter();
    cargo_lambda::target(metadata, binaries.map(|function| (&metadata[&function.package_id], function.name.as_str())))
}

/// The targets that the arguments ask for, each once, in the order in which they were asked for. Where they ask for none,
/// it is the one that is inherited.
pub(crate) fn targets(
    arguments: &BuildArguments,
    inherited: Option<InheritedTarget>,
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
            None => asked.push(Arch::X86_64),
            Some(InheritedTarget::Arch(arch)) => asked.push(arch),
            Some(InheritedTarget::Triple(triple)) => {
                let target = of_triple("", &triple, runtime)?;
                // The flag counts over the table in what they both say.
                match arguments.libc {
                    Some(libc) if libc != target.libc => asked.push(target.arch),
                    _ => targets.push(target),
                }
            }
        }
    }
    let libc = arguments.libc.unwrap_or(Libc::Musl);
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

/// Makes the plan.
pub(crate) fn plan(
    arguments: &BuildArguments,
    targets: &[Target],
    metadata: &Metadata,
    selection: Selection,
    survey: &Survey,
    settings: &Settings,
    surroundings: Surroundings<'_>,
) -> Result<BuildPlan> {
    refuse_misplaced(&arguments.passed_on)?;
    let roots: Vec<_> = selection.functions.iter().map(|function| function.package_id.repr.as_str()).collect();
    let c_crates = survey.graph.as_ref().map(|graph| graph.c_crates(&roots)).unwrap_or_default();
    let mut linked = Vec::new();
    let mut doubts = Vec::from_iter(survey.lockfile_is_missing.then(toolchain::missing_lockfile));
    for &target in targets {
        let Choice { linker, doubt } = toolchain::choose(target, arguments.linker, survey, &c_crates)?;
        linked.push(PlannedTarget { target, linker });
        doubts.extend(doubt);
    }

    let output = output::Output::new(arguments, metadata, targets.len() > 1, surroundings)?;
    let mut functions = Vec::new();
    let mut notes = cargo_lambda::Notes::default();
    for function in &selection.functions {
        let package = &metadata[&function.package_id];
        let declared = config::declared(metadata, package, &function.name)?;
        let inherited = Inherited::read(metadata, package, &function.name, surroundings.folder)?;
        notes.add(&inherited, |question| match question {
            Answer::Target => !names_target(arguments),
            Answer::Kind => arguments.packaging.kind().is_none() && !declared.answers(question),
            Answer::Include => !declared.answers(question),
        });
        let packaging = Packaging::new(&arguments.packaging, surroundings.folder, declared.over(inherited))?;
        for target in &linked {
            let path = output.path(function, packaging.kind, target.target);
            let (function, packaging, target) = (function.clone(), packaging.clone(), target.clone());
            functions.push(PlannedFunction { function, packaging, target, path });
        }
    }
    output::refuse_collisions(&functions)?;

    // Rust's musl and its start files come with the standard library, so `rust-lld` needs it even where it is built anew.
    let install_targets = linked
        .iter()
        .filter(|linked| !settings.builds_std || linked.linker == Linker::RustLld)
        .map(|linked| linked.target.triple())
        .filter(|triple| !survey.targets[triple].std_installed)
        .collect();
    let warnings = settings.warnings(!c_crates.is_empty()).cloned().collect();
    Ok(BuildPlan {
        schema_version: SCHEMA_VERSION,
        cargo: command(arguments, &selection.functions, &linked, survey, !c_crates.is_empty(), settings)?,
        functions,
        install_targets,
        skipped: selection.skipped,
        inherited: notes,
        doubts,
        warnings,
        debug_symbols: arguments.debug_symbols,
        page: None,
    })
}

/// The one `cargo build` for all functions and targets.
///
/// Binaries are named one by one, so that cargo builds what the plan says and fails where it cannot.
fn command(
    arguments: &BuildArguments,
    functions: &[Function],
    targets: &[PlannedTarget],
    survey: &Survey,
    compiles_c: bool,
    settings: &Settings,
) -> Result<CargoCommand, Failure> {
    let mut args: Vec<OsString> = vec!["build".into(), "--profile".into(), arguments.cargo.profile().into()];
    for target in targets {
        args.extend(["--target".into(), target.target.triple().into()]);
    }
    let mut packages: Vec<&PackageId> = Vec::new();
    for function in functions {
        if !packages.contains(&&function.package_id) {
            packages.push(&function.package_id);
            args.extend(["--package".into(), function.package_spec().into()]);
        }
    }
    let mut named = Vec::new();
    for function in functions {
        let flag = if function.is_example { "--example" } else { "--bin" };
        if !named.contains(&(flag, &function.name)) {
            named.push((flag, &function.name));
            args.extend([flag.into(), OsString::from(&function.name)]);
        }
    }
    let rustflags =
        settings.rustflags(&targets.iter().map(|target| (target.target, &target.linker)).collect::<Vec<_>>())?;
    args.extend(arguments.cargo.build_args());
    args.extend(settings.args.iter().cloned());
    args.extend(rustflags.args);
    args.extend(arguments.passed_on.iter().cloned());
    let linkers = targets.iter().flat_map(|PlannedTarget { target, linker }| {
        let compiles_c_too = survey.targets[&target.triple()].c_compiler.is_none();
        linker.variables(*target, compiles_c_too)
    });
    // A build of Rust alone is spared what it would not read.
    let c_flags = targets
        .iter()
        .filter(|target| compiles_c || target.linker != Linker::RustLld)
        .flat_map(|target| settings.c_variables(target.target));
    let env = linkers.chain(c_flags).chain(settings.env.clone()).chain(rustflags.env).collect();
    Ok(CargoCommand { program: crate::cargo::program(), args, env })
}

/// Flags that decide what is built have to be known to the plan: behind `--` it would not see them.
fn refuse_misplaced(passed_on: &[OsString]) -> Result<()> {
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

#[cfg(test)]
mod tests;
