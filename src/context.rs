//! What a plan has to be told by other programs: by cargo of the package, by rustc of itself, by zig.
//!
//! Asking takes longer than all the rest of a run with nothing to do. So questions that do not depend on one another are
//! asked side by side, and the answers are remembered for as long as what they follow from is the same
//! ([`CacheInputs`](crate::cache::CacheInputs)).

use std::borrow::Cow;
use std::path::PathBuf;
use std::thread;
use std::time::SystemTime;

use anyhow::Result;
use cargo_config2::Config;
use cargo_metadata::Metadata;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use crate::cache::{Cache, CacheInputs, Digest, Hasher};
use crate::cargo::config::{CargoConfig, Rustc};
use crate::cargo::{self, Settings};
use crate::cli::BuildArguments;
use crate::linker::{self, Graph, GraphSource, Survey, ZigSurvey, zig};
use crate::manifest::cargo_lambda::{self, ForeignKey};
use crate::plan::{self, BuildPlan, Selection, Surroundings};
use crate::report::HtmlPage;
use crate::shell::Shell;
use lambda_platform::Target;
use lambda_zip_error::{ErrorKind, ResultExt};

const KIND: &str = "answers";

/// The answers of other programs.
#[derive(Debug)]
pub(crate) struct BuildInputs {
    /// What cargo says of the workspace's packages, in its own words.
    members: String,
    /// The same, as it was read.
    metadata: Metadata,
    pub(crate) rustc: Rustc,
    /// What follows from these and from this machine, the graph and zig included.
    survey: Survey,
    /// What cargo's and rustc's answers follow from, where that can be told.
    grounds: Option<Digest>,
}

/// BuildInputs from an earlier run.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered<'a> {
    members: Cow<'a, str>,
    rustc: Cow<'a, Rustc>,
    /// Of these two.
    grounds: Digest,
    /// It knows its own.
    graph: Cow<'a, Option<Graph>>,
}

/// A plan, with what is to be said of it before it is carried out.
#[derive(Debug)]
pub(crate) struct PreparedPlan {
    pub(crate) plan: BuildPlan,
    warnings: Vec<String>,
    /// A file of another tool's that says nothing to this one.
    foreign_file: Option<ForeignKey>,
    /// Of the target directory in which cargo builds.
    pub(crate) memory: Cache,
}

/// What is asked for: the command line, and what of the surroundings is at hand without asking anybody.
pub(crate) struct BuildContext<'a> {
    pub(crate) arguments: &'a BuildArguments,
    pub(crate) config: CargoConfig,
    folder: PathBuf,
    today: Date,
}

impl PreparedPlan {
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

impl<'a> BuildContext<'a> {
    /// What is asked for where cargo is configured like this.
    pub(crate) fn new(arguments: &'a BuildArguments, configured: Config) -> Result<Self> {
        let folder = std::env::current_dir().or_fail(ErrorKind::Setup, || "the working directory is gone".into())?;
        let today = OffsetDateTime::now_utc().date();
        let config = CargoConfig::new(configured, &folder, &arguments.cargo.config)?;
        Ok(Self { arguments, config, folder, today })
    }

    /// Asks everything that is not known from an earlier run.
    pub(crate) fn ask(&self) -> Result<BuildInputs> {
        let recalled = self.recall();
        let known = recalled.as_ref().and_then(|known| Some((known, self.metadata_if_it_holds(known)?)));
        let (members, metadata, rustc, grounds) = match known {
            Some((known, metadata)) => {
                (known.members.to_string(), metadata, Rustc::clone(&known.rustc), Some(known.grounds))
            }
            None => self.ask_cargo_and_rustc()?,
        };
        let (_, targets) = self.select(&metadata)?;
        let known_graph = recalled.as_ref().and_then(|known| known.graph.as_ref().as_ref());
        let source = self.graph_source(&members, &metadata, &rustc, &targets, known_graph);
        let survey = Survey::take(&self.config, &rustc, &targets, self.arguments.linker, &source)?;
        Ok(BuildInputs { members, metadata, rustc, survey, grounds })
    }

    /// Asks both side by side. What their answers follow from is looked at afterwards, when it is known.
    fn ask_cargo_and_rustc(&self) -> Result<(String, Metadata, Rustc, Option<Digest>)> {
        let asked = SystemTime::now();
        let questions = self.config.rustc_questions();
        let (members, rustc) = thread::scope(|scope| {
            let rustc = scope.spawn(|| questions.ask());
            (cargo::read_metadata(&self.arguments.cargo), rustc.join().expect("asking does not panic"))
        });
        let (members, rustc) = (members?, rustc?);
        let metadata = cargo::parse_metadata(&members)?;
        let grounds = self.grounds(&metadata, &rustc).digest_since(asked);
        Ok((members, metadata, rustc, grounds))
    }

