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
/// `is_in_environment` says whether a variable is set.
pub(crate) fn additions(
    profile: &str,
    sources: &[&Table],
    is_in_environment: impl Fn(&str) -> bool,
) -> BTreeMap<String, String> {
    let Some(lineage) = lineage(profile, sources) else { return BTreeMap::new() };
    let is_set = |key: &str| {
        lineage.iter().any(|ancestor| {
            is_in_environment(&variable(ancestor, key))
                || sources.iter().any(|source| table_of(source, ancestor).is_some_and(|table| table.contains_key(key)))
        })
    };
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

fn table_of<'a>(source: &'a Table, profile: &str) -> Option<&'a Table> {
    source.get("profile")?.get(profile).and_then(Value::as_table)
}

fn variable(profile: &str, key: &str) -> String {
    format!("CARGO_PROFILE_{profile}_{key}").to_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(profile: &str, manifest: &str, config: &str, environment: &[&str]) -> Vec<String> {
        let (manifest, config): (Table, Table) = (manifest.parse().unwrap(), config.parse().unwrap());
        additions(profile, &[&manifest, &config], |name| environment.contains(&name)).into_keys().collect()
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
