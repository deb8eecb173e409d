//! What a build will do: which functions, for which targets, with which linkers, to which paths, by which command.
//!
//! [`plan`] is pure: a [`BuildContext`] in, a [`BuildPlan`] out. Everything that can be refused is refused here, before
//! anything is built.

mod command;
mod executables;
mod output;
mod packaging;

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::cargo::CargoCommand;
use crate::cli::OutputFormat;
use crate::context::{BuildContext, Function, SkippedBinary, names_target};
use crate::linker::{self, CCrate, Choice, LinkWarning, Linker};
use crate::manifest::FunctionConfig;
use crate::manifest::cargo_lambda::{self, InheritedSetting, UnsupportedKey};
use crate::shell::Shell;
use deployment_zip::OutputPaths;
use lambda_platform::{Libc, Target};

pub(crate) use output::debug_path;
pub(crate) use packaging::Packaging;

/// The version of the JSON documents on stdout. It rises when a field is removed or changes its meaning.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Everything that a build will do.
#[derive(Debug, Serialize)]
pub(crate) struct BuildPlan {
    schema_version: u32,
    /// One zip for each.
    pub(crate) functions: Vec<PlannedFunction>,
    /// The build that makes the executables.
    pub(crate) cargo: CargoCommand,
    /// More builds, for binaries that have the path of one before them, or other features.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) more_cargo: Vec<CargoCommand>,
    /// The triples whose standard library has to be installed first.
    pub(crate) install_targets: Vec<String>,
    /// Binaries of the selected packages that need features which are off.
    pub(crate) skipped: Vec<SkippedBinary>,
    /// The keys of cargo-lambda's tables to report.
    #[serde(skip)]
    inherited: cargo_lambda::Notes,
    /// Reasons why linking may fail.
    #[serde(skip)]
    link_warnings: Vec<LinkWarning>,
    /// Other warnings, about the runtime, skipped binaries, zig and flags.
    #[serde(skip)]
    warnings: Vec<String>,
    /// True if debug information is split from each executable.
    #[serde(skip)]
    pub(crate) debug_symbols: bool,
    /// The directories that cargo and this program write to. They are left out of every zip.
    #[serde(skip)]
    output_directories: Vec<PathBuf>,
}

/// One function for one target: one executable, one zip or its files.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedFunction {
    #[serde(flatten)]
    pub(crate) function: Function,
    #[serde(flatten)]
    pub(crate) packaging: Packaging,
    #[serde(flatten)]
    pub(crate) target: PlannedTarget,
    /// The path of the zip or, for [`OutputFormat::Binary`], of the executable. Absolute.
    pub(crate) path: PathBuf,
    /// The index of the `cargo build` that makes its executable.
    #[serde(skip)]
    pub(crate) build: usize,
}

impl PlannedFunction {
    /// The directory for the files of the zip, if no zip is written.
    pub(crate) fn files_directory(&self) -> Option<PathBuf> {
        let name = self.packaging.kind.executable_name(&self.function.name);
        (self.packaging.format == OutputFormat::Binary).then(|| output::files_directory(&self.path, &name))
    }
}

/// A target and its linker, as the reports show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedTarget {
    pub(crate) target: Target,
    pub(crate) linker: Linker,
}

impl PlannedTarget {
    /// True if linking needs the musl and start files of Rust's own standard library.
    fn needs_musl(&self) -> bool {
        self.linker == Linker::BuiltIn && self.target.libc == Libc::Musl
    }
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

impl BuildPlan {
    /// The files that the run writes: the zips with their debug information, and the report page if there is one.
    pub(crate) fn output_paths(&self, report_page: Option<PathBuf>) -> OutputPaths {
        let zips = self.functions.iter().map(|planned| planned.path.clone());
        let symbols = self.functions.iter().filter(|_| self.debug_symbols);
        let symbols = symbols
            .map(|planned| debug_path(&planned.function.name, &planned.path, planned.files_directory().as_deref()));
        let directories = self.functions.iter().filter_map(PlannedFunction::files_directory);
        OutputPaths::new(zips.chain(symbols).chain(report_page), None)
            .with_directories(self.output_directories.iter().cloned().chain(directories))
    }

    /// The target and the linker of each function.
    pub(crate) fn linkers(&self) -> impl Iterator<Item = (Target, &Linker)> {
        self.functions.iter().map(|planned| (planned.target.target, &planned.target.linker))
    }

    /// All builds, in their order.
    pub(crate) fn cargo_commands(&self) -> impl Iterator<Item = &CargoCommand> {
        std::iter::once(&self.cargo).chain(&self.more_cargo)
    }

    /// Prints what the user should know before the build starts.
    pub(crate) fn emit_warnings(&self, shell: &Shell) {
        for warning in &self.warnings {
            shell.warn(warning);
        }
        for line in self.inherited.lines() {
            shell.status("Reading", line);
        }
        for UnsupportedKey { message, hint } in &self.inherited.unsupported {
            shell.warn_with_hints(message, &[hint]);
        }
        for LinkWarning { message, hints } in &self.link_warnings {
            shell.warn_with_hints(message, hints);
        }
    }

