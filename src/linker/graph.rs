//! The crates that compile C for the target. They need a C compiler, which Rust does not come with.
//!
//! This is a prediction from the build dependencies that each crate declares. It decides which linker is chosen and which
//! hints a failed build gets. It never forbids a build.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cache::Hasher;
use crate::cargo::CargoCommand;
use crate::cargo::config::{CargoConfig, Rustc};
use lambda_zip_error::fs;

/// A larger lockfile is not searched for crates that compile C: cargo is asked instead.
const LOCKFILE_LIMIT: u64 = 64 << 20;

/// The crates with which build scripts compile C, C++ or assembly. Nearly all `-sys` crates with C sources use `cc` or
/// `cmake`.
const COMPILERS: [&str; 5] = ["autotools", "cc", "cmake", "cxx-build", "nasm-rs"];

/// The part of `cargo metadata` that this prediction needs. Parsing all of it takes longer than the prediction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Graph {
    packages: Vec<GraphPackage>,
    resolve: Resolve,
    /// The packages that are built, as `cargo tree` names them. `cargo metadata` also lists packages behind features
    /// that are off, because it resolves features less precisely than a build.
    #[serde(default)]
    built: Option<BTreeSet<String>>,
    /// Digest of everything that the graph follows from. While it is unchanged, so is the graph.
    #[serde(default)]
    fingerprint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GraphPackage {
    id: String,
    name: String,
    #[serde(default)]
    version: String,
    /// `None` for a local package, whose files can change without a new version.
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    targets: Vec<GraphTarget>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GraphTarget {
    kind: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

impl Edge {
    fn has_kind(&self, kind: Option<&str>) -> bool {
        self.dep_kinds.iter().any(|found| found.kind.as_deref() == kind)
    }
}

/// A crate that compiles C, and its dependents. Its `Display` reads `aws-lc-sys ← aws-lc-rs ← rustls ← function`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CCrate {
    /// The shortest chain of dependents, from the crate to a selected package.
    pub(crate) chain: Vec<String>,
    /// True for `openssl-sys` without `openssl-src`, which compiles nothing and looks for a system library.
    pub(crate) needs_system_openssl: bool,
    /// The programs that its build script runs, besides a compiler.
    pub(crate) tools: BTreeSet<&'static str>,
    pub(crate) manifest: PathBuf,
}

impl CCrate {
    /// True if its build script compiles C++, judged by its text. Reads the script.
    pub(super) fn compiles_cpp(&self) -> bool {
        let text = std::fs::read_to_string(self.manifest.with_file_name("build.rs")).unwrap_or_default();
        ["cpp(true)", "cxx_build"].iter().any(|word| text.contains(word))
    }
}

impl fmt::Display for CCrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain.join(" ← "))
    }
}

/// Where the dependency graph comes from.
pub(crate) struct GraphSource<'a> {
    /// The root directory of the workspace.
    pub(crate) workspace: &'a Path,
    /// The output of `cargo metadata --no-deps`.
    pub(crate) members: &'a str,
    /// True if any package of the workspace has dependencies.
    pub(crate) has_dependencies: bool,
    /// True if cargo may write the lockfile, as a build does.
    pub(crate) may_lock: bool,
    pub(crate) config: &'a CargoConfig,
    pub(crate) rustc: &'a Rustc,
    /// `cargo metadata` with dependencies.
    pub(crate) metadata: CargoCommand,
    /// `cargo tree`.
    pub(crate) tree: CargoCommand,
    /// The graph of an earlier run.
    pub(crate) cached: Option<&'a Graph>,
}

impl GraphSource<'_> {
    /// False if it is certain without the graph that no crate compiles C.
    pub(super) fn may_compile_c(&self) -> bool {
        self.has_dependencies && self.lockfile().is_none_or(|text| names_a_compiler(&text))
    }

    fn lockfile(&self) -> Option<String> {
        fs::read_text_bounded(self.workspace.join("Cargo.lock"), LOCKFILE_LIMIT).ok()
    }
}

impl Graph {
    /// The graph of an earlier run if it still holds, else cargo's answer. `None` if no crate compiles C, or if cargo
    /// fails: the build reports that failure better.
    pub(super) fn load(source: &GraphSource<'_>) -> Option<Self> {
        if let Some(graph) = source.cached
            && graph.fingerprint == graph.current_fingerprint(source)
        {
            return Some(graph.clone());
        }
        let mut graph: Self = serde_json::from_slice(&source.metadata.output()?).ok()?;
        let is_compiler = |package: &GraphPackage| COMPILERS.contains(&package.name.as_str());
        if graph.packages.iter().any(is_compiler) {
            graph.built = source.tree.output().map(|text| built(&String::from_utf8_lossy(&text)));
        }
        graph.fingerprint = graph.current_fingerprint(source);
        // `cargo metadata` may just have written the lockfile.
        source.may_compile_c().then_some(graph)
    }

