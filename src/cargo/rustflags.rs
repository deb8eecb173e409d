//! Adding our rustflags to the user's.
//!
//! Cargo uses the first of four sources that has rustflags: `CARGO_ENCODED_RUSTFLAGS`, `RUSTFLAGS`, `target.*.rustflags`,
//! `build.rustflags`. Setting one hides the ones after it, so ours are added to the source in use, after the user's.

use std::collections::BTreeMap;
use std::ffi::OsString;

use toml::Value;

use lambda_zip_error::{ErrorKind, Failure};

/// The separator of the flags in `CARGO_ENCODED_RUSTFLAGS`.
pub(super) const SEPARATOR: &str = "\x1f";

/// The source of the user's rustflags. It decides how ours are added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The flags of one of the two environment variables, which apply to all targets.
    Environment(Vec<String>),
    /// The configuration, by target triple.
    Config(BTreeMap<String, ConfigFlags>),
}

/// The rustflags that are configured for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigFlags {
    /// The flags of `target.*.rustflags`. Cargo appends those of a `--config` argument to them.
    Target(Vec<String>),
    /// The flags of `build.rustflags`, if any. They are repeated for the target, because its own flags hide them.
    Build(Vec<String>),
}

/// Arguments and variables for cargo with which rustc gets the user's flags and ours.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Addition {
    pub(crate) args: Vec<OsString>,
    pub(crate) env: BTreeMap<String, OsString>,
}

impl Default for Source {
    fn default() -> Self {
        Self::Config(BTreeMap::new())
    }
}

impl Source {
    /// The user's flags that reach rustc, one list for each distinct target.
    pub(crate) fn flags(&self) -> Vec<&[String]> {
        match self {
            Self::Environment(flags) => vec![flags],
            Self::Config(targets) => targets
                .values()
                .map(|flags| match flags {
                    ConfigFlags::Target(flags) | ConfigFlags::Build(flags) => flags.as_slice(),
                })
                .collect(),
        }
    }

    /// Appends flags, by target triple, to the user's.
    pub(crate) fn append(&self, ours: &BTreeMap<String, Vec<String>>) -> Result<Addition, Failure> {
        let mut addition = Addition::default();
        match self {
            Self::Environment(theirs) => {
                let mut several = ours.values();
                let common = several.next().map_or(&[][..], Vec::as_slice);
                if several.any(|flags| flags != common) {
                    return Err(Failure::new(
                        ErrorKind::Usage,
                        "rustflags in the environment apply to every target, but these targets need different flags",
                    )
                    .hint("build the targets one by one, or move the flags from `RUSTFLAGS` to a cargo config file"));
                }
                if !common.is_empty() {
                    let flags: Vec<_> = theirs.iter().chain(common).map(String::as_str).collect();
                    addition.env.insert("CARGO_ENCODED_RUSTFLAGS".to_owned(), flags.join(SEPARATOR).into());
                }
            }
            Self::Config(targets) => {
                for (triple, flags) in targets {
                    let theirs = match flags {
                        ConfigFlags::Target(_) => &[][..],
                        ConfigFlags::Build(flags) => flags,
                    };
                    let Some(ours) = ours.get(triple).filter(|flags| !flags.is_empty()) else { continue };
                    let flags: Value = theirs.iter().chain(ours).cloned().collect::<Vec<_>>().into();
                    addition.args.extend(["--config".into(), format!("target.{triple}.rustflags={flags}").into()]);
                }
            }
        }
        Ok(addition)
    }
}

/// The options after `-C` or `--codegen`, attached or not, in order. rustc uses the last one.
pub(super) fn codegen_options(flags: &[String]) -> impl DoubleEndedIterator<Item = &str> {
    flags.iter().enumerate().filter_map(|(index, flag)| {
        let attached = flag.strip_prefix("-C").or_else(|| flag.strip_prefix("--codegen"))?;
        match attached.strip_prefix('=').unwrap_or(attached) {
            "" => flags.get(index + 1).map(String::as_str),
            attached => Some(attached),
        }
    })
}

/// The flags in the environment. `None` if neither variable is set; an empty one hides the configuration too.
pub(crate) fn in_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    if let Some(encoded) = variable("CARGO_ENCODED_RUSTFLAGS") {
        let flags = encoded.split(SEPARATOR).map(str::to_owned);
        return Some(flags.filter(|flag| !flag.is_empty()).collect());
    }
    let flags = variable("RUSTFLAGS")?;
    Some(flags.split(' ').map(str::trim).filter(|flag| !flag.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(triples: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        triples.iter().map(|(triple, words)| ((*triple).to_owned(), flags(words))).collect()
    }

    fn flags(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn the_encoded_variable_wins_over_the_plain_one() {
        let read = |variables: &[(&str, &str)]| {
            in_environment(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("RUSTFLAGS", " -Ca  -Cb ")]), Some(flags(&["-Ca", "-Cb"])));
        assert_eq!(read(&[("RUSTFLAGS", "")]), Some(vec![]));
        let both = [("CARGO_ENCODED_RUSTFLAGS", "--cfg\x1fwith space"), ("RUSTFLAGS", "-Ca")];
        assert_eq!(read(&both), Some(flags(&["--cfg", "with space"])));
    }

    #[test]
    fn flags_of_the_environment_stay_in_the_environment() {
        let addition = Source::Environment(flags(&["-Ca"])).append(&ours(&[("a", &["-Cb"]), ("b", &["-Cb"])])).unwrap();
        assert_eq!(addition.env["CARGO_ENCODED_RUSTFLAGS"], "-Ca\x1f-Cb");
        assert!(addition.args.is_empty());
    }

    #[test]
    fn flags_of_the_configuration_are_joined_by_cargo_or_repeated() {
        let targets = BTreeMap::from([
            ("a".to_owned(), ConfigFlags::Target(Vec::new())),
            ("b".to_owned(), ConfigFlags::Build(flags(&["--cfg", r#"x="1""#]))),
        ]);
        let addition = Source::Config(targets).append(&ours(&[("a", &["-Cb"]), ("b", &["-Cb"])])).unwrap();
        let value = |arg: &OsString| {
            let table: toml::Table = arg.to_str().unwrap().parse().unwrap();
            table["target"].clone()
        };
        assert_eq!(value(&addition.args[1])["a"]["rustflags"], Value::from(flags(&["-Cb"])));
        assert_eq!(value(&addition.args[3])["b"]["rustflags"], Value::from(flags(&["--cfg", r#"x="1""#, "-Cb"])));
        assert!(addition.env.is_empty());
    }

    #[test]
    fn nothing_is_set_if_there_is_nothing_to_add() {
        let environment = Source::Environment(flags(&["-Ca"]));
        assert_eq!(environment.append(&ours(&[("a", &[])])).unwrap(), Addition::default());
        let config = Source::Config(BTreeMap::from([("a".to_owned(), ConfigFlags::Target(Vec::new()))]));
        assert_eq!(config.append(&ours(&[("a", &[])])).unwrap(), Addition::default());
    }

    #[test]
    fn targets_with_different_flags_cannot_share_the_environment() {
        let unequal = ours(&[("a", &["-Cb"]), ("b", &["-Cc"])]);
        assert!(Source::Environment(flags(&["-Ca"])).append(&unequal).is_err());
    }
}