    /// The text of every warning, for the report.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let unsupported = self.inherited.unsupported.iter().map(|key| &key.message);
        let linking = self.link_warnings.iter().map(|warning| &warning.message);
        self.warnings.iter().chain(unsupported).chain(linking).cloned().collect()
    }

    /// The hints of the warnings about linking. They apply if the build fails.
    pub(crate) fn link_hints(&self) -> Vec<&String> {
        self.link_warnings.iter().flat_map(|warning| &warning.hints).collect()
    }
}

/// Makes the plan.
pub(crate) fn plan(context: &BuildContext<'_>) -> Result<BuildPlan> {
    command::refuse_misplaced(&context.arguments.passed_on)?;
    let c_crates = c_crates(context);
    let (targets, link_warnings) = choose_linkers(context, &c_crates)?;
    let output = output::Output::new(context)?;
    let (mut functions, inherited) = plan_functions(context, &output, &targets)?;
    let compiles_c = !c_crates.is_empty();
    let builds = command::cargo_builds(context, &targets, compiles_c)?;
    for planned in &mut functions {
        planned.build = builds.index_of(&planned.function);
    }
    let mut commands = builds.commands.into_iter();
    let (cargo, more_cargo) = (commands.next().expect("a plan has a function"), commands.collect());
    Ok(BuildPlan {
        schema_version: SCHEMA_VERSION,
        functions,
        cargo,
        more_cargo,
        install_targets: install_targets(context, &targets),
        skipped: context.skipped.clone(),
        inherited,
        link_warnings,
        warnings: warnings(context, compiles_c),
        debug_symbols: context.arguments.debug_symbols,
        output_directories: context.cargo_directories().chain(output.directory()).collect(),
    })
}

/// The crates of the selected packages that compile C, as far as the dependency graph is known.
fn c_crates(context: &BuildContext<'_>) -> Vec<CCrate> {
    let roots: Vec<_> = context.functions.iter().map(|(function, _)| function.package_id.repr.as_str()).collect();
    context.survey.graph.as_ref().map(|graph| graph.c_crates(&roots)).unwrap_or_default()
}

fn choose_linkers(context: &BuildContext<'_>, c_crates: &[CCrate]) -> Result<(Vec<PlannedTarget>, Vec<LinkWarning>)> {
    let survey = &context.survey;
    let mut targets = Vec::new();
    let mut warnings = Vec::from_iter(survey.lockfile_is_missing.then(linker::missing_lockfile));
    for &target in &context.targets {
        let Choice { linker, warning } = linker::choose(target, context.arguments.linker, survey, c_crates)?;
        targets.push(PlannedTarget { target, linker });
        warnings.extend(warning);
    }
    Ok((targets, warnings))
}

/// Every function for every target.
fn plan_functions(
    context: &BuildContext<'_>,
    output: &output::Output,
    targets: &[PlannedTarget],
) -> Result<(Vec<PlannedFunction>, cargo_lambda::Notes)> {
    let mut functions = Vec::new();
    let mut inherited = cargo_lambda::Notes::default();
    for (function, config) in &context.functions {
        add_inherited(&mut inherited, context, config);
        let mut packaging = Packaging::new(&context.arguments.packaging, &context.directory, config)?;
        packaging.format = context.arguments.output_format.unwrap_or(packaging.format);
        for target in targets {
            let path = output.path(function, &packaging, target.target)?;
            let (function, packaging, target) = (function.clone(), packaging.clone(), target.clone());
            functions.push(PlannedFunction { function, packaging, target, path, build: 0 });
        }
    }
    if context.has_cargo_lambda_file {
        inherited.unsupported.insert(cargo_lambda::unsupported_file());
    }
    output::refuse_collisions(&functions)?;
    Ok((functions, inherited))
}

/// Adds the keys of cargo-lambda's tables that no flag and no table of ours replaces.
fn add_inherited(notes: &mut cargo_lambda::Notes, context: &BuildContext<'_>, config: &FunctionConfig) {
    let arguments = context.arguments;
    notes.add(&config.inherited, |setting| match setting {
        InheritedSetting::Target => !names_target(arguments),
        InheritedSetting::Kind => arguments.packaging.kind().is_none() && !config.sets(setting),
        InheritedSetting::Include => !config.sets(setting),
    });
}

/// The triples whose standard library is missing and needed. A build that compiles the standard library itself needs it
/// only for musl.
fn install_targets(context: &BuildContext<'_>, targets: &[PlannedTarget]) -> Vec<String> {
    targets
        .iter()
        .filter(|planned| !context.overrides.builds_std || planned.needs_musl())
        .map(|planned| planned.target.triple())
        .filter(|triple| !context.survey.targets[triple].std_installed)
        .collect()
}

fn warnings(context: &BuildContext<'_>, compiles_c: bool) -> Vec<String> {
    let skipped = context.skipped.iter().map(|binary| {
        let features = binary.required_features.join(",");
        format!("left out `{}` of `{}`: it needs `--features {features}`", binary.name, binary.package)
    });
    let deprecation = context.arguments.runtime.deprecation(context.today).into_iter();
    let zig = context.survey.passed_over_zig();
    let build_target = context.build_target_warning.clone();
    let flags = context.overrides.warnings(compiles_c).cloned();
    deprecation.chain(skipped).chain(zig).chain(flags).chain(build_target).collect()
}

#[cfg(test)]
mod tests;
