//! Which crates compile C for the target: those need a C compiler that Rust does not bring along.
//!
//! A prediction, from the build dependencies that a crate declares. It decides which linker is tried first and what is
//! explained when the build fails; it never forbids a build.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::survey::GraphSource;
use crate::cache::Hasher;

/// The crates through which build scripts compile C, C++ or assembly. Of the crates on the registry whose names end in
/// `-sys` and that bring C along, all but a handful use the first two.
const COMPILERS: [&str; 5] = ["autotools", "cc", "cmake", "cxx-build", "nasm-rs"];

/// As much of `cargo metadata` as the question needs. Reading all of it would take longer than answering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Graph {
    packages: Vec<GraphPackage>,
    resolve: Resolve,
    /// The packages that are built, as `cargo tree` names them. `cargo metadata` also has those behind features that
    /// are off: it resolves features more coarsely than a build does.
    #[serde(default)]
    built: Option<BTreeSet<String>>,
    /// Of all that the graph follows from: while it is the same, so is the graph.
    #[serde(default)]
    sources: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GraphPackage {
    id: String,
    name: String,
    #[serde(default)]
    version: String,
    /// Nothing for a package of this machine, which can change under its version.
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

/// A crate that compiles C, with what brings it in. Its `Display` reads `aws-lc-sys ← aws-lc-rs ← rustls ← function`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CCrate {
    /// The crate first, a selected package last, over the fewest steps.
    pub(crate) chain: Vec<String>,
    /// Whether it compiles nothing but looks for a library of the system: `openssl-sys` without `openssl-src`.
    pub(crate) wants_system_openssl: bool,
    /// The programs that its build script runs besides a compiler.
    pub(crate) tools: BTreeSet<&'static str>,
}

impl fmt::Display for CCrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain.join(" ← "))
    }
}

impl Graph {
    /// The graph, for which cargo is only asked when something changed that the remembered one follows from. A cargo that
    /// cannot answer is no reason to stop: the build will say the same with more right.
    pub(super) fn ask(source: &GraphSource<'_>) -> Option<Self> {
        if let Some(graph) = source.remembered
            && graph.sources == graph.digest_of_sources(source)
        {
            return Some(graph.clone());
        }
        let mut graph: Self = serde_json::from_slice(&source.metadata.output()?).ok()?;
        let is_compiler = |package: &GraphPackage| COMPILERS.contains(&package.name.as_str());
        if graph.packages.iter().any(is_compiler) {
            graph.built = source.tree.output().map(|text| built(&String::from_utf8_lossy(&text)));
        }
        graph.sources = graph.digest_of_sources(source);
        // Where there was no lockfile, cargo has written one to answer.
        source.may_compile_c().then_some(graph)
    }

    /// A digest of the lockfile, of the manifests of all packages that lie on this machine, and of the compiler and the
    /// configuration by which cargo reads them. What comes from a registry or from git is fixed by the lockfile.
    fn digest_of_sources(&self, source: &GraphSource<'_>) -> String {
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
            hasher.field(std::fs::read(&package.manifest_path).unwrap_or_default());
        }
        hasher.finish().to_string()
    }

    fn is_built(&self, package: &GraphPackage) -> bool {
        let name = || format!("{} v{}", package.name, package.version);
        self.built.as_ref().is_none_or(|built| built.contains(&name()))
    }

    /// The crates that compile C among those that end up in the executables of these packages, by name.
    pub(crate) fn c_crates(&self, roots: &[&str]) -> Vec<CCrate> {
        let packages: BTreeMap<&str, &GraphPackage> =
            self.packages.iter().map(|package| (package.id.as_str(), package)).collect();
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let name = |id: &str| packages.get(id).map_or(id, |package| package.name.as_str()).to_owned();
        let is_left_out =
            |id: &str| packages.get(id).is_some_and(|package| package.is_proc_macro() || !self.is_built(package));
        let vendors_openssl = packages.values().any(|package| package.name == "openssl-src");

        // Breadth first, so that the way to each crate is a shortest one.
        let mut parents: BTreeMap<&str, Option<&str>> = roots.iter().map(|&root| (root, None)).collect();
        let mut pending: VecDeque<&str> = roots.iter().copied().collect();
        let mut found = BTreeMap::new();
        while let Some(id) = pending.pop_front() {
            let Some(node) = nodes.get(id) else { continue };
            let edges = node.deps.iter().filter(|edge| edge.has_kind(Some("build")));
            let helpers: Vec<_> = edges.map(|edge| name(&edge.pkg)).collect();
            if helpers.iter().any(|name| COMPILERS.contains(&name.as_str())) {
                let chain: Vec<_> = std::iter::successors(Some(id), |id| parents[id]).map(name).collect();
                let wants_system_openssl = chain[0] == "openssl-sys" && !vendors_openssl;
                let tools = tools(&chain[0], &helpers);
                found.insert(id, CCrate { chain, wants_system_openssl, tools });
            }
            for edge in &node.deps {
                if edge.has_kind(None) && !is_left_out(&edge.pkg) && !parents.contains_key(edge.pkg.as_str()) {
                    parents.insert(&edge.pkg, Some(id));
                    pending.push_back(&edge.pkg);
                }
            }
        }
        found.into_values().collect()
    }
}

