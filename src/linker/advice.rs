//! Hints for a build that failed: tools and libraries that the crates need. As warnings before the build they would be
//! wrong too often.

use std::collections::BTreeSet;

use super::Linker;
use super::graph::{Graph, GraphSource};
use super::hints;
use super::survey::compilers;
use crate::cargo::config::CargoConfig;
use lambda_platform::Target;

/// The hint for a machine without the linker that build scripts and macros need.
pub(crate) fn host_linker(host: &str, config: &CargoConfig) -> Option<String> {
    // On Windows, rustc's own message says what to install.
    if cfg!(windows) || config.linker(host).is_ok_and(|linker| linker.is_some()) || which::which("cc").is_ok() {
        return None;
    }
    let install = if cfg!(target_os = "macos") {
        "`xcode-select --install`"
    } else {
        "`sudo apt-get install gcc libc6-dev` (Debian, Ubuntu), `sudo dnf install gcc` (Fedora)"
    };
    Some(format!("build scripts and macros are linked with `cc`, which is not on PATH: {install}"))
}

/// Hints that follow from the dependency graph of these packages, and from who links. Asks cargo for the graph if it is not
/// known yet.
pub(crate) fn advice<'a>(
    graph: Option<&Graph>,
    source: &GraphSource<'_>,
    roots: &[&str],
    linkers: impl IntoIterator<Item = (Target, &'a Linker)>,
) -> Vec<String> {
    let graph = match graph {
        Some(graph) => Some(graph.clone()),
        None => source.may_compile_c().then(|| Graph::load(source)).flatten(),
    };
    let c_crates = graph.map(|graph| graph.c_crates(roots)).unwrap_or_default();
    let mut seen = BTreeSet::new();
    let needed = c_crates.iter().flat_map(|found| found.tools.iter().map(move |tool| (*tool, found)));
    let missing = needed.filter(|(tool, _)| seen.insert(*tool) && which::which(tool).is_err());
    let tools: Vec<_> = missing.map(|(tool, found)| hints::install_tool(tool, found)).collect();
    let without_cpp = linkers.into_iter().find(|(target, linker)| !has_cpp_compiler(*target, linker, source));
    let cpp = without_cpp.and_then(|(target, _)| {
        let found = c_crates.iter().find(|found| found.compiles_cpp())?;
        Some(hints::cpp_without_compiler(found, target))
    });
    hints::openssl(&c_crates).into_iter().chain(tools).chain(cpp).collect()
}

/// True if build scripts find a C++ compiler for the target: zig, one that the user chose, or one on PATH.
fn has_cpp_compiler(target: Target, linker: &Linker, source: &GraphSource<'_>) -> bool {
    let triple = target.triple();
    let environment = source.config.environment();
    let variables =
        [format!("CXX_{triple}"), format!("CXX_{}", triple.replace('-', "_")), "TARGET_CXX".into(), "CXX".into()];
    // `gcc` comes with `g++`, and `cc` with `c++`.
    let names = compilers(target, &source.rustc.host)
        .into_iter()
        .map(|name| name.strip_suffix("gcc").map_or_else(|| name.replace("cc", "c++"), |start| format!("{start}g++")));
    matches!(linker, Linker::Zig(_))
        || variables.iter().any(|name| environment.has(name))
        || names.into_iter().any(|name| which::which(name).is_ok())
}
