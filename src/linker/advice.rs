//! Hints for a build that failed: tools and libraries that the crates need. As warnings before the build they would be
//! wrong too often.

use std::collections::BTreeSet;

use super::graph::{Graph, GraphSource};
use super::hints;

/// Hints that follow from the dependency graph of these packages. Asks cargo for the graph if it is not known yet.
pub(crate) fn advice(graph: Option<&Graph>, source: &GraphSource<'_>, roots: &[&str]) -> Vec<String> {
    let graph = match graph {
        Some(graph) => Some(graph.clone()),
        None => source.may_compile_c().then(|| Graph::load(source)).flatten(),
    };
    let c_crates = graph.map(|graph| graph.c_crates(roots)).unwrap_or_default();
    let mut seen = BTreeSet::new();
    let needed = c_crates.iter().flat_map(|found| found.tools.iter().map(move |tool| (*tool, found)));
    let missing = needed.filter(|(tool, _)| seen.insert(*tool) && which::which(tool).is_err());
    let tools: Vec<_> = missing.map(|(tool, found)| hints::install_tool(tool, found)).collect();
    hints::openssl(&c_crates).into_iter().chain(tools).collect()
}
