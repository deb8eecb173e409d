//! The rules, and the facts about Lambda behind them, for `check --explain` and `check --list`.

use anyhow::Result;
use serde::Serialize;

use super::{print_json, print_lines};
use crate::plan::SCHEMA_VERSION;
use lambda_platform::Arch;
use lambda_platform::image::{LIBRARIES_SOURCE, SAFE_LIBRARIES, SCRIPT_INTERPRETERS, al2023_libraries};
use lambda_platform::limits::{LIMITS, LimitFacts};
use lambda_platform::runtimes::{RUNTIMES, RUNTIMES_SOURCE, RuntimeFacts};
use lambda_zip_check::{Rule, RuleFacts};

/// Prints one rule with its reason, as text.
pub(crate) fn print_rule(rule: Rule) -> Result<()> {
    let RuleFacts { id, severity, what, why, source, hint, .. } = rule.facts();
    let lines = [
        format!("{id} ({severity})"),
        format!("  what: {what}"),
        format!("  why: {why}"),
        format!("  source: {source}"),
        format!("  hint: {hint}"),
    ];
    print_lines(lines)
}

/// Prints one rule with its reason, as JSON.
pub(crate) fn print_rule_json(rule: Rule) -> Result<()> {
    print_json(rule.facts())
}

/// Prints all rules, limits and runtimes, as text.
pub(crate) fn print_rules() -> Result<()> {
    let mut lines = vec!["Rules:".to_owned()];
    lines.extend(Rule::all().map(|rule| {
        let RuleFacts { id, severity, what, .. } = rule.facts();
        format!("  {id:<22} {:<8} {what}", severity.to_string())
    }));
    lines.push("\nLimits:".to_owned());
    lines.extend(LIMITS.iter().map(|LimitFacts { value, what, source, .. }| format!("  {value} {what} ({source})")));
    lines.push(format!("\nRuntimes ({RUNTIMES_SOURCE}):"));
    lines.extend(RUNTIMES.iter().flat_map(|facts| {
        let RuntimeFacts { id, os, glibc, deprecated, create_blocked, update_blocked, .. } = facts;
        let architectures: Vec<_> = facts.architectures.iter().map(|arch| arch.aws_name()).collect();
        [
            format!("  {id}: {os}, glibc {glibc}, {}", architectures.join(" and ")),
            format!("    deprecated {deprecated}, no new functions {create_blocked}, no updates {update_blocked}"),
        ]
    }));
    lines.push(format!("\nLibraries ({LIBRARIES_SOURCE}; all names with `--message-format json`):"));
    lines.push(format!("  in every runtime: {}", SAFE_LIBRARIES.join(", ")));
    let count = |arch| al2023_libraries(arch).count();
    lines
        .extend(Arch::ALL.map(|arch| format!("  in the image of `provided.al2023` for {arch}: {} names", count(arch))));
    lines.push(format!("\nInterpreters of scripts in every runtime:\n  {}", SCRIPT_INTERPRETERS.join(", ")));
    print_lines(lines)
}

#[derive(Serialize)]
struct RulesDocument {
    schema_version: u32,
    rules: Vec<&'static RuleFacts>,
    limits: [LimitFacts; 3],
    runtimes: Vec<RuntimeDocument>,
    libraries: LibrariesDocument,
    script_interpreters: &'static [&'static str],
}

#[derive(Serialize)]
struct RuntimeDocument {
    id: &'static str,
    os: &'static str,
    glibc: String,
    /// The highest versions of libstdc++ and libgcc, such as `GLIBCXX_3.4.33`.
    symbol_versions: Vec<String>,
    architectures: &'static [Arch],
    deprecated: String,
    create_blocked: String,
    update_blocked: String,
    source: &'static str,
}

#[derive(Serialize)]
struct LibrariesDocument {
    in_every_runtime: &'static [&'static str],
    in_image: Vec<ImageDocument>,
    source: &'static str,
}

#[derive(Serialize)]
struct ImageDocument {
    runtime: &'static str,
    arch: Arch,
    names: Vec<&'static str>,
}

/// Prints all rules, limits, runtimes and libraries, as JSON.
pub(crate) fn print_rules_json() -> Result<()> {
    let runtimes = RUNTIMES.iter().map(|facts| RuntimeDocument {
        id: facts.id,
        os: facts.os,
        glibc: facts.glibc.to_string(),
        symbol_versions: facts.symbol_versions.iter().map(|(prefix, version)| format!("{prefix}_{version}")).collect(),
        architectures: facts.architectures,
        deprecated: facts.deprecated.to_string(),
        create_blocked: facts.create_blocked.to_string(),
        update_blocked: facts.update_blocked.to_string(),
        source: RUNTIMES_SOURCE,
    });
    let images =
        Arch::ALL.map(|arch| ImageDocument { runtime: RUNTIMES[0].id, arch, names: al2023_libraries(arch).collect() });
    print_json(&RulesDocument {
        schema_version: SCHEMA_VERSION,
        rules: Rule::all().map(Rule::facts).collect(),
        limits: LIMITS,
        runtimes: runtimes.collect(),
        libraries: LibrariesDocument {
            in_every_runtime: &SAFE_LIBRARIES,
            in_image: images.into(),
            source: LIBRARIES_SOURCE,
        },
        script_interpreters: &SCRIPT_INTERPRETERS,
    })
}
