//! Adding our rustflags to the user's.
//!
//! Cargo uses the first of four sources that has rustflags: `CARGO_ENCODED_RUSTFLAGS`, `RUSTFLAGS`, `target.*.rustflags`,
//! `build.rustflags`. Setting one hides the ones after it. So the user's are resolved as cargo does, and passed together
//! with ours in the first source. Only if the targets need different flags does each target get its own from the
//! configuration.

use std::collections::BTreeMap;
use std::ffi::OsString;

use toml::Value;

use lambda_zip_error::{ErrorKind, Failure};

/// The separator of the flags in `CARGO_ENCODED_RUSTFLAGS`.
pub(super) const SEPARATOR: &str = "\x1f";

/// The user's rustflags, by triple.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UserRustflags {
    pub(super) targets: BTreeMap<String, TargetFlags>,
}

/// The user's rustflags for one target, from the source that cargo uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TargetFlags {
    /// One of the two environment variables.
    Environment(Vec<String>),
    /// `target.*.rustflags`.
    Target(Vec<String>),
    /// `build.rustflags`, which may be empty.
    Build(Vec<String>),
}

impl TargetFlags {
    pub(super) fn all(&self) -> &[String] {
        let (Self::Environment(flags) | Self::Target(flags) | Self::Build(flags)) = self;
        flags
    }
}

/// Arguments and variables for cargo with which rustc gets the user's flags and ours.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Addition {
    pub(crate) args: Vec<OsString>,
    pub(crate) env: BTreeMap<String, OsString>,
}

impl UserRustflags {
    /// The flags of each target.
    pub(crate) fn flags(&self) -> Vec<&[String]> {
        self.targets.values().map(TargetFlags::all).collect()
    }

    /// Appends flags, by triple, to the user's.
    pub(crate) fn append(&self, ours: &BTreeMap<String, Vec<String>>) -> Result<Addition, Failure> {
        if ours.values().all(Vec::is_empty) {
            return Ok(Addition::default());
        }
        let none = Vec::new();
        let added = |triple: &String| ours.get(triple).unwrap_or(&none);
        let mut totals = self.targets.iter().map(|(triple, theirs)| [theirs.all(), added(triple)].concat());
        let first = totals.next().unwrap_or_default();
        if totals.all(|total| total == first) {
            let env = [("CARGO_ENCODED_RUSTFLAGS".to_owned(), first.join(SEPARATOR).into())];
            return Ok(Addition { env: env.into(), ..Addition::default() });
        }
        let mut args = Vec::new();
        for (triple, theirs) in self.targets.iter().filter(|(triple, _)| !added(triple).is_empty()) {
            let repeated = match theirs {
                TargetFlags::Environment(_) => return Err(different_flags()),
                // Cargo joins the matching tables.
                TargetFlags::Target(_) => &[],
                // Flags for a target hide these.
                TargetFlags::Build(flags) => &flags[..],
            };
            let flags: Value = [repeated, added(triple)].concat().into();
            args.extend(["--config".into(), format!("target.'{}'.rustflags={flags}", cfg_of(triple)).into()]);
        }
        Ok(Addition { args, ..Addition::default() })
    }
}

/// A key that matches the target alone. Unlike `target.<triple>`, it is not a key that the user may have set to a string,
/// which cargo refuses to merge with a list.
fn cfg_of(triple: &str) -> String {
    let arch = triple.split('-').next().unwrap_or_default();
    let env = triple.rsplit('-').next().unwrap_or_default();
    format!("cfg(all(target_arch = \"{arch}\", target_env = \"{env}\", target_os = \"linux\"))")
}

fn different_flags() -> Failure {
    let message = "rustflags in the environment apply to every target, but these targets need different flags";
    Failure::new(ErrorKind::Usage, message)
        .hint("build the targets one by one, or move the flags from `RUSTFLAGS` to a cargo config file")
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

    fn flags(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    fn ours(triples: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        triples.iter().map(|(triple, words)| ((*triple).to_owned(), flags(words))).collect()
    }

    fn theirs(targets: &[(&str, TargetFlags)]) -> UserRustflags {
        let targets = targets.iter().map(|(triple, flags)| ((*triple).to_owned(), flags.clone()));
        UserRustflags { targets: targets.collect() }
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
    fn targets_with_the_same_flags_share_the_environment() {
        for source in [TargetFlags::Environment, TargetFlags::Target, TargetFlags::Build] {
            let theirs = theirs(&[("a", source(flags(&["-Ca b"]))), ("b", source(flags(&["-Ca b"])))]);
            let addition = theirs.append(&ours(&[("a", &["-Cb"]), ("b", &["-Cb"])])).unwrap();
            assert_eq!(addition.env["CARGO_ENCODED_RUSTFLAGS"], "-Ca b\x1f-Cb");
            assert!(addition.args.is_empty());
        }
    }

    #[test]
    fn targets_with_different_flags_get_them_from_the_configuration() {
        let (a, b) = ("aarch64-unknown-linux-musl", "x86_64-unknown-linux-gnu");
        let build = TargetFlags::Build(flags(&["--cfg", r#"x="1""#]));
        let theirs = theirs(&[(a, TargetFlags::Target(flags(&["-Ca"]))), (b, build)]);
        let addition = theirs.append(&ours(&[(a, &["-Cb"]), (b, &["-Cc"])])).unwrap();
        let value = |arg: &OsString, cfg: &str| {
            let table: toml::Table = arg.to_str().unwrap().parse().unwrap();
            table["target"][cfg]["rustflags"].clone()
        };
        let cfg = r#"cfg(all(target_arch = "aarch64", target_env = "musl", target_os = "linux"))"#;
        assert_eq!(value(&addition.args[1], cfg), Value::from(flags(&["-Cb"])));
        let cfg = r#"cfg(all(target_arch = "x86_64", target_env = "gnu", target_os = "linux"))"#;
        assert_eq!(value(&addition.args[3], cfg), Value::from(flags(&["--cfg", r#"x="1""#, "-Cc"])));
        assert!(addition.env.is_empty());
    }

    #[test]
    fn nothing_is_set_if_there_is_nothing_to_add() {
        for source in [TargetFlags::Environment, TargetFlags::Target, TargetFlags::Build] {
            let theirs = theirs(&[("a", source(flags(&["-Ca"])))]);
            assert_eq!(theirs.append(&ours(&[("a", &[])])).unwrap(), Addition::default());
        }
    }

    #[test]
    fn targets_with_different_flags_cannot_share_the_environment() {
        let source = || TargetFlags::Environment(flags(&["-Ca"]));
        let unequal = ours(&[("a", &["-Cb"]), ("b", &["-Cc"])]);
        assert!(theirs(&[("a", source()), ("b", source())]).append(&unequal).is_err());
    }
}
