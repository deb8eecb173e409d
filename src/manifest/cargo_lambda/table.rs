//! The tables, merged as cargo-lambda merges them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package};
use serde::de::DeserializeOwned;
use serde_json::Value;

use lambda_zip_error::{ErrorKind, Failure};

/// One key of a table.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) name: String,
    /// Such as `package.metadata.lambda.build`.
    section: String,
    manifest: PathBuf,
    pub(super) value: Value,
}

impl Key {
    /// The table and its manifest, for a message.
    pub(super) fn table(&self) -> String {
        format!("`{}` in `{}`", self.section, self.manifest.display())
    }

    /// The key and its manifest, for the start of a message.
    pub(super) fn place(&self) -> String {
        format!("`{}.{}` in `{}`", self.section, self.name, self.manifest.display())
    }

    /// Its value. `shape` describes the expected type for the error.
    pub(super) fn value<T: DeserializeOwned>(&self, shape: &str) -> Result<T, Failure> {
        serde_json::from_value(self.value.clone())
            .map_err(|_| Failure::new(ErrorKind::Setup, format!("{}: `{}` is not {shape}", self.place(), self.value)))
    }
}

/// The keys that count for one binary.
#[derive(Debug, Default)]
pub(super) struct Keys(BTreeMap<String, Key>);

impl Keys {
    /// Merges the tables: the workspace's, the binary's in the workspace's, then the package's. As with cargo-lambda, a
    /// binary's table in the package's replaces the package's.
    pub(super) fn of(metadata: &Metadata, package: &Package, binary: &str) -> Self {
        let mut keys = Self::default();
        let root = metadata.workspace_root.join("Cargo.toml");
        if let Some(table) = metadata.workspace_metadata.get("lambda") {
            keys.add(table, "workspace.metadata.lambda", root.as_std_path());
            if let Some(of_binary) = table.get("bin").and_then(|binaries| binaries.get(binary)) {
                keys.add(of_binary, &format!("workspace.metadata.lambda.bin.{binary}"), root.as_std_path());
            }
        }
        if let Some(table) = package.metadata.get("lambda") {
            let manifest = package.manifest_path.as_std_path();
            match table.get("bin").and_then(|binaries| binaries.get(binary)) {
                Some(of_binary) => keys.add(of_binary, &format!("package.metadata.lambda.bin.{binary}"), manifest),
                None => keys.add(table, "package.metadata.lambda", manifest),
            }
        }
        keys
    }

    fn add(&mut self, table: &Value, section: &str, manifest: &Path) {
        let manifest = manifest.to_owned();
        let build = table.get("build").and_then(Value::as_object);
        for (name, value) in build.into_iter().flatten() {
            let section = format!("{section}.build");
            let key = Key { name: name.clone(), section, manifest: manifest.clone(), value: value.clone() };
            self.0.insert(name.clone(), key);
        }
        // These files go into the deployed zip too. No other key of that table changes the zip.
        if let Some(value) = table.get("deploy").and_then(|deploy| deploy.get("include")) {
            let section = format!("{section}.deploy");
            let key = Key { name: "include".to_owned(), section, manifest, value: value.clone() };
            self.0.insert("deploy.include".to_owned(), key);
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Key> {
        self.0.remove(name)
    }

    /// Takes a boolean key if it is true.
    pub(super) fn take_if_true(&mut self, name: &str) -> Result<Option<Key>, Failure> {
        let Some(key) = self.take(name) else { return Ok(None) };
        let is_on: bool = key.value("`true` or `false`")?;
        Ok(is_on.then_some(key))
    }

    /// The keys that were not taken, by name.
    pub(super) fn rest(self) -> impl Iterator<Item = (String, Key)> {
        self.0.into_iter()
    }
}
