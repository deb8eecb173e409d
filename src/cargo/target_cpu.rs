//! The processor that the Rust code is compiled for: `--target-cpu` and the key of manifests.

use std::collections::BTreeMap;

use anyhow::Result;

use super::config::CargoConfig;
use super::rustflags;
use crate::manifest::TargetCpu;
use crate::suggest::nearest;
use lambda_platform::{Arch, Target};
use lambda_zip_error::{ErrorKind, Failure};

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
pub(super) fn resolve(cpu: &TargetCpu, targets: &[Target], config: &CargoConfig) -> Result<BTreeMap<String, String>> {
    let refused = |message: String| match &cpu.origin {
        None => Failure::new(ErrorKind::Usage, message),
        Some(key) => Failure::new(ErrorKind::Setup, message).at(key),
    };
    let name = cpu.name.as_str();
    if name == "native" {
        return Err(refused(format!("the processor `native` is {OF_THIS_MACHINE}"))
            .hint("take `lambda`, the oldest processor that Lambda has")
            .into());
    }
    let mut resolved = BTreeMap::new();
    for &target in targets {
        let triple = target.triple();
        if name == "lambda" {
            resolved.insert(triple, oldest_of_lambda(target.arch).to_owned());
            continue;
        }
        // To an unknown processor, rustc only warns.
        let known = config.target_cpus(&triple)?;
        if !known.iter().any(|known| known == name) {
            return Err(refused(format!("`{triple}` has no processor `{name}`"))
                .hint(suggestion(name, &triple, &known))
                .into());
        }
        resolved.insert(triple, name.to_owned());
    }
    Ok(resolved)
}

/// What the user's own flags say of the processor that should not be said for Lambda. `rustflags` are those that reach
/// rustc for each target, `c_flags` the variables with flags of C.
pub(super) fn warnings(rustflags: &[&[String]], c_flags: &[(String, String)]) -> NativeWarnings {
    let cpu =
        |flags| rustflags::codegen_options(flags).filter_map(|option| option.strip_prefix("target-cpu=")).next_back();
    let of_rust = rustflags.iter().any(|flags| cpu(flags) == Some("native")).then(|| {
        format!(
            "`-C target-cpu=native` among the rustflags is {OF_THIS_MACHINE}; `--target-cpu lambda` in its place takes the \
             oldest that Lambda has"
        )
    });
    let is_native = |flag: &str| ["-march=native", "-mcpu=native"].contains(&flag);
    let of_c = c_flags.iter().find_map(|(name, flags)| {
        let flag = flags.split_whitespace().find(|flag| is_native(flag))?;
        Some(format!(
            "`{flag}` in `{name}` is {OF_THIS_MACHINE}; take it out, or name a processor that Lambda has, such as \
             `-march=x86-64-v3`"
        ))
    });
    NativeWarnings { of_rust, of_c }
}

/// Warnings of code that is compiled for the machine that builds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct NativeWarnings {
    pub(crate) of_rust: Option<String>,
    /// Of interest only where C is compiled.
    pub(crate) of_c: Option<String>,
}

/// Why `native` is wrong.
const OF_THIS_MACHINE: &str =
    "that of the machine that builds: on another one of Lambda's the function could end with SIGILL";

/// The likely name. There are too many to list them.
fn suggestion(cpu: &str, triple: &str, known: &[String]) -> String {
    let nearest = nearest("processors", cpu, known.iter().map(String::as_str).chain(["lambda"]));
    if nearest.starts_with("did you mean") {
        nearest
    } else {
        format!("`rustc --print target-cpus --target {triple}` lists them, `lambda` stands for the oldest of Lambda's")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_rust(flags: &str) -> bool {
        let flags: Vec<_> = flags.split(' ').map(str::to_owned).collect();
        warnings(&[&flags], &[]).of_rust.is_some()
    }

    #[test]
    fn the_last_processor_among_rustflags_counts() {
        assert!(of_rust("-Ctarget-cpu=native"));
        assert!(of_rust("-g -C target-cpu=native"));
        assert!(of_rust("-C target-cpu=x86-64-v3 --codegen=target-cpu=native"));
        assert!(of_rust("--codegen target-cpu=native"));
        assert!(!of_rust("-Ctarget-cpu=native -C target-cpu=x86-64-v3"));
        assert!(!of_rust("-Ctarget-feature=+avx2 -Cllvm-args=target-cpu=native"));
    }

    #[test]
    fn flags_of_c_count_by_their_words() {
        let of_c = |flags: &str| warnings(&[], &[("CFLAGS".to_owned(), flags.to_owned())]).of_c;
        assert!(of_c("-O2 -march=native").unwrap().contains("`-march=native` in `CFLAGS`"));
        assert!(of_c("-mcpu=native").is_some());
        assert_eq!(of_c("-march=x86-64-v3 -mtune=native"), None);
    }
}
