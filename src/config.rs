//! What a package declares about its zips: `[package.metadata.lambda-zip]`, its tables for single binaries, and
//! `[workspace.metadata.lambda-zip]`.
//!
//! Cargo hands these tables on without a look at them, so everything that is wrong with one is found here, and said with
//! the manifest and the key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::{Metadata, Package, TargetKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::cargo_lambda::{Answer, Inherited};
use crate::cli::parse_rule;
use crate::suggest::nearest;
use deployment_zip::{Compression, Exclude, Include, ModeRule, Symlinks, parse_octal};
use lambda_zip_check::{ArchiveKind, Level, Levels};
use lambda_zip_error::{ErrorKind, Failure};

/// The name of the tables.
const TABLE: &str = "lambda-zip";

/// The tables that have a say in the zip of one binary, the least specific first.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) tables: Vec<Table>,
}

/// One table, read.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Nothing where the table does not have the key.
    pub(crate) include: Option<Vec<Include>>,
    pub(crate) exclude: Vec<Exclude>,
    pub(crate) mode: Vec<ModeRule>,
    pub(crate) symlinks: Option<Symlinks>,
    pub(crate) default_excludes: Option<bool>,
    pub(crate) compression: Option<Compression>,
    pub(crate) kind: Option<ArchiveKind>,
    pub(crate) target_cpu: Option<TargetCpu>,
    pub(crate) checks: Levels,
}

impl Declared {
    /// Whether a table answers this question, which cargo-lambda's then do not.
    pub(crate) fn answers(&self, question: Answer) -> bool {
        match question {
            Answer::Include => self.tables.iter().any(|table| table.include.is_some()),
            Answer::Kind => self.tables.iter().any(|table| table.kind.is_some()),
            Answer::Target => false,
        }
    }

    /// The same, with what cargo-lambda's tables say of questions that no table here answers.
    pub(crate) fn over(mut self, inherited: Inherited) -> Self {
        let include = Some(inherited.include).filter(|_| !self.answers(Answer::Include));
        self.tables.insert(0, Table { include, kind: inherited.kind, ..Table::default() });
        self
    }
}

/// The processor that is asked for, by a name of rustc's or `lambda`.
#[derive(Debug, Clone)]
pub(crate) struct TargetCpu {
    pub(crate) name: String,
    /// The key and its manifest, to begin a message with. Nothing for the flag.
    pub(crate) origin: Option<String>,
}

/// Reads the tables for one binary or example of a package.
pub(crate) fn declared(metadata: &Metadata, package: &Package, binary: &str) -> Result<Declared> {
    let mut tables = Vec::new();
    let root = metadata.workspace_root.join("Cargo.toml");
    if let Some(mut reader) = Reader::of(&metadata.workspace_metadata, "workspace.metadata", root.as_std_path())? {
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
    Ok(Declared { tables })
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
            let message = format!("{} is about a binary that does not exist", reader.key(&format!("bin.{name}")));
            Err(Failure::new(ErrorKind::Setup, message).hint(nearest("binaries", name, existing)).into())
        }
    }
}

/// The keys of every table.
const KEYS: [&str; 9] =
    ["checks", "compression", "default-excludes", "exclude", "include", "kind", "mode", "symlinks", "target-cpu"];

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

/// A table of which keys are taken until none is left.
struct Reader<'a> {
    manifest: &'a Path,
    section: String,
    table: Map<String, Value>,
}

impl<'a> Reader<'a> {
    /// Our table among the metadata of a manifest, if there is one.
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

    fn folder(&self) -> PathBuf {
        self.manifest.parent().unwrap_or(Path::new("")).to_owned()
    }

    /// A key with its place, to begin a message with.
    fn key(&self, key: &str) -> String {
        format!("`{}.{key}` in `{}`", self.section, self.manifest.display())
    }

    /// A failure about the value of a key, with the key.
    fn at(&self, key: &str, failure: Failure) -> Failure {
        failure.at(self.key(key)).exit_code(ErrorKind::Setup.exit_code())
    }

    fn invalid(&self, key: &str, reason: &str) -> Failure {
        self.at(key, Failure::new(ErrorKind::Setup, reason))
    }

    fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, Failure> {
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        // The place in a JSON text that nobody wrote would mislead.
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
        })
    }

    /// Refuses what is left.
    fn finish(&self, further: &[&str]) -> Result<(), Failure> {
        let Some(unknown) = self.table.keys().next() else { return Ok(()) };
        let known = KEYS.iter().chain(further).copied();
        Err(self.invalid(unknown, "there is no such key").hint(nearest("keys", unknown, known)))
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
                let source = source.ok_or_else(|| self.invalid("include", "a table in it has no `source`"))?;
                let (destination, mode) = (reader.take("dest")?, reader.take::<String>("mode")?);
                if let Some(unknown) = reader.table.keys().next() {
                    let hint = nearest("keys", unknown, ["source", "dest", "mode"]);
                    return Err(reader.invalid(unknown, "there is no such key").hint(hint).into());
                }
                let octal = |text: String| parse_octal(&text).map_err(|error| reader.at("mode", error));
                (source, destination, mode.map(octal).transpose()?)
            }
        };
        let origin = format!("{}: `{source}`", self.key("include"));
        Ok(Include { origin, base: self.folder(), source: source.into(), has_destination: false, destination, mode })
    }

    fn excludes(&mut self) -> Result<Vec<Exclude>> {
        let globs: Vec<String> = self.take("exclude")?.unwrap_or_default();
        let folder = self.folder();
        let exclude = |glob: &String| Exclude::new(glob, &folder).map_err(|error| self.at("exclude", error).into());
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
                _ => return Err(self.invalid(&key, "there is `deny`, `warn` and `allow`").into()),
            };
            levels.set(parse_rule(&rule).map_err(|failure| self.at(&key, failure))?, level);
        }
        Ok(levels)
    }
}

/// What the value of a key has to be.
fn shape_of(key: &str) -> &'static str {
    match key {
        "include" => "a list of paths and of tables with `source`",
        "exclude" => "a list of globs",
        "mode" => "a table or list of globs with octal modes, as in `{ \"*.sh\" = \"0755\" }` or `[\"*.sh=0755\"]`",
        "checks" => "a table of rules with `deny`, `warn` or `allow`",
        "bin" => "a table of tables by the names of binaries",
        "default-excludes" => "`true` or `false`",
        _ => "a text",
    }
}
