//! What a plan has to be told by other programs: by cargo of the package, by rustc of itself, by zig.
//!
//! Asking takes longer than all the rest of a run with nothing to do. So questions that do not depend on one another are
//! asked side by side, and the answers are remembered: the next run can plan with them at once, and ask again while cargo
//! is at work. Only when the new answers are the remembered ones is what was planned with them carried on.

use std::path::PathBuf;
use std::thread;

use anyhow::Result;
use cargo_config2::Config;
use cargo_metadata::Metadata;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use crate::cargo::config::{CargoConfig, Rustc};
use crate::cargo::{self, Settings};
use crate::cargo_lambda::{self, ForeignKey};
use crate::cli::BuildArguments;
use crate::error::{ErrorKind, ResultExt};
use crate::memory::{Digest, Hasher, Memory};
use crate::plan::{self, BuildPlan, Selection, Surroundings};
use crate::report::HtmlPage;
use crate::shell::Shell;
use crate::target::Target;
use crate::toolchain::{self, Graph, GraphSource, Survey, ZigSurvey, zig};

const KIND: &str = "answers";

/// The answers of other programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answers {
    /// What cargo says of the workspace's packages, in its own words.
    metadata: String,
    rustc: Rustc,
    graph: Option<Graph>,
    zig: ZigSurvey,
    /// Whether the graph was of interest, and could not be told without writing the lockfile.
    lockfile_is_missing: bool,
}

/// Answers from an earlier run, with the files that were behind them.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    answers: Answers,
    manifests: Vec<(PathBuf, Digest)>,
}

/// A plan, with what is to be said of it before it is carried out.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) plan: BuildPlan,
    warnings: Vec<String>,
    /// A file of another tool's that says nothing to this one.
    foreign_file: Option<ForeignKey>,
    /// Where cargo builds, and where this program's memory is.
    pub(crate) target_directory: PathBuf,
    /// The manifests of the workspace.
    manifests: Vec<PathBuf>,
}

/// What is asked for: the command line, and what of the surroundings is at hand without asking anybody.
pub(crate) struct Inquiry<'a> {
    pub(crate) arguments: &'a BuildArguments,
    pub(crate) config: CargoConfig,
    folder: PathBuf,
    today: Date,
}

impl Draft {
    /// Says what the user should know before the plan is carried out.
    pub(crate) fn tell(&self, shell: &Shell) {
        for warning in &self.warnings {
            shell.warn(warning, None);
        }
        for text in self.plan.inherited.read() {
            shell.status("Reading", text);
        }
        for foreign in self.foreign() {
            shell.warn(&foreign.message, Some(&foreign.hint));
        }
        for doubt in &self.plan.doubts {
            shell.doubt(&doubt.message, &doubt.hints);
        }
    }

    /// What was said.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let foreign = self.foreign().map(|foreign| &foreign.message);
        let doubts = self.plan.doubts.iter().map(|doubt| &doubt.message);
        self.warnings.iter().chain(foreign).chain(doubts).cloned().collect()
    }

    fn foreign(&self) -> impl Iterator<Item = &ForeignKey> {
        self.plan.inherited.foreign.iter().chain(&self.foreign_file)
    }
}

impl<'a> Inquiry<'a> {
    /// What is asked for where cargo is configured like this.
    pub(crate) fn new(arguments: &'a BuildArguments, configured: Config) -> Result<Self> {
        let folder = std::env::current_dir().or_fail(ErrorKind::Setup, || "the working directory is gone".into())?;
        let today = OffsetDateTime::now_utc().date();
        let config = CargoConfig::new(configured, &folder, &arguments.cargo.config)?;
        Ok(Self { arguments, config, folder, today })
    }

