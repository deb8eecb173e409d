//! `build.target` of cargo's configuration, and `CARGO_BUILD_TARGET`: what they mean for a build that names no target.

use super::config::CargoConfig;
use lambda_platform::{Runtime, Target};

/// The configured targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BuildTarget {
    NotSet,
    /// All of them can run on Lambda.
    Usable(Vec<Target>),
    /// At least one of them cannot. The text is a warning.
    Unusable(String),
}

impl BuildTarget {
    pub(crate) fn new(config: &CargoConfig, runtime: Runtime) -> Self {
        Self::of_triples(&config.build_targets(), runtime)
    }

    fn of_triples(triples: &[String], runtime: Runtime) -> Self {
        let mut targets = Vec::new();
        for triple in triples.iter().filter(|triple| !triple.is_empty()) {
            match Target::from_triple(triple, runtime) {
                Ok(target) => targets.push(target),
                Err(reason) => {
                    return Self::Unusable(format!(
                        "ignored cargo's `build.target`: `{triple}` cannot be a Lambda function: {reason}; `--arch` chooses \
                         the target"
                    ));
                }
            }
        }
        if targets.is_empty() { Self::NotSet } else { Self::Usable(targets) }
    }

    /// The targets to build for, if nothing stronger chooses them.
    pub(crate) fn targets(&self) -> &[Target] {
        match self {
            Self::Usable(targets) => targets,
            Self::NotSet | Self::Unusable(_) => &[],
        }
    }

    /// A warning if the configured targets are not built. `table_wins` is true if a metadata table chose other targets.
    pub(crate) fn warning(&self, table_wins: bool) -> Option<String> {
        match self {
            Self::NotSet => None,
            _ if table_wins => {
                Some("ignored cargo's `build.target`: the package's metadata table chooses the target".to_owned())
            }
            Self::Usable(_) => None,
            Self::Unusable(warning) => Some(warning.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_platform::{Arch, Libc};

    fn resolved(triples: &[&str]) -> BuildTarget {
        let triples: Vec<_> = triples.iter().map(|&triple| triple.to_owned()).collect();
        BuildTarget::of_triples(&triples, Runtime::AL2023)
    }

    #[test]
    fn targets_of_lambda_are_used_and_others_get_a_warning() {
        assert_eq!(resolved(&[]), BuildTarget::NotSet);
        assert_eq!(resolved(&[""]), BuildTarget::NotSet);
        let arm64 = Target::new(Arch::Arm64, Libc::Musl, Runtime::AL2023);
        assert_eq!(resolved(&["aarch64-unknown-linux-musl"]).targets(), [arm64]);
        let unusable = resolved(&["aarch64-unknown-linux-musl", "wasm32-wasip1"]);
        assert!(unusable.targets().is_empty());
        assert!(unusable.warning(false).unwrap().contains("`wasm32-wasip1`"));
        assert!(resolved(&["aarch64-unknown-linux-musl"]).warning(true).is_some());
    }
}