    /// Digest of the lockfile, of the manifests of all local packages, and of the compiler and the configuration with
    /// which cargo reads them. The lockfile fixes everything that comes from a registry or from git.
    fn current_fingerprint(&self, source: &GraphSource<'_>) -> String {
        let mut hasher = Hasher::new("graph");
        hasher.field(format!("{:?}", source.lockfile()));
        hasher.field(source.members);
        hasher.field(format!("{:?}", source.rustc));
        for command in [&source.metadata, &source.tree] {
            hasher.field(command.to_string());
        }
        for table in source.config.tables() {
            hasher.field(table.to_string());
        }
        for package in self.packages.iter().filter(|package| package.source.is_none()) {
            hasher.path(&package.manifest_path);
            hasher.field(fs::read_bounded(&package.manifest_path, crate::cargo::MANIFEST_LIMIT).unwrap_or_default());
        }
        hasher.finish().to_string()
    }

    fn is_built(&self, package: &GraphPackage) -> bool {
        let name = || format!("{} v{}", package.name, package.version);
        self.built.as_ref().is_none_or(|built| built.contains(&name()))
    }

    /// The crates that compile C and end up in the executables of these packages.
    pub(crate) fn c_crates(&self, roots: &[&str]) -> Vec<CCrate> {
        let packages: BTreeMap<&str, &GraphPackage> =
            self.packages.iter().map(|package| (package.id.as_str(), package)).collect();
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let name = |id: &str| packages.get(id).map_or(id, |package| package.name.as_str()).to_owned();
        let is_skipped =
            |id: &str| packages.get(id).is_some_and(|package| package.is_proc_macro() || !self.is_built(package));
        let vendors_openssl = packages.values().any(|package| package.name == "openssl-src");

        // Breadth first, so that the chain to each crate is a shortest one.
        let mut parents: BTreeMap<&str, Option<&str>> = roots.iter().map(|&root| (root, None)).collect();
        let mut pending: VecDeque<&str> = roots.iter().copied().collect();
        let mut found = BTreeMap::new();
        while let Some(id) = pending.pop_front() {
            let Some(node) = nodes.get(id) else { continue };
            let edges = node.deps.iter().filter(|edge| edge.has_kind(Some("build")));
            let helpers: Vec<_> = edges.map(|edge| name(&edge.pkg)).collect();
            if helpers.iter().any(|name| COMPILERS.contains(&name.as_str())) {
                let chain: Vec<_> = std::iter::successors(Some(id), |id| parents[id]).map(name).collect();
                let needs_system_openssl = chain[0] == "openssl-sys" && !vendors_openssl;
                let tools = tools(&chain[0], &helpers);
                let manifest = packages.get(id).map(|package| package.manifest_path.clone()).unwrap_or_default();
                found.insert(id, CCrate { chain, needs_system_openssl, tools, manifest });
            }
            for edge in &node.deps {
                if edge.has_kind(None) && !is_skipped(&edge.pkg) && !parents.contains_key(edge.pkg.as_str()) {
                    parents.insert(&edge.pkg, Some(id));
                    pending.push_back(&edge.pkg);
                }
            }
        }
        found.into_values().collect()
    }
}

impl GraphPackage {
    /// A proc macro is compiled for the host, and so is everything that only it depends on.
    fn is_proc_macro(&self) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "proc-macro"))
    }
}

/// The programs that the build script of a crate runs, judged by its build dependencies.
fn tools(name: &str, helpers: &[String]) -> BTreeSet<&'static str> {
    let for_helper = |helper: &String| match helper.as_str() {
        // It runs cmake only for platforms that Lambda does not have.
        "cmake" if name == "aws-lc-sys" => &[][..],
        "cmake" => &["cmake"],
        "openssl-src" => &["make", "perl"],
        "nasm-rs" => &["nasm"],
        "autotools" => &["make"],
        _ => &[],
    };
    let own: &[_] = if name == "aws-lc-fips-sys" { &["go", "perl"] } else { &[] };
    helpers.iter().flat_map(for_helper).chain(own).copied().collect()
}

