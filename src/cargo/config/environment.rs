//! The environment that cargo gives to build scripts: the process's variables, with the `[env]` table of the configuration.

use std::collections::BTreeMap;
use std::ffi::OsString;

use toml::Value;

use super::merged::Merged;

/// The environment of build scripts.
#[derive(Debug, Default)]
pub(crate) struct UserEnvironment {
    configured: BTreeMap<String, Configured>,
}

/// A variable of the `[env]` table.
#[derive(Debug)]
struct Configured {
    value: OsString,
    /// True if it wins over the process's variable.
    force: bool,
}

impl UserEnvironment {
    pub(super) fn new(config: &Merged) -> Self {
        let entries = config.get(&["env"]).into_iter().flat_map(Merged::entries);
        let configured = entries.filter_map(|(name, entry)| Some((name.to_owned(), Configured::new(entry)?)));
        Self { configured: configured.collect() }
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<OsString> {
        match self.configured.get(name) {
            Some(configured) if configured.force => Some(configured.value.clone()),
            configured => std::env::var_os(name).or_else(|| configured.map(|configured| configured.value.clone())),
        }
    }

    /// True if a variable has a value that is not empty.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.is_empty())
    }

    /// The variables of the `[env]` table that are in effect.
    pub(crate) fn additions(&self) -> impl Iterator<Item = (&str, &OsString)> {
        let in_effect =
            |(name, configured): &(&String, &Configured)| configured.force || std::env::var_os(name.as_str()).is_none();
        self.configured.iter().filter(in_effect).map(|(name, configured)| (name.as_str(), &configured.value))
    }

    /// All variables, as text.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let text = |text: OsString| text.to_string_lossy().into_owned();
        let process = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        let additions = self.additions().map(|(name, value)| (name.to_owned(), text(value.clone())));
        process.chain(additions).collect()
    }
}

impl Configured {
    /// Reads `NAME = "value"` or `NAME = { value = "…", force = true, relative = true }`.
    fn new(entry: &Merged) -> Option<Self> {
        let flag = |key: &str| {
            let scalar = entry.get(&[key]).and_then(Merged::scalar);
            scalar.and_then(|scalar| scalar.value.as_bool()).unwrap_or_default()
        };
        let value = entry.scalar().or_else(|| entry.get(&["value"])?.scalar())?;
        let text = value.value.as_str().map_or_else(|| plain(&value.value), str::to_owned);
        let value = if flag("relative") { value.root.join(text).into_os_string() } else { text.into() };
        Some(Self { value, force: flag("force") })
    }
}

/// A value that is not a string. Cargo refuses it.
fn plain(value: &Value) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{CargoConfig, ConfigFiles};

    #[test]
    fn the_process_wins_unless_the_table_forces_its_value() {
        let arguments = ["env.PATH='a'", "env.LZ_NEW='b'", "env.HOME.value='c'", "env.HOME.force=true"];
        let arguments = arguments.map(str::to_owned);
        let config = CargoConfig::new(ConfigFiles::default(), Path::new("/here"), &arguments).unwrap();
        let environment = config.environment();
        assert_ne!(environment.get("PATH").unwrap(), "a");
        assert_eq!((environment.get("LZ_NEW").unwrap(), environment.get("HOME").unwrap()), ("b".into(), "c".into()));
        let additions: Vec<_> = environment.additions().map(|(name, _)| name).collect();
        assert_eq!(additions, ["HOME", "LZ_NEW"]);
    }

    #[test]
    fn a_relative_value_starts_from_the_directory_of_its_source() {
        let arguments = ["env.LZ_NEW.value='a/b'", "env.LZ_NEW.relative=true"].map(str::to_owned);
        let config = CargoConfig::new(ConfigFiles::default(), Path::new("/here"), &arguments).unwrap();
        assert_eq!(config.environment().get("LZ_NEW").unwrap(), "/here/a/b");
    }
}
