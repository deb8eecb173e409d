//! What a build that failed may have lacked. A prediction would be wrong too often to be said before.

use std::collections::BTreeSet;

use super::graph::Graph;
use super::hints;
use super::survey::GraphSource;

/// What would help, as far as the graph of dependencies below these packages tells.
pub(crate) fn advice(graph: Option<&Graph>, source: &GraphSource<'_>, roots: &[&str]) -> Vec<String> {
    let graph = match graph {
        Some(graph) => Some(graph.clone()),
        None => source.may_compile_c().then(|| Graph::ask(source)).flatten(),
    };
    let c_crates = graph.map(|graph| graph.c_crates(roots)).unwrap_or_default();
    let mut known = BTreeSet::new();
    let wanted = c_crates.iter().flat_map(|found| found.tools.iter().map(move |tool| (*tool, found)));
    let missing = wanted.filter(|(tool, _)| known.insert(*tool) && which::which(tool).is_err());
    let tools: Vec<_> = missing.map(|(tool, found)| hints::install_tool(tool, found)).collect();
    hints::openssl(&c_crates).into_iter().chain(tools).collect()
}