    /// Asks everything, side by side where it can be. `remembered` spares questions whose answers follow from files that
    /// have not changed.
    pub(crate) fn ask(&self, remembered: Option<&Answers>) -> Result<Answers> {
        let rustc = self.config.rustc_questions();
        let (metadata, rustc) = thread::scope(|scope| {
            let rustc = scope.spawn(|| rustc.ask());
            (cargo::read_metadata(&self.arguments.cargo), rustc.join().expect("asking does not panic"))
        });
        let (metadata, rustc) = (metadata?, rustc?);
        let parsed = cargo::parse_metadata(&metadata)?;
        let (_, targets) = self.select(&parsed)?;
        let graph = self.graph_source(&metadata, &parsed, &rustc, &targets, remembered);
        let survey = Survey::take(&self.config, &rustc, &targets, self.arguments.linker, &graph)?;
        let Survey { graph, zig, lockfile_is_missing, .. } = survey;
        Ok(Answers { metadata, rustc, graph, zig, lockfile_is_missing })
    }

    fn graph_source<'s>(
        &'s self,
        members: &'s str,
        metadata: &'s Metadata,
        rustc: &'s Rustc,
        targets: &[Target],
        remembered: Option<&'s Answers>,
    ) -> GraphSource<'s> {
        let flags = &self.arguments.cargo;
        let only_looks = self.only_looks();
        GraphSource {
            workspace: metadata.workspace_root.as_std_path(),
            members,
            has_dependencies: metadata.packages.iter().any(|package| !package.dependencies.is_empty()),
            may_lock: !only_looks,
            config: &self.config,
            rustc,
            metadata: cargo::graph_command(flags, targets, only_looks),
            tree: cargo::tree_command(flags, targets, only_looks),
            remembered: remembered.and_then(|answers| answers.graph.as_ref()),
        }
    }

    /// Whether nothing is to be built.
    pub(crate) fn only_looks(&self) -> bool {
        self.arguments.dry_run || self.arguments.packaging.list
    }

    /// What would help a build by this plan that failed.
    pub(crate) fn advice(&self, answers: &Answers, plan: &BuildPlan) -> Vec<String> {
        let Answers { metadata: members, rustc, graph, .. } = answers;
        let Ok(metadata) = cargo::parse_metadata(members) else { return Vec::new() };
        let Ok((_, targets)) = self.select(&metadata) else { return Vec::new() };
        let source = self.graph_source(members, &metadata, rustc, &targets, Some(answers));
        let roots: Vec<_> = plan.functions.iter().map(|planned| planned.function.package_id.repr.as_str()).collect();
        toolchain::advice(graph.as_ref(), &source, &roots)
    }

    /// Fetches zig where it was looked for and not found.
    pub(crate) fn install_zig(&self, answers: &mut Answers, shell: &Shell) -> Result<()> {
        if self.arguments.install_zig && matches!(answers.zig, ZigSurvey::Missing | ZigSurvey::Unusable(_)) {
            answers.zig = ZigSurvey::Found(zig::install(shell)?);
        }
        Ok(())
    }

    /// The plan that follows from these answers, this command line, and what cargo's configuration and the environment
    /// are now.
    pub(crate) fn plan(&self, answers: &Answers) -> Result<Draft> {
        let Self { arguments, config, folder, .. } = self;
        let Answers { metadata, rustc, graph, zig, lockfile_is_missing } = answers;
        let metadata = cargo::parse_metadata(metadata)?;
        let (selection, targets) = self.select(&metadata)?;
        let machine = Survey::of_machine(config, rustc, &targets)?;
        let lockfile_is_missing = *lockfile_is_missing;
        let survey = &Survey { graph: graph.clone(), zig: zig.clone(), lockfile_is_missing, ..machine };
        let cpu = plan::target_cpu(arguments, &metadata, &selection)?;
        let settings = Settings::new(arguments, cpu.as_ref(), &targets, &metadata, config, rustc)?;
        let output_is_folder = arguments.output.as_ref().is_some_and(|output| folder.join(output).is_dir());
        let surroundings = Surroundings { folder, output_is_folder };
        let mut plan = plan::plan(arguments, &targets, &metadata, selection, survey, &settings, surroundings)?;
        plan.page = self.page(&plan)?.path();
        let warnings = self.warnings(&plan, survey);
        let foreign_file = folder.join(cargo_lambda::FILE).is_file().then(cargo_lambda::foreign_file);
        let manifests = metadata.packages.iter().map(|package| package.manifest_path.clone().into_std_path_buf());
        let manifests = manifests.chain([metadata.workspace_root.join("Cargo.toml").into_std_path_buf()]).collect();
        let target_directory = match &arguments.cargo.target_dir {
            Some(target_directory) => folder.join(target_directory),
            None => metadata.target_directory.into_std_path_buf(),
        };
        Ok(Draft { plan, warnings, foreign_file, target_directory, manifests })
    }

    /// The page about the zips of this plan, if there is to be one.
    pub(crate) fn page(&self, plan: &BuildPlan) -> Result<HtmlPage<'_>> {
        let zips = plan.functions.iter().map(|planned| planned.path.as_path());
        HtmlPage::asked_for(self.arguments.report_html.as_deref(), &self.folder, zips)
    }

    /// The binaries to build, and the targets to build them for.
    fn select(&self, metadata: &Metadata) -> Result<(Selection, Vec<Target>)> {
        let selection = plan::select(&self.arguments.cargo, metadata)?;
        let inherited = plan::inherited_target(self.arguments, metadata, &selection)?;
        let targets = plan::targets(self.arguments, inherited, self.today)?;
        Ok((selection, targets))
    }

    /// What the user should know of the plan before it is carried out.
    fn warnings(&self, plan: &BuildPlan, survey: &Survey) -> Vec<String> {
        let skipped = plan.skipped.iter().map(|binary| {
            let features = binary.required_features.join(",");
            format!("left out `{}` of `{}`: it needs `--features {features}`", binary.name, binary.package)
        });
        let zig = survey.passed_over_zig();
        let of_flags = plan.warnings.iter().cloned();
        self.arguments.runtime.deprecation(self.today).into_iter().chain(skipped).chain(zig).chain(of_flags).collect()
    }

    /// The answers to the same questions in an earlier run, where nothing at hand says that they have changed.
    ///
    /// They lie in the target directory, which cargo alone can name for sure. It is looked for where it usually is: a
    /// memory that is not found costs time, and one that is found is held against new answers anyway.
    pub(crate) fn recall(&self) -> Option<Answers> {
        let key = self.key();
        let configured = match &self.arguments.cargo.target_dir {
            Some(target_directory) => Some(self.folder.join(target_directory)),
            None => self.config.target_directory(),
        };
        let candidates: Vec<PathBuf> = if let Some(target_directory) = configured {
            vec![target_directory]
        } else {
            let manifest = self.arguments.cargo.manifest_path.as_ref().map(|path| self.folder.join(path));
            let start = manifest.unwrap_or_else(|| self.folder.clone());
            start.ancestors().map(|folder| folder.join("target")).collect()
        };
        let recalled = candidates.iter().find_map(|candidate| Memory::of(candidate).recall(KIND, key));
        let Remembered { answers, manifests } = recalled?;
        // No proof, which the new answers are: it keeps cargo from being started in vain.
        let is_unchanged = |(path, digest): &(PathBuf, Digest)| Digest::of_file(path).is_ok_and(|now| now == *digest);
        manifests.iter().all(is_unchanged).then_some(answers)
    }

    /// Keeps the answers that a plan was made from for the next run.
    pub(crate) fn remember(&self, answers: &Answers, draft: &Draft) {
        let digests = draft.manifests.iter().map(|path| Ok((path.clone(), Digest::of_file(path)?)));
        if let Ok(manifests) = digests.collect::<Result<_>>() {
            Memory::of(&draft.target_directory).remember(
                KIND,
                self.key(),
                &Remembered { answers: answers.clone(), manifests },
            );
        }
    }

    /// What tells these questions from others.
    fn key(&self) -> Digest {
        let arguments = self.arguments;
        let flags = &arguments.cargo;
        let mut hasher = Hasher::new(KIND);
        hasher.path(&self.folder);
        hasher.field(cargo::program().as_encoded_bytes());
        hasher.field(format!("{:?}", (&arguments.arch, arguments.libc, arguments.runtime, &arguments.target)));
        hasher.field(format!(
            "{:?}",
            (arguments.linker, flags.common_args(), flags.feature_args(), &flags.manifest_path)
        ));
        hasher.finish()
    }
}
