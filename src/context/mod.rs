//! What a build knows before it is planned: arguments, cargo's configuration, metadata, selected functions, targets, and
//! this machine. Each is resolved once, here; [`plan`](crate::plan) then runs nothing and looks at nothing.

mod features;
mod forced_target;
mod inputs;
mod selection;
mod target_cpu;
mod targets;

use std::path::PathBuf;

use anyhow::Result;
#[cfg(test)]
use cargo_metadata::Metadata;
use cargo_metadata::semver::Version;
use time::{Date, OffsetDateTime};

use crate::cache::Cache;
use crate::cargo::config::{CargoConfig, ConfigFiles};
use crate::cargo::{self, BuildOverrides, BuildTarget, OverrideInputs};
use crate::cli::BuildArguments;
use crate::linker::{self, Graph, GraphSource, Linker, Survey, ZigSurvey, zig};
use crate::manifest::{FunctionConfig, cargo_lambda};
use crate::shell::Shell;
use inputs::{BuildInputs, CacheLookup};
use lambda_platform::Target;
use lambda_zip_error::{ErrorKind, ResultExt};

pub(crate) use features::AddedFeatures;
use selection::Selection;
pub(crate) use selection::{Function, SkippedBinary};
pub(crate) use targets::names_target;

/// Everything that a plan follows from.
pub(crate) struct BuildContext<'a> {
    pub(crate) arguments: &'a BuildArguments,
    pub(crate) config: CargoConfig,
    /// The working directory. Relative paths of the command line start here.
    pub(crate) directory: PathBuf,
    /// True if `--output` names an existing directory.
    pub(crate) output_is_directory: bool,
    pub(crate) today: Date,
    pub(crate) inputs: BuildInputs,
    /// The selected functions, each with its metadata tables.
    pub(crate) functions: Vec<(Function, FunctionConfig)>,
    /// The selected binaries that need features which are off.
    pub(crate) skipped: Vec<SkippedBinary>,
    pub(crate) targets: Vec<Target>,
    /// A warning if cargo's `build.target` is set and not built.
    pub(crate) build_target_warning: Option<String>,
    pub(crate) survey: Survey,
    pub(crate) overrides: BuildOverrides,
    /// True if the working directory has a `CargoLambda.toml`, which only cargo-lambda reads.
    pub(crate) has_cargo_lambda_file: bool,
}

impl<'a> BuildContext<'a> {
    /// Resolves everything. Runs cargo, rustc and zig where the answers of an earlier run no longer hold, and installs
    /// zig if `--install-zig` allows it and it is needed.
    pub(crate) fn load(arguments: &'a BuildArguments, configured: ConfigFiles, shell: &Shell) -> Result<Self> {
        let directory = working_directory()?;
        let today = OffsetDateTime::now_utc().date();
        let config = CargoConfig::new(configured, &directory, &arguments.cargo.config)?;

        let lookup = CacheLookup { arguments, config: &config, directory: &directory };
        let (inputs, known_graph) = BuildInputs::load(&lookup)?;
        let Selection { functions, skipped } = selection::select(&arguments.cargo, &inputs.metadata, &directory)?;
        let build_target = BuildTarget::new(&config, arguments.runtime);
        let inherited = targets::inherited_target(arguments, &functions)?;
        // `--arch` and `--target` win silently, as cargo's own `--target` does.
        let build_target_warning = build_target.warning(inherited.is_some()).filter(|_| !names_target(arguments));
        let targets = targets::targets(arguments, inherited, build_target.targets(), today)?;
        forced_target::refuse_forced_targets(&functions, &inputs.metadata, &targets, &inputs.rustc)?;

        let source = graph_source(arguments, &config, &inputs, &functions, &targets, known_graph.as_ref());
        let mut survey = Survey::take(&config, &inputs.rustc, &targets, arguments.linker, &source)?;
        if arguments.install_zig && !arguments.dry_run {
            install_zig(&mut survey, shell)?;
        }
        let cpu = target_cpu::target_cpu(arguments, &functions)?;
        let overrides = BuildOverrides::new(&OverrideInputs {
            arguments,
            cpu: cpu.as_ref(),
            targets: &targets,
            metadata: &inputs.metadata,
            config: &config,
            rustc: &inputs.rustc,
        })?;

        Ok(Self {
            arguments,
            config,
            output_is_directory: arguments.output.as_ref().is_some_and(|output| directory.join(output).is_dir()),
            has_cargo_lambda_file: directory.join(cargo_lambda::FILE).is_file(),
            directory,
            today,
            inputs,
            functions,
            skipped,
            targets,
            build_target_warning,
            survey,
            overrides,
        })
    }

