//! Profile settings for a deployment, added only where the user set nothing: `strip`, fat LTO and one codegen unit.
//!
//! Together they make a typical function's zip 14 % smaller, with the same behaviour and about the same build time (see
//! `docs/linking.md`). `panic` and `opt-level` change what the program does or how fast it is, so they are left to the user.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// The settings that are added: cargo's keys and values.
const DEFAULTS: [(&str, &str); 3] = [("codegen-units", "1"), ("lto", "fat"), ("strip", "symbols")];

/// The settings to add to a profile, as environment variables.
///
/// `sources` has the workspace's manifest and the tables of cargo's configuration. `environment` returns the value of a
/// variable.
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
            // A user who turned debug information on wants to keep it.
            "strip" => !is_set("strip") && !is_set("debug"),
            _ => !is_set(key),
        })
        .map(|(key, value)| (variable(profile, key), value.to_owned()))
        .collect()
}

/// The profile and its ancestors, up to `release`. `None` if it does not inherit from `release`.
fn lineage(profile: &str, sources: &[&Table]) -> Option<Vec<String>> {
    let mut lineage = vec![profile.to_owned()];
    loop {
        let oldest = lineage.last()?.as_str();
        if oldest == "release" {
            return Some(lineage);
        }
        let parent = match oldest {
            "bench" => "release",
            _ => sources.iter().find_map(|source| table_of(source, oldest)?.get("inherits")?.as_str())?,
        };
        // Cargo reports the circle.
        if lineage.iter().any(|name| name == parent) {
            return None;
        }
        lineage.push(parent.to_owned());
    }
}

/// True if the user turned debug information on in this profile.
pub(crate) fn has_debug_information(
    profile: &str,
    sources: &[&Table],
    environment: impl Fn(&str) -> Option<String>,
) -> bool {
    value(profile, "debug", sources, environment).is_some_and(|value| !["0", "false", "none"].contains(&value.as_str()))
}

/// The user's value of a key, in this profile or in the nearest ancestor that sets it, as text.
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

/// The environment variable for a setting.
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
    fn everything_is_added_if_nothing_is_set() {
        assert_eq!(keys("release", "", "", &[]), ALL);
        assert_eq!(keys("release", "[profile.release]\npanic = 'abort'\n[profile.dev]\nlto = true", "", &[]), ALL);
    }

    #[test]
    fn a_setting_from_any_source_is_kept() {
        let without_lto = [ALL[0], ALL[2]];
        assert_eq!(keys("release", "[profile.release]\nlto = false", "", &[]), without_lto);
        assert_eq!(keys("release", "", "profile.release.lto = 'thin'", &[]), without_lto);
        assert_eq!(keys("release", "", "", &["CARGO_PROFILE_RELEASE_LTO"]), without_lto);
    }

    #[test]
    fn debug_information_that_is_turned_on_is_not_stripped() {
        assert_eq!(keys("release", "[profile.release]\ndebug = 1", "", &[]), ALL[..2]);
    }

    #[test]
    fn the_strongest_source_decides_if_debug_information_is_on() {
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
    fn only_release_and_its_descendants_get_settings() {
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
