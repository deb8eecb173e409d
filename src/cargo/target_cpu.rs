//! `--target-cpu`: the processor that the Rust code is compiled for.

use std::collections::BTreeMap;

use anyhow::Result;

use super::config::CargoConfig;
use crate::error::{ErrorKind, Failure};
use crate::suggest::nearest;
use crate::target::{Arch, Target};

/// The oldest processor that Lambda has, in the names of rustc.
///
/// `x86_64`: AWS documents AVX2 for every function (Lambda developer guide, "Using AVX2 vectorization in Lambda"), and the
/// processors of EC2 that have AVX2, Intel's since Haswell and AMD's since Zen, have the rest of x86-64-v3, too. `arm64`:
/// Graviton2, whose cores are Neoverse N1 (Lambda developer guide, "Selecting and configuring an instruction set
/// architecture").
fn oldest_of_lambda(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "x86-64-v3",
        Arch::Arm64 => "neoverse-n1",
    }
}

/// The processor for each of the targets, by triple.
pub(super) fn resolve(cpu: &str, targets: &[Target], config: &CargoConfig) -> Result<BTreeMap<String, String>> {
    if cpu == "native" {
        return Err(Failure::new(
            ErrorKind::Usage,
            "`--target-cpu native` is the processor of this machine: on another of Lambda's the function could end with \
             SIGILL",
        )
        .hint("take `--target-cpu lambda`, the oldest that Lambda has")
        .into());
    }
    let mut resolved = BTreeMap::new();
    for &target in targets {
        let triple = target.triple();
        if cpu == "lambda" {
            resolved.insert(triple, oldest_of_lambda(target.arch).to_owned());
            continue;
        }
        // To an unknown processor, rustc only warns.
        let known = config.target_cpus(&triple)?;
        if !known.iter().any(|name| name == cpu) {
            return Err(Failure::new(ErrorKind::Usage, format!("`{triple}` has no processor `{cpu}`"))
                .hint(suggestion(cpu, &triple, &known))
                .into());
        }
        resolved.insert(triple, cpu.to_owned());
    }
    Ok(resolved)
}

/// The likely name. There are too many to list them.
fn suggestion(cpu: &str, triple: &str, known: &[String]) -> String {
    let nearest = nearest("processors", cpu, known.iter().map(String::as_str));
    if nearest.starts_with("did you mean") {
        nearest
    } else {
        format!("`rustc --print target-cpus --target {triple}` lists them, `lambda` stands for the oldest of Lambda's")
    }
}