impl GraphPackage {
    /// A proc macro, and all that only it depends on, is compiled for the machine that builds.
    fn is_proc_macro(&self) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "proc-macro"))
    }
}

/// The programs that the build script of a crate runs, by the crates that help it.
fn tools(name: &str, helpers: &[String]) -> BTreeSet<&'static str> {
    let of_helper = |helper: &String| match helper.as_str() {
        // It has cmake for what it cannot compile by itself, which is nothing that Lambda runs.
        "cmake" if name == "aws-lc-sys" => &[][..],
        "cmake" => &["cmake"],
        "openssl-src" => &["make", "perl"],
        "nasm-rs" => &["nasm"],
        "autotools" => &["make"],
        _ => &[],
    };
    let of_itself: &[_] = if name == "aws-lc-fips-sys" { &["go", "perl"] } else { &[] };
    helpers.iter().flat_map(of_helper).chain(of_itself).copied().collect()
}

/// The packages of `cargo tree --prefix none`: `name v1.2.3`, with the source behind it where it is not the registry.
fn built(tree: &str) -> BTreeSet<String> {
    tree.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

/// Whether a lockfile has a package by the name of one of the compilers. Where it has none, nothing compiles C.
pub(super) fn names_a_compiler(lockfile: &str) -> bool {
    let names: BTreeSet<&str> =
        lockfile.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    COMPILERS.iter().any(|compiler| names.contains(compiler))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The recorded graph of a function that depends on `lambda_runtime` and on what the file is named after.
    fn chains(recorded: &str) -> Vec<String> {
        let graph: Graph = serde_json::from_str(recorded).unwrap();
        graph.c_crates(&["function 0.1.0"]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pure_graph_has_none() {
        assert_eq!(chains(include_str!("../../tests/fixtures/graphs/pure.json")), [""; 0]);
    }

    #[test]
    fn rustls_brings_its_cryptography() {
        assert_eq!(
            chains(include_str!("../../tests/fixtures/graphs/reqwest-rustls.json")),
            ["ring ← rustls ← reqwest ← function"]
        );
    }

    #[test]
    fn the_sdk_of_s3_brings_more() {
        assert_eq!(
            chains(include_str!("../../tests/fixtures/graphs/aws-sdk-s3.json")),
            [
                "aws-lc-sys ← aws-lc-rs ← rustls ← aws-smithy-http-client ← aws-smithy-runtime ← aws-config ← function",
                "ring ← rustls ← aws-smithy-http-client ← aws-smithy-runtime ← aws-config ← function",
            ]
        );
    }

    #[test]
    fn sqlx_brings_sqlite_where_it_is_asked_for() {
        assert_eq!(
            chains(include_str!("../../tests/fixtures/graphs/sqlx.json")),
            ["libsqlite3-sys ← sqlx-sqlite ← sqlx ← function", "ring ← rustls ← sqlx-core ← sqlx ← function"]
        );
    }

    #[test]
    fn openssl_that_is_not_vendored_is_told_apart_and_what_is_not_built_is_left_out() {
        let mut graph: Graph =
            serde_json::from_str(include_str!("../../tests/fixtures/graphs/reqwest-native.json")).unwrap();
        // What `cargo tree` says of the same package: a feature that is off would bring rustls and ring.
        let all = graph.packages.iter_mut().map(|package| {
            package.version = package.id.rsplit(' ').next().unwrap().to_owned();
            format!("{} v{}", package.name, package.version)
        });
        let built: Vec<_> = all.filter(|name| !name.starts_with("rustls v") && !name.starts_with("ring v")).collect();
        graph.built = Some(super::built(&built.join("\n")));
        let crates = graph.c_crates(&["function 0.1.0"]);
        let names: Vec<_> = crates.iter().map(|found| (found.chain[0].as_str(), found.wants_system_openssl)).collect();
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
        assert_eq!(count(&[edge("b", r#""dev""#)]), 0, "tests are not packaged");
        assert_eq!(count(&[edge("b", r#""build""#)]), 0, "a build script's dependencies run on the host");
        assert_eq!(count(&[edge("macro", "null")]), 0, "so do those of a proc macro");
        assert_eq!(count(&[edge("cc", r#""build""#)]), 1, "the package itself may compile C");
    }

    #[test]
    fn the_programs_of_a_build_script_are_known_by_its_helpers() {
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
    fn a_tree_is_read_without_sources() {
        let built = built("a v1.2.3\nb v0.1.0 (/somewhere)\n");
        assert!(built.contains("a v1.2.3") && built.contains("b v0.1.0"), "{built:?}");
    }

    #[test]
    fn a_lockfile_without_a_compiler_settles_it() {
        assert!(!names_a_compiler("[[package]]\nname = \"serde\"\n"));
        assert!(!names_a_compiler("dependencies = [\n \"cc\",\n]\n"));
        assert!(names_a_compiler("[[package]]\nname = \"cc\"\n"));
    }
}
