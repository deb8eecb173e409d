//! The processor that Rust code is compiled for: `--target-cpu`, or the key in a manifest.

use std::collections::BTreeMap;

use anyhow::Result;

use super::config::CargoConfig;
use super::rustflags;
use crate::manifest::TargetCpu;
use crate::suggest::nearest;
use lambda_platform::{Arch, Target};
use lambda_zip_error::{ErrorKind, Failure};

/// The oldest processor that Lambda is known to use, by rustc's name.
///
/// An inference: AWS once documented AVX2 for every x86-64 function and Graviton2 for every arm64 one, and promises neither
/// today. EC2's processors with AVX2 (Intel's since Haswell, AMD's since Zen) have the rest of x86-64-v3 too, and
/// Graviton2's cores are Neoverse N1.
fn oldest(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "x86-64-v3",
        Arch::Arm64 => "neoverse-n1",
    }
}

/// The processor for each target, by triple. Runs rustc to check the name.
pub(super) fn resolve(cpu: &TargetCpu, targets: &[Target], config: &CargoConfig) -> Result<BTreeMap<String, String>> {
    let refused = |message: String| match &cpu.origin {
        None => Failure::new(ErrorKind::Usage, message),
        Some(key) => Failure::new(ErrorKind::Setup, message).at(key),
    };
    let name = cpu.name.as_str();
    if name == "native" {
        return Err(refused(format!("cannot compile for the processor `native`: it is {THIS_MACHINE}"))
            .hint("use `lambda`, the oldest processor that Lambda has")
            .into());
    }
    let mut resolved = BTreeMap::new();
    for &target in targets {
        let triple = target.triple();
        if name == "lambda" {
            resolved.insert(triple, oldest(target.arch).to_owned());
            continue;
        }
        // rustc only warns about an unknown processor.
        let known = config.target_cpus(&triple)?;
        if !known.iter().any(|known| known == name) {
            return Err(refused(format!("unknown processor `{name}` for `{triple}`"))
                .hint(suggestion(name, &triple, &known))
                .into());
        }
        resolved.insert(triple, name.to_owned());
    }
    Ok(resolved)
}

/// Warnings about the user's flags that select the processor of this machine. `rustflags` has the flags that reach rustc for
/// each target, `c_flags` the variables with flags for C.
pub(super) fn warnings(rustflags: &[&[String]], c_flags: &[(String, String)]) -> NativeWarnings {
    let cpu =
        |flags| rustflags::codegen_options(flags).filter_map(|option| option.strip_prefix("target-cpu=")).next_back();
    let for_rust = rustflags.iter().any(|flags| cpu(flags) == Some("native")).then(|| {
        format!(
            "`-C target-cpu=native` among the rustflags is {THIS_MACHINE}; use `--target-cpu lambda` instead, the oldest \
             processor that Lambda has"
        )
    });
    let is_native = |flag: &str| ["-march=native", "-mcpu=native"].contains(&flag);
    let for_c = c_flags.iter().find_map(|(name, flags)| {
        let flag = flags.split_whitespace().find(|flag| is_native(flag))?;
        Some(format!(
            "`{flag}` in `{name}` is {THIS_MACHINE}; remove it, or use a processor that Lambda has, such as \
             `-march=x86-64-v3`"
        ))
    });
    NativeWarnings { for_rust, for_c }
}

/// Warnings about code that is compiled for the processor of this machine.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct NativeWarnings {
    pub(crate) for_rust: Option<String>,
    /// Matters only if C is compiled.
    pub(crate) for_c: Option<String>,
}

/// Why `native` is wrong.
const THIS_MACHINE: &str = "the processor of this machine, and on Lambda's the function could crash with SIGILL";

/// The most similar name. There are too many processors to list them all.
fn suggestion(cpu: &str, triple: &str, known: &[String]) -> String {
    let nearest = nearest("processors", cpu, known.iter().map(String::as_str).chain(["lambda"]));
    if nearest.starts_with("did you mean") {
        nearest
    } else {
        format!("`rustc --print target-cpus --target {triple}` lists them; `lambda` is the oldest that Lambda has")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_native(flags: &str) -> bool {
        let flags: Vec<_> = flags.split(' ').map(str::to_owned).collect();
        warnings(&[&flags], &[]).for_rust.is_some()
    }

    #[test]
    fn the_last_processor_among_the_rustflags_wins() {
        assert!(is_native("-Ctarget-cpu=native"));
        assert!(is_native("-g -C target-cpu=native"));
        assert!(is_native("-C target-cpu=x86-64-v3 --codegen=target-cpu=native"));
        assert!(is_native("--codegen target-cpu=native"));
        assert!(!is_native("-Ctarget-cpu=native -C target-cpu=x86-64-v3"));
        assert!(!is_native("-Ctarget-feature=+avx2 -Cllvm-args=target-cpu=native"));
    }

    #[test]
    fn flags_for_c_are_compared_word_by_word() {
        let warning = |flags: &str| warnings(&[], &[("CFLAGS".to_owned(), flags.to_owned())]).for_c;
        assert!(warning("-O2 -march=native").unwrap().contains("`-march=native` in `CFLAGS`"));
        assert!(warning("-mcpu=native").is_some());
        assert_eq!(warning("-march=x86-64-v3 -mtune=native"), None);
    }
}
