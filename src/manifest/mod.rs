//! What a package declares about its zips: `[package.metadata.lambda-zip]`, its tables for single binaries, and
//! `[workspace.metadata.lambda-zip]`.
//!
//! Cargo passes these tables on unread. Every mistake in one is found here and reported with the manifest and the key.

pub(crate) mod cargo_lambda;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::{Metadata, Package, TargetKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::cli::{OutputFormat, parse_rule};
use crate::suggest::nearest;
use cargo_lambda::{Inherited, InheritedSetting};
use deployment_zip::{Compression, Exclude, Include, ModeRule, Symlinks, parse_octal};
use lambda_zip_check::{ArchiveKind, Level, Levels};
use lambda_zip_error::{ErrorKind, Failure};

/// The name of the tables.
const TABLE: &str = "lambda-zip";

/// What the manifests declare for one function.
#[derive(Debug, Default)]
pub(crate) struct FunctionConfig {
    /// Our own tables, the least specific first.
    tables: Vec<Table>,
    /// What cargo-lambda's tables declare.
    pub(crate) inherited: Inherited,
}

/// The keys of one table. `None` if a key is missing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) include: Option<Vec<Include>>,
    pub(crate) exclude: Vec<Exclude>,
    pub(crate) mode: Vec<ModeRule>,
    pub(crate) symlinks: Option<Symlinks>,
    pub(crate) default_excludes: Option<bool>,
    pub(crate) compression: Option<Compression>,
    pub(crate) kind: Option<ArchiveKind>,
    pub(crate) target_cpu: Option<TargetCpu>,
    pub(crate) checks: Levels,
    features: Option<Features>,
    no_default_features: Option<bool>,
    output_format: Option<OutputFormat>,
}

/// The features that one table turns on.
#[derive(Debug, Clone)]
pub(crate) struct Features {
    pub(crate) names: Vec<String>,
    /// The key and its manifest, for the start of a message.
    pub(crate) origin: String,
}

impl FunctionConfig {
    /// Reads the tables for one binary or example of a package. `directory` is the working directory, which the paths of
    /// cargo-lambda's tables are relative to.
    pub(crate) fn read(metadata: &Metadata, package: &Package, binary: &str, directory: &Path) -> Result<Self> {
        let inherited = Inherited::read(metadata, package, binary, directory)?;
        Ok(Self { tables: tables(metadata, package, binary)?, inherited })
    }

    /// The processor that the most specific table names.
    pub(crate) fn target_cpu(&self) -> Option<&TargetCpu> {
        self.tables.iter().rev().find_map(|table| table.target_cpu.as_ref())
    }

    /// The features that the tables turn on, the least specific table first.
    pub(crate) fn features(&self) -> impl Iterator<Item = &Features> {
        self.tables.iter().filter_map(|table| table.features.as_ref())
    }

    /// True if the most specific table that decides it turns the feature `default` off.
    pub(crate) fn no_default_features(&self) -> bool {
        self.tables.iter().rev().find_map(|table| table.no_default_features).unwrap_or_default()
    }

    /// The format that the most specific table names.
    pub(crate) fn output_format(&self) -> Option<OutputFormat> {
        self.tables.iter().rev().find_map(|table| table.output_format)
    }

    /// True if one of our own tables has this setting, which then replaces cargo-lambda's.
    pub(crate) fn sets(&self, setting: InheritedSetting) -> bool {
        match setting {
            InheritedSetting::Include => self.tables.iter().any(|table| table.include.is_some()),
            InheritedSetting::Kind => self.tables.iter().any(|table| table.kind.is_some()),
            InheritedSetting::Target => false,
        }
    }

    /// The tables that count for the zip, the least specific first: cargo-lambda's settings, where no table of ours
    /// replaces them, then our own.
    pub(crate) fn layers(&self) -> impl Iterator<Item = Cow<'_, Table>> {
        let include = (!self.sets(InheritedSetting::Include)).then(|| self.inherited.include.clone());
        let inherited = Table { include, kind: self.inherited.kind, ..Table::default() };
        std::iter::once(Cow::Owned(inherited)).chain(self.tables.iter().map(Cow::Borrowed))
    }
}

/// A processor, by rustc's name or as `lambda`.
#[derive(Debug, Clone)]
pub(crate) struct TargetCpu {
    pub(crate) name: String,
    /// The key and its manifest, for the start of a message. `None` if `--target-cpu` names the processor.
    pub(crate) origin: Option<String>,
}

