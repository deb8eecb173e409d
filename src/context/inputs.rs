//! The answers of cargo and rustc that a plan depends on, asked for once and stored for the next run.
//!
//! Asking takes longer than everything else in a run with nothing to do: the cache saves a third of such a run (see
//! `docs/measurements/no-op.md`). A stored answer is used only while everything that it follows from is unchanged; see
//! [`CacheInputs`].

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::SystemTime;

use anyhow::Result;
use cargo_metadata::Metadata;
use serde::{Deserialize, Serialize};

use crate::cache::{Cache, CacheInputs, Digest, Hasher};
use crate::cargo;
use crate::cargo::config::{CargoConfig, Rustc};
use crate::cli::BuildArguments;
use crate::linker::Graph;

/// The kind under which the cache stores these answers.
const KIND: &str = "inputs";

/// What cargo and rustc say about the workspace and about themselves.
pub(crate) struct BuildInputs {
    /// The output of `cargo metadata --no-deps`.
    pub(crate) members: String,
    /// The same, parsed.
    pub(crate) metadata: Metadata,
    pub(crate) rustc: Rustc,
    /// Digest of everything that cargo's and rustc's answers follow from. `None` if that cannot be determined; the answers
    /// are then not stored.
    fingerprint: Option<Digest>,
}

/// Where stored answers are looked for.
pub(crate) struct CacheLookup<'a> {
    pub(crate) arguments: &'a BuildArguments,
    pub(crate) config: &'a CargoConfig,
    /// The working directory.
    pub(crate) directory: &'a Path,
}

/// The answers as they are stored.
#[derive(Debug, Serialize, Deserialize)]
struct StoredInputs<'a> {
    members: Cow<'a, str>,
    rustc: Cow<'a, Rustc>,
    graph: Option<Cow<'a, Graph>>,
    fingerprint: Digest,
}

impl BuildInputs {
    /// Loads the answers of an earlier run if they still hold, else asks cargo and rustc. The graph of an earlier run is
    /// returned beside them, because it may hold even if the answers do not.
    pub(crate) fn load(lookup: &CacheLookup<'_>) -> Result<(Self, Option<Graph>)> {
        let stored = lookup.load();
        let inputs = match stored.as_ref().and_then(|stored| stored.if_unchanged(lookup)) {
            Some(inputs) => inputs,
            None => Self::ask(lookup)?,
        };
        Ok((inputs, stored.and_then(|stored| stored.graph).map(Cow::into_owned)))
    }

    /// Asks cargo and rustc at the same time.
    fn ask(lookup: &CacheLookup<'_>) -> Result<Self> {
        let asked = SystemTime::now();
        let query = lookup.config.rustc_query();
        let (members, rustc) = thread::scope(|scope| {
            let rustc = scope.spawn(|| query.run());
            (cargo::read_metadata(&lookup.arguments.cargo), rustc.join().expect("asking rustc does not panic"))
        });
        let (members, rustc) = (members?, rustc?);
        let metadata = cargo::parse_metadata(&members)?;
        let fingerprint = lookup.cache_inputs(&metadata, &rustc).digest_since(asked);
        Ok(Self { members, metadata, rustc, fingerprint })
    }

    /// Answers with this metadata and a made-up rustc.
    #[cfg(test)]
    pub(super) fn for_tests(metadata: Metadata) -> Self {
        let rustc = Rustc {
            host: "x86_64-unknown-linux-gnu".into(),
            release: "1.95.0".into(),
            version: "1.95.0".into(),
            sysroot: "/sysroot".into(),
        };
        Self { members: String::new(), metadata, rustc, fingerprint: None }
    }

    /// Stores the answers for the next run, with the dependency graph if the choice of a linker needed it. The graph has a
    /// fingerprint of its own.
    pub(crate) fn store(&self, cache: &Cache, lookup: &CacheLookup<'_>, graph: Option<&Graph>) {
        let Some(fingerprint) = self.fingerprint else { return };
        let stored = StoredInputs {
            members: Cow::Borrowed(&self.members),
            rustc: Cow::Borrowed(&self.rustc),
            graph: graph.map(Cow::Borrowed),
            fingerprint,
        };
        cache.store(KIND, lookup.key(), &stored);
    }
}

impl StoredInputs<'_> {
    fn if_unchanged(&self, lookup: &CacheLookup<'_>) -> Option<BuildInputs> {
        let metadata = cargo::parse_metadata(&self.members).ok()?;
        let rustc = Rustc::clone(&self.rustc);
        let now = lookup.cache_inputs(&metadata, &rustc).digest();
        (now == Some(self.fingerprint)).then(|| BuildInputs {
            members: self.members.to_string(),
            metadata,
            rustc,
            fingerprint: now,
        })
    }
}

impl CacheLookup<'_> {
    /// The stored answers.
    ///
    /// Only cargo knows the target directory for certain, and it has not been asked yet, so the usual places are tried.
    /// Missing the right one costs time and nothing else.
    fn load(&self) -> Option<StoredInputs<'static>> {
        let flags = &self.arguments.cargo;
        let configured = match &flags.target_dir {
            Some(target_directory) => Some(self.directory.join(target_directory)),
            None => self.config.target_directory(),
        };
        let candidates: Vec<PathBuf> = if let Some(target_directory) = configured {
            vec![target_directory]
        } else {
            let manifest = flags.manifest_path.as_ref().map(|path| self.directory.join(path));
            let start = manifest.unwrap_or_else(|| self.directory.to_owned());
            start.ancestors().map(|directory| directory.join("target")).collect()
        };
        let key = self.key();
        candidates.iter().find_map(|candidate| Cache::of(candidate).load(KIND, key))
    }

    fn cache_inputs<'i>(&'i self, metadata: &'i Metadata, rustc: &'i Rustc) -> CacheInputs<'i> {
        CacheInputs { directory: self.directory, config: self.config, metadata, rustc }
    }

    /// Digest of the questions: the arguments that change what cargo and rustc are asked.
    fn key(&self) -> Digest {
        let arguments = self.arguments;
        let flags = &arguments.cargo;
        let mut hasher = Hasher::new(KIND);
        hasher.path(self.directory);
        hasher.field(cargo::program().as_encoded_bytes());
        hasher.field(format!("{:?}", (&arguments.arch, arguments.libc, arguments.runtime, &arguments.target)));
        hasher.field(format!(
            "{:?}",
            (arguments.linker, flags.common_args(), flags.feature_args(), &flags.manifest_path)
        ));
        hasher.finish()
    }
}