    /// A context from made-up answers, for the tests of the plan.
    #[cfg(test)]
    pub(crate) fn for_tests(
        arguments: &'a BuildArguments,
        today: Date,
        metadata: Metadata,
        directory: &str,
        output_is_directory: bool,
        survey: Survey,
        mut overrides: BuildOverrides,
    ) -> Result<Self> {
        let empty = tempfile::tempdir()?;
        let config = CargoConfig::new(ConfigFiles::default(), empty.path(), &[])?;
        let directory = PathBuf::from(directory);
        let Selection { functions, skipped } = selection::select(&arguments.cargo, &metadata, &directory)?;
        let targets = targets::targets(arguments, targets::inherited_target(arguments, &functions)?, &[], today)?;
        overrides.set_no_rustflags(&targets);
        Ok(Self {
            arguments,
            config,
            directory,
            output_is_directory,
            today,
            inputs: BuildInputs::for_tests(metadata),
            functions,
            skipped,
            targets,
            build_target_warning: None,
            survey,
            overrides,
            has_cargo_lambda_file: false,
        })
    }

    /// The directory that cargo builds into.
    pub(crate) fn target_directory(&self) -> PathBuf {
        match &self.arguments.cargo.target_dir {
            Some(target_directory) => self.directory.join(target_directory),
            None => self.inputs.metadata.target_directory.clone().into_std_path_buf(),
        }
    }

    /// The directories that cargo writes to.
    pub(crate) fn cargo_directories(&self) -> impl Iterator<Item = PathBuf> {
        let build =
            self.inputs.metadata.build_directory.clone().map(cargo_metadata::camino::Utf8PathBuf::into_std_path_buf);
        std::iter::once(self.target_directory()).chain(build)
    }

    /// What earlier runs stored in this target directory.
    pub(crate) fn cache(&self) -> Cache {
        Cache::of(&self.target_directory())
    }

    /// Stores the answers of cargo and rustc for the next run.
    pub(crate) fn store_inputs(&self, cache: &Cache) {
        let lookup = CacheLookup { arguments: self.arguments, config: &self.config, directory: &self.directory };
        self.inputs.store(cache, &lookup, self.survey.graph.as_ref());
    }

    /// Hints for a build that failed with these linkers: what the selected packages need, and this machine lacks.
    pub(crate) fn advice<'l>(&self, linkers: impl Iterator<Item = (Target, &'l Linker)>) -> Vec<String> {
        let host_linker = linker::host_linker(&self.inputs.rustc.host, &self.config);
        self.newer_rust().into_iter().chain(host_linker).chain(self.crate_advice(linkers)).collect()
    }

    /// The hint for a package that needs a newer Rust.
    fn newer_rust(&self) -> Option<String> {
        let release = &self.inputs.rustc.release;
        let version: Version = release.split('-').next()?.parse().ok()?;
        let is_old = |function: &&Function| {
            let required = self.inputs.metadata[&function.package_id].rust_version.as_ref();
            required.is_some_and(|required| version < *required)
        };
        let function = self.functions.iter().map(|(function, _)| function).find(is_old)?;
        Some(format!("`{}` needs a newer Rust than {release}: run `rustup update`", function.package))
    }

    /// Hints about the crates that compile C.
    fn crate_advice<'l>(&self, linkers: impl Iterator<Item = (Target, &'l Linker)>) -> Vec<String> {
        let graph = self.survey.graph.as_ref();
        let Self { arguments, config, inputs, functions, targets, .. } = self;
        let source = graph_source(arguments, config, inputs, functions, targets, graph);
        let roots: Vec<_> = self.functions.iter().map(|(function, _)| function.package_id.repr.as_str()).collect();
        linker::advice(graph, &source, &roots, linkers)
    }
}

/// The working directory, which every relative path starts from.
pub(crate) fn working_directory() -> Result<PathBuf> {
    std::env::current_dir().or_fail(ErrorKind::Setup, || "the working directory no longer exists".into())
}

fn graph_source<'s>(
    arguments: &BuildArguments,
    config: &'s CargoConfig,
    inputs: &'s BuildInputs,
    functions: &[(Function, FunctionConfig)],
    targets: &[Target],
    known: Option<&'s Graph>,
) -> GraphSource<'s> {
    let flags = &arguments.cargo;
    let is_read_only = arguments.is_preview();
    let features = AddedFeatures::args_for_all(flags, functions);
    GraphSource {
        workspace: inputs.metadata.workspace_root.as_std_path(),
        members: &inputs.members,
        has_dependencies: inputs.metadata.packages.iter().any(|package| !package.dependencies.is_empty()),
        may_lock: !is_read_only,
        config,
        rustc: &inputs.rustc,
        metadata: cargo::graph_command(flags, &features, targets, is_read_only),
        tree: cargo::tree_command(flags, &features, targets, is_read_only),
        cached: known,
    }
}

fn install_zig(survey: &mut Survey, shell: &Shell) -> Result<()> {
    if matches!(survey.zig, ZigSurvey::Missing | ZigSurvey::Unusable(_)) {
        survey.zig = ZigSurvey::Found(zig::install(shell)?);
    }
    Ok(())
}