/// Our own tables for one binary or example, the least specific first.
fn tables(metadata: &Metadata, package: &Package, binary: &str) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    let root = metadata.workspace_root.join("Cargo.toml");
    if let Some(mut reader) = Reader::of(&metadata.workspace_metadata, "workspace.metadata", root.as_std_path())? {
        reader.refuse_keys_of_packages()?;
        tables.push(reader.table()?);
        reader.finish(&[])?;
    }
    if let Some(mut reader) = Reader::of(&package.metadata, "package.metadata", package.manifest_path.as_std_path())? {
        tables.push(reader.table()?);
        let mut binaries: BTreeMap<String, Map<String, Value>> = reader.take("bin")?.unwrap_or_default();
        reader.finish(&["bin"])?;
        refuse_unknown_binaries(&reader, package, &binaries)?;
        if let Some(table) = binaries.remove(binary) {
            let mut reader = reader.inner(&format!("bin.{binary}"), table);
            tables.push(reader.table()?);
            reader.finish(&[])?;
        }
    }
    Ok(tables)
}

fn refuse_unknown_binaries(
    reader: &Reader<'_>,
    package: &Package,
    binaries: &BTreeMap<String, Map<String, Value>>,
) -> Result<()> {
    let is_executable =
        |target: &&cargo_metadata::Target| target.is_kind(TargetKind::Bin) || target.is_kind(TargetKind::Example);
    let existing: Vec<_> = package.targets.iter().filter(is_executable).map(|target| target.name.as_str()).collect();
    match binaries.keys().find(|name| !existing.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let message = format!("{} names an unknown binary", reader.key(&format!("bin.{name}")));
            Err(Failure::new(ErrorKind::Setup, message).hint(nearest("binaries", name, existing)).into())
        }
    }
}

/// The keys of every table, except that [`KEYS_OF_PACKAGES`] are not for the workspace's.
const KEYS: [&str; 12] = [
    "checks",
    "compression",
    "default-excludes",
    "exclude",
    "features",
    "include",
    "kind",
    "mode",
    "no-default-features",
    "output-format",
    "symlinks",
    "target-cpu",
];

/// A feature belongs to one package.
const KEYS_OF_PACKAGES: [&str; 2] = ["features", "no-default-features"];

#[derive(Deserialize)]
#[serde(untagged)]
enum IncludeValue {
    Source(String),
    Table(Map<String, Value>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ModeValue {
    ByGlob(BTreeMap<String, String>),
    InOrder(Vec<String>),
}

/// Takes the keys out of a table. Those left at the end are unknown.
struct Reader<'a> {
    manifest: &'a Path,
    section: String,
    table: Map<String, Value>,
}

impl<'a> Reader<'a> {
    /// Our table in the metadata of a manifest.
    fn of(metadata: &Value, section: &str, manifest: &'a Path) -> Result<Option<Self>> {
        let Some(value) = metadata.get(TABLE) else { return Ok(None) };
        let section = format!("{section}.{TABLE}");
        let Value::Object(table) = value else {
            let message = format!("`{section}` in `{}` is not a table", manifest.display());
            return Err(Failure::new(ErrorKind::Setup, message).hint(format!("write `[{section}]`")).into());
        };
        Ok(Some(Self { manifest, section, table: table.clone() }))
    }

    fn inner(&self, name: &str, table: Map<String, Value>) -> Self {
        Self { manifest: self.manifest, section: format!("{}.{name}", self.section), table }
    }

    fn directory(&self) -> PathBuf {
        self.manifest.parent().unwrap_or(Path::new("")).to_owned()
    }

    /// A key and its manifest, for the start of a message.
    fn key(&self, key: &str) -> String {
        format!("`{}.{key}` in `{}`", self.section, self.manifest.display())
    }

    /// Adds the key to a failure about its value.
    fn at(&self, key: &str, failure: Failure) -> Failure {
        failure.at(self.key(key)).with_kind(ErrorKind::Setup)
    }

    fn invalid(&self, key: &str, reason: &str) -> Failure {
        self.at(key, Failure::new(ErrorKind::Setup, reason))
    }

    fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, Failure> {
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        // serde_json would name a line of JSON, which the user never wrote.
        let read = serde_json::from_value(value.clone());
        let expected = || format!("`{value}` is not {}", shape_of(key));
        read.map(Some).map_err(|_| self.invalid(key, &expected()))
    }

    fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(&mut self, key: &str) -> Result<Option<T>, Failure> {
        let Some(text) = self.take::<String>(key)? else { return Ok(None) };
        text.parse().map(Some).map_err(|error| self.invalid(key, &format!("`{text}`: {error}")))
    }