    fn grounds<'g>(&'g self, metadata: &'g Metadata, rustc: &'g Rustc) -> CacheInputs<'g> {
        CacheInputs { folder: &self.folder, config: &self.config, metadata, rustc }
    }

    fn graph_source<'s>(
        &'s self,
        members: &'s str,
        metadata: &'s Metadata,
        rustc: &'s Rustc,
        targets: &[Target],
        remembered: Option<&'s Graph>,
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
            remembered,
        }
    }

    /// Whether nothing is to be built.
    pub(crate) fn only_looks(&self) -> bool {
        self.arguments.dry_run || self.arguments.packaging.list
    }

    /// What would help a build by this plan that failed.
    pub(crate) fn advice(&self, answers: &BuildInputs, plan: &BuildPlan) -> Vec<String> {
        let BuildInputs { members, metadata, rustc, survey, .. } = answers;
        let Ok((_, targets)) = self.select(metadata) else { return Vec::new() };
        let graph = survey.graph.as_ref();
        let source = self.graph_source(members, metadata, rustc, &targets, graph);
        let roots: Vec<_> = plan.functions.iter().map(|planned| planned.function.package_id.repr.as_str()).collect();
        linker::advice(graph, &source, &roots)
    }

    /// Fetches zig where it was looked for and not found.
    pub(crate) fn install_zig(&self, answers: &mut BuildInputs, shell: &Shell) -> Result<()> {
        if self.arguments.install_zig && matches!(answers.survey.zig, ZigSurvey::Missing | ZigSurvey::Unusable(_)) {
            answers.survey.zig = ZigSurvey::Found(zig::install(shell)?);
        }
        Ok(())
    }

    /// The plan that follows from these answers, this command line, and what cargo's configuration and the environment
    /// are now.
    pub(crate) fn plan(&self, answers: &BuildInputs) -> Result<PreparedPlan> {
        let Self { arguments, config, folder, .. } = self;
        let BuildInputs { metadata, rustc, survey, .. } = answers;
        let (selection, targets) = self.select(metadata)?;
        let cpu = plan::target_cpu(arguments, metadata, &selection)?;
        let settings = Settings::new(arguments, cpu.as_ref(), &targets, metadata, config, rustc)?;
        let output_is_folder = arguments.output.as_ref().is_some_and(|output| folder.join(output).is_dir());
        let surroundings = Surroundings { folder, output_is_folder };
        let mut plan = plan::plan(arguments, &targets, metadata, selection, survey, &settings, surroundings)?;
        plan.page = self.page(&plan)?.path();
        let warnings = self.warnings(&plan, survey);
        let foreign_file = folder.join(cargo_lambda::FILE).is_file().then(cargo_lambda::foreign_file);
        let target_directory = match &arguments.cargo.target_dir {
            Some(target_directory) => folder.join(target_directory),
            None => metadata.target_directory.clone().into_std_path_buf(),
        };
        Ok(PreparedPlan { plan, warnings, foreign_file, memory: Cache::of(&target_directory) })
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

    /// The answers to the same questions in an earlier run.
    ///
    /// They lie in the target directory, which cargo alone can name for sure. It is looked for where it usually is: a
    /// memory that is not found costs time and no more.
    fn recall(&self) -> Option<Remembered<'static>> {
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
        candidates.iter().find_map(|candidate| Cache::of(candidate).recall(KIND, key))
    }

    /// What cargo said, if it and rustc would answer the same now.
    fn metadata_if_it_holds(&self, known: &Remembered<'_>) -> Option<Metadata> {
        let metadata = cargo::parse_metadata(&known.members).ok()?;
        let grounds = self.grounds(&metadata, &known.rustc).digest();
        (grounds == Some(known.grounds)).then_some(metadata)
    }

    /// Keeps answers for the next run.
    pub(crate) fn remember(&self, answers: &BuildInputs, draft: &PreparedPlan) {
        let BuildInputs { members, rustc, survey, grounds, .. } = answers;
        if let Some(grounds) = *grounds {
            let known = Remembered {
                members: Cow::Borrowed(members),
                rustc: Cow::Borrowed(rustc),
                grounds,
                graph: Cow::Borrowed(&survey.graph),
            };
            draft.memory.remember(KIND, self.key(), &known);
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