/// The packages in the output of `cargo tree --prefix none`. A line is `name v1.2.3`, followed by the source unless that
/// is the registry.
fn built(tree: &str) -> BTreeSet<String> {
    tree.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

/// True if the lockfile lists one of the compiler crates. If it does not, no crate compiles C.
fn names_a_compiler(lockfile: &str) -> bool {
    let names: BTreeSet<&str> =
        lockfile.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    COMPILERS.iter().any(|compiler| names.contains(compiler))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The C crates of a recorded graph. Each is a function that depends on `lambda_runtime` and on the crate that the
    /// file is named after.
    fn chains(recorded: &str) -> Vec<String> {
        let graph: Graph = serde_json::from_str(recorded).unwrap();
        graph.c_crates(&["function 0.1.0"]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pure_rust_graph_has_no_c_crate() {
        assert_eq!(chains(include_str!("../../tests/fixtures/graphs/pure.json")), [""; 0]);
    }

    #[test]
    fn rustls_compiles_c_for_its_cryptography() {
        assert_eq!(
            chains(include_str!("../../tests/fixtures/graphs/reqwest-rustls.json")),
            ["ring ← rustls ← reqwest ← function"]
        );
    }

    #[test]
    fn the_s3_sdk_compiles_c_in_two_crates() {
        assert_eq!(
            chains(include_str!("../../tests/fixtures/graphs/aws-sdk-s3.json")),
            [
                "aws-lc-sys ← aws-lc-rs ← rustls ← aws-smithy-http-client ← aws-smithy-runtime ← aws-config ← function",
                "ring ← rustls ← aws-smithy-http-client ← aws-smithy-runtime ← aws-config ← function",
            ]
        );
    }

    #[test]
    fn sqlx_compiles_sqlite_if_that_feature_is_on() {
        assert_eq!(
            chains(include_str!("../../tests/fixtures/graphs/sqlx.json")),
            ["libsqlite3-sys ← sqlx-sqlite ← sqlx ← function", "ring ← rustls ← sqlx-core ← sqlx ← function"]
        );
    }

    #[test]
    fn openssl_that_is_not_vendored_is_recognized_and_packages_that_are_not_built_are_skipped() {
        let mut graph: Graph =
            serde_json::from_str(include_str!("../../tests/fixtures/graphs/reqwest-native.json")).unwrap();
        // The output of `cargo tree` for the same package: the feature for rustls and ring is off.
        let all = graph.packages.iter_mut().map(|package| {
            package.version = package.id.rsplit(' ').next().unwrap().to_owned();
            format!("{} v{}", package.name, package.version)
        });
        let built: Vec<_> = all.filter(|name| !name.starts_with("rustls v") && !name.starts_with("ring v")).collect();
        graph.built = Some(super::built(&built.join("\n")));
        let crates = graph.c_crates(&["function 0.1.0"]);
        let names: Vec<_> = crates.iter().map(|found| (found.chain[0].as_str(), found.needs_system_openssl)).collect();
        assert_eq!(names, [("openssl-sys", true)]);
    }

    #[test]
    fn the_kind_of_each_edge_decides() {
        let edge = |to: &str, kind: &str| format!(r#"{{"pkg":"{to}","dep_kinds":[{{"kind":{kind}}}]}}"#);
        let node = |id: &str, deps: &[String]| format!(r#"{{"id":"{id}","deps":[{}]}}"#, deps.join(","));
        let package =
            |id: &str, kind: &str| format!(r#"{{"id":"{id}","name":"{id}","targets":[{{"kind":["{kind}"]}}]}}"#);
        let packages = [package("a", "bin"), package("b", "lib"), package("macro", "proc-macro"), package("cc", "lib")];
        let graph = |deps: &[String]| -> Graph {
            let nodes = [node("a", deps), node("b", &[edge("cc", r#""build""#)]), node("macro", &[edge("b", "null")])];
            let text =
                format!(r#"{{"packages":[{}],"resolve":{{"nodes":[{}]}}}}"#, packages.join(","), nodes.join(","));
            serde_json::from_str(&text).unwrap()
        };
        let count = |deps: &[String]| graph(deps).c_crates(&["a"]).len();
        assert_eq!(count(&[edge("b", "null")]), 1);
        assert_eq!(count(&[edge("b", r#""dev""#)]), 0, "dev dependencies are not packaged");
        assert_eq!(count(&[edge("b", r#""build""#)]), 0, "build dependencies run on the host");
        assert_eq!(count(&[edge("macro", "null")]), 0, "dependencies of a proc macro run on the host");
        assert_eq!(count(&[edge("cc", r#""build""#)]), 1, "the package itself may compile C");
    }

    #[test]
    fn build_dependencies_tell_which_programs_a_build_script_runs() {
        let tools = |name: &str, helpers: &[&str]| {
            let helpers: Vec<_> = helpers.iter().map(|&helper| helper.to_owned()).collect();
            super::tools(name, &helpers).into_iter().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(tools("openssl-sys", &["cc", "openssl-src", "pkg-config"]), "make perl");
        assert_eq!(tools("libz-ng-sys", &["cmake"]), "cmake");
        assert_eq!(tools("aws-lc-sys", &["cc", "cmake", "fs_extra"]), "");
        assert_eq!(tools("aws-lc-fips-sys", &["cmake"]), "cmake go perl");
        assert_eq!(tools("ring", &["cc"]), "");
    }

    #[test]
    fn sources_in_the_tree_are_ignored() {
        let built = built("a v1.2.3\nb v0.1.0 (/somewhere)\n");
        assert!(built.contains("a v1.2.3") && built.contains("b v0.1.0"), "{built:?}");
    }

    #[test]
    fn a_lockfile_without_a_compiler_crate_proves_that_nothing_compiles_c() {
        assert!(!names_a_compiler("[[package]]\nname = \"serde\"\n"));
        assert!(!names_a_compiler("dependencies = [\n \"cc\",\n]\n"));
        assert!(names_a_compiler("[[package]]\nname = \"cc\"\n"));
    }
}
