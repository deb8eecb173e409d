//! What a deployment wants of a profile, where the user said nothing: `strip`, fat LTO and one codegen unit.
//!
//! Together they make a typical function's zip 14 % smaller at no cost in meaning and none in build time that is worth
//! telling (see `docs/linking.md`). `panic` and `opt-level` change what the program does or how fast it does it: they stay
//! the user's.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// The settings that are added, by cargo's keys, in cargo's spelling.
const DEFAULTS: [(&str, &str); 3] = [("codegen-units", "1"), ("lto", "fat"), ("strip", "symbols")];

/// The settings to add to a profile, by the environment variables through which cargo takes them.
///
/// `sources` are the manifest of the workspace and all configuration of cargo's in the form of files or arguments,
/// `environment` tells the value of a variable.
pub(crate) fn additions(
    profile: &str,
    sources: &[&Table],
    environment: impl Fn(&str) -> Option<String>,
) -> BTreeMap<String, String> {
    if lineage(profile, sources).is_none() {
        return BTreeMap::new();
    }
    let is_set = |key: &str| value(profile, key, sources, &environment).is_some();
    DEFAULTS
        .into_iter()
        .filter(|&(key, _)| match key {
            // Who asked for debug information wants to keep it.
            "strip" => !is_set("strip") && !is_set("debug"),
            _ => !is_set(key),
        })
        .map(|(key, value)| (variable(profile, key), value.to_owned()))
        .collect()
}

/// The profile and those that it inherits from, down to `release`. Nothing for one that does not descend from it.
fn lineage(profile: &str, sources: &[&Table]) -> Option<Vec<String>> {
    let mut lineage = vec![profile.to_owned()];
    loop {
        let youngest = lineage.last()?.as_str();
        if youngest == "release" {
            return Some(lineage);
        }
        let parent = match youngest {
            "bench" => "release",
            _ => sources.iter().find_map(|source| table_of(source, youngest)?.get("inherits")?.as_str())?,
        };
        // A circle is cargo's to complain about.
        if lineage.iter().any(|name| name == parent) {
            return None;
        }
        lineage.push(parent.to_owned());
    }
}

/// Whether the user asked for debug information in this profile, and did not turn it off.
pub(crate) fn has_debug_information(
    profile: &str,
    sources: &[&Table],
    environment: impl Fn(&str) -> Option<String>,
) -> bool {
    value(profile, "debug", sources, environment).is_some_and(|value| !["0", "false", "none"].contains(&value.as_str()))
}

/// What the user set for a key of this profile or of one that it inherits from, as text.
pub(crate) fn value(
    profile: &str,
    key: &str,
    sources: &[&Table],
    environment: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let ancestors = lineage(profile, sources).unwrap_or_else(|| vec![profile.to_owned()]);
    ancestors.iter().find_map(|ancestor| {
        let in_files = || sources.iter().find_map(|source| table_of(source, ancestor)?.get(key));
        environment(&variable(ancestor, key)).or_else(|| {
            in_files().map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            })
        })
    })
}

fn table_of<'a>(source: &'a Table, profile: &str) -> Option<&'a Table> {
    source.get("profile")?.get(profile).and_then(Value::as_table)
}

/// The environment variable of a setting.
pub(crate) fn variable(profile: &str, key: &str) -> String {
    format!("CARGO_PROFILE_{profile}_{key}").to_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(profile: &str, manifest: &str, config: &str, environment: &[&str]) -> Vec<String> {
        let (manifest, config): (Table, Table) = (manifest.parse().unwrap(), config.parse().unwrap());
        let environment = |name: &str| environment.contains(&name).then(String::new);
        additions(profile, &[&manifest, &config], environment).into_keys().collect()
    }

    const ALL: [&str; 3] =
        ["CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "CARGO_PROFILE_RELEASE_LTO", "CARGO_PROFILE_RELEASE_STRIP"];

    #[test]
    fn everything_is_added_where_nothing_is_set() {
        assert_eq!(keys("release", "", "", &[]), ALL);
        assert_eq!(keys("release", "[profile.release]\npanic = 'abort'\n[profile.dev]\nlto = true", "", &[]), ALL);
    }

    #[test]
    fn what_is_set_anywhere_is_left_alone() {
        let without_lto = [ALL[0], ALL[2]];
        assert_eq!(keys("release", "[profile.release]\nlto = false", "", &[]), without_lto);
        assert_eq!(keys("release", "", "profile.release.lto = 'thin'", &[]), without_lto);
        assert_eq!(keys("release", "", "", &["CARGO_PROFILE_RELEASE_LTO"]), without_lto);
    }

    #[test]
    fn debug_information_that_was_asked_for_is_not_stripped() {
        assert_eq!(keys("release", "[profile.release]\ndebug = 1", "", &[]), ALL[..2]);
    }

    #[test]
    fn debug_information_is_on_where_it_was_turned_on_last() {
        let has = |profile: &str, manifest: &str, environment: &[(&str, &str)]| {
            let manifest: Table = manifest.parse().unwrap();
            has_debug_information(profile, &[&manifest], |name| {
                environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(!has("release", "", &[]));
        assert!(has("release", "profile.release.debug = 1", &[]));
        assert!(has("release", "profile.release.debug = 'line-tables-only'", &[]));
        assert!(!has("release", "profile.release.debug = 'none'", &[]));
        assert!(!has("release", "profile.release.debug = true", &[("CARGO_PROFILE_RELEASE_DEBUG", "0")]));
        assert!(has("mine", "profile.mine.inherits = 'release'\nprofile.release.debug = true", &[]));
    }

    #[test]
    fn a_profile_that_descends_from_release_takes_part() {
        let manifest = "[profile.small-one]\ninherits = 'release'\n[profile.release]\nlto = 'off'";
        assert_eq!(
            keys("small-one", manifest, "", &[]),
            ["CARGO_PROFILE_SMALL_ONE_CODEGEN_UNITS", "CARGO_PROFILE_SMALL_ONE_STRIP"]
        );
        assert_eq!(keys("mine", "", "profile.mine.inherits = 'dev'", &[]), [""; 0]);
        assert_eq!(keys("dev", "", "", &[]), [""; 0]);
        assert_eq!(keys("a", "profile.a.inherits = 'b'\nprofile.b.inherits = 'a'", "", &[]), [""; 0]);
    }
}
