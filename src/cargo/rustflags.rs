//! Adding rustflags to the user's without losing any.
//!
//! Cargo takes rustflags from the first of four sources that has any: `CARGO_ENCODED_RUSTFLAGS`, `RUSTFLAGS`,
//! `target.*.rustflags`, `build.rustflags`. Whoever sets one of them switches off those behind it, so ours have to go
//! into the very source that is in use, after the user's.

use std::collections::BTreeMap;
use std::ffi::OsString;

use toml::Value;

use lambda_zip_error::{ErrorKind, Failure};

/// What separates the flags in `CARGO_ENCODED_RUSTFLAGS`.
pub(super) const SEPARATOR: &str = "\x1f";

/// Where the user's rustflags come from, which decides how ours are added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// One of the two environment variables, with the flags in it. It holds for all targets.
    Environment(Vec<String>),
    /// The configuration, by target triple.
    Config(BTreeMap<String, ConfigFlags>),
}

/// What the configuration says for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigFlags {
    /// `target.*.rustflags`, with the flags in it. To these cargo itself adds those of a `--config` argument.
    Target(Vec<String>),
    /// `build.rustflags`, with the flags in it, if any. They are repeated for the target, since its own replace them.
    Build(Vec<String>),
}

/// What cargo has to be told so that rustc gets the user's flags and ours.
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
    /// The user's flags that reach rustc for some target.
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
                let of_all = several.next().map_or(&[][..], Vec::as_slice);
                if several.any(|flags| flags != of_all) {
                    return Err(Failure::new(
                        ErrorKind::Usage,
                        "rustflags in the environment hold for every target, and these targets need flags of their own",
                    )
                    .hint("build them one by one, or put the flags of `RUSTFLAGS` into a config file of cargo's"));
                }
                if !of_all.is_empty() {
                    let flags: Vec<_> = theirs.iter().chain(of_all).map(String::as_str).collect();
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

/// What stands behind `-C`, attached or not, or behind `--codegen`, in order: rustc obeys the last of several.
pub(super) fn codegen_options(flags: &[String]) -> impl DoubleEndedIterator<Item = &str> {
    flags.iter().enumerate().filter_map(|(index, flag)| {
        let attached = flag.strip_prefix("-C").or_else(|| flag.strip_prefix("--codegen"))?;
        match attached.strip_prefix('=').unwrap_or(attached) {
            "" => flags.get(index + 1).map(String::as_str),
            attached => Some(attached),
        }
    })
}

/// The flags in the environment, if one of the two variables is set: an empty one counts.
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
    fn in_the_environment_the_encoded_variable_goes_first() {
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
    fn flags_of_the_environment_stay_there() {
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
    fn nothing_to_add_touches_nothing() {
        let environment = Source::Environment(flags(&["-Ca"]));
        assert_eq!(environment.append(&ours(&[("a", &[])])).unwrap(), Addition::default());
        let config = Source::Config(BTreeMap::from([("a".to_owned(), ConfigFlags::Target(Vec::new()))]));
        assert_eq!(config.append(&ours(&[("a", &[])])).unwrap(), Addition::default());
    }

    #[test]
    fn targets_with_flags_of_their_own_cannot_share_the_environment() {
        let unequal = ours(&[("a", &["-Cb"]), ("b", &["-Cc"])]);
        assert!(Source::Environment(flags(&["-Ca"])).append(&unequal).is_err());
    }
}