    fn table(&mut self) -> Result<Table> {
        Ok(Table {
            include: self.includes()?,
            exclude: self.excludes()?,
            mode: self.modes()?,
            symlinks: self.parse("symlinks")?,
            default_excludes: self.take("default-excludes")?,
            compression: self.parse("compression")?,
            kind: self.parse("kind")?,
            target_cpu: self.take("target-cpu")?.map(|name| TargetCpu { name, origin: Some(self.key("target-cpu")) }),
            checks: self.checks()?,
            features: self.features()?,
            no_default_features: self.take("no-default-features")?,
            output_format: self.parse("output-format")?,
        })
    }

    fn features(&mut self) -> Result<Option<Features>, Failure> {
        let names = self.take("features")?;
        Ok(names.map(|names| Features { names, origin: self.key("features") }))
    }

    fn refuse_keys_of_packages(&self) -> Result<(), Failure> {
        match KEYS_OF_PACKAGES.into_iter().find(|key| self.table.contains_key(*key)) {
            None => Ok(()),
            Some(key) => Err(self
                .invalid(key, "a feature belongs to one package")
                .hint(format!("set `{key}` in `[package.metadata.{TABLE}]` of each package"))),
        }
    }

    /// Refuses the keys that are left.
    fn finish(&self, further: &[&str]) -> Result<(), Failure> {
        let Some(unknown) = self.table.keys().next() else { return Ok(()) };
        let known = KEYS.iter().chain(further).copied();
        Err(self.invalid(unknown, "unknown key").hint(nearest("keys", unknown, known)))
    }

    fn includes(&mut self) -> Result<Option<Vec<Include>>> {
        let Some(values) = self.take::<Vec<IncludeValue>>("include")? else { return Ok(None) };
        values.into_iter().map(|value| self.include(value)).collect::<Result<_>>().map(Some)
    }

    fn include(&self, value: IncludeValue) -> Result<Include> {
        let (source, destination, mode) = match value {
            IncludeValue::Source(source) => (source, None, None),
            IncludeValue::Table(table) => {
                let mut reader = self.inner("include", table);
                let source = reader.take("source")?;
                let source = source.ok_or_else(|| self.invalid("include", "an entry has no `source`"))?;
                let (destination, mode) = (reader.take("dest")?, reader.take::<String>("mode")?);
                if let Some(unknown) = reader.table.keys().next() {
                    let hint = nearest("keys", unknown, ["source", "dest", "mode"]);
                    return Err(reader.invalid(unknown, "unknown key").hint(hint).into());
                }
                let octal = |text: String| parse_octal(&text).map_err(|error| reader.at("mode", error));
                (source, destination, mode.map(octal).transpose()?)
            }
        };
        let origin = format!("{}: `{source}`", self.key("include"));
        Ok(Include { origin, base: self.directory(), source: source.into(), has_destination: false, destination, mode })
    }

    fn excludes(&mut self) -> Result<Vec<Exclude>> {
        let globs: Vec<String> = self.take("exclude")?.unwrap_or_default();
        let directory = self.directory();
        let exclude = |glob: &String| Exclude::new(glob, &directory).map_err(|error| self.at("exclude", error).into());
        globs.iter().map(exclude).collect()
    }

    fn modes(&mut self) -> Result<Vec<ModeRule>> {
        let rules: Vec<_> = match self.take("mode")? {
            None => Vec::new(),
            Some(ModeValue::ByGlob(rules)) => rules.iter().map(|(glob, mode)| ModeRule::new(glob, mode)).collect(),
            Some(ModeValue::InOrder(rules)) => rules.iter().map(|rule| rule.parse()).collect(),
        };
        let rules = rules.into_iter().map(|rule| rule.map_err(|error| self.at("mode", error).into()));
        rules.collect()
    }

    fn checks(&mut self) -> Result<Levels> {
        let named: BTreeMap<String, String> = self.take("checks")?.unwrap_or_default();
        let mut levels = Levels::default();
        for (rule, level) in named {
            let key = format!("checks.{rule}");
            let level = match level.as_str() {
                "deny" => Level::Deny,
                "warn" => Level::Warn,
                "allow" => Level::Allow,
                _ => return Err(self.invalid(&key, "expected `deny`, `warn` or `allow`").into()),
            };
            levels.set(parse_rule(&rule).map_err(|failure| self.at(&key, failure))?, level);
        }
        Ok(levels)
    }
}

/// The type that a key must have.
fn shape_of(key: &str) -> &'static str {
    match key {
        "include" => "a list of paths and of tables with `source`",
        "exclude" => "a list of globs",
        "mode" => "a table or list of globs with octal modes, as in `{ \"*.sh\" = \"0755\" }` or `[\"*.sh=0755\"]`",
        "checks" => "a table of rules with `deny`, `warn` or `allow`",
        "bin" => "a table of tables by the names of binaries",
        "features" => "a list of features",
        "default-excludes" | "no-default-features" => "`true` or `false`",
        _ => "a text",
    }
}
