//! Finding and reading cargo's config files, with the files that they include, and `--config` arguments.
//!
//! <https://doc.rust-lang.org/cargo/reference/config.html>

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use toml::{Table, Value};

use crate::cargo::program;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, ResultExt};

/// The largest config file.
const SIZE_LIMIT: u64 = 8 << 20;

/// The first cargo that reads `include` without an unstable option (the middle number of its version). Older ones ignore
/// it with a warning.
const INCLUDE_IS_STABLE: u64 = 94;

/// One source of configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer {
    pub(crate) table: Table,
    /// The directory that relative paths of this source start from.
    pub(crate) root: PathBuf,
}

/// The config files of a directory, the weakest first.
#[derive(Debug, Default, Clone)]
pub(crate) struct ConfigFiles {
    pub(super) layers: Vec<Layer>,
}

impl ConfigFiles {
    /// Reads the config files that cargo reads in this directory. Every command needs them, if only for its colours.
    pub(crate) fn load(directory: &Path) -> Result<Self> {
        let mut layers = Vec::new();
        for path in config_files(directory) {
            let read = read(&path, &mut Vec::new());
            layers.extend(read.or_fail(ErrorKind::Setup, || "failed to read cargo's configuration".into())?);
        }
        for layer in &layers {
            check_colors(&layer.table).or_fail(ErrorKind::Setup, || "failed to read cargo's configuration".into())?;
        }
        Ok(Self { layers })
    }

    /// Their tables, the weakest first.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.layers.iter().map(|layer| &layer.table)
    }
}

/// Refuses an unknown value of `term.color` and `term.progress`, as cargo does.
fn check_colors(table: &Table) -> Result<()> {
    let term = |key: &str| table.get("term").and_then(|term| term.get(key));
    let progress = term("progress").and_then(|progress| progress.get("when"));
    for (key, value) in [("term.color", term("color")), ("term.progress.when", progress)] {
        let Some(value) = value.and_then(Value::as_str) else { continue };
        ensure!(
            ["auto", "always", "never"].contains(&value),
            "`{key}` is `{value}`, expected `auto`, `always` or `never`"
        );
    }
    Ok(())
}

/// Cargo's home directory.
pub(super) fn cargo_home(directory: &Path) -> Option<PathBuf> {
    match std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()) {
        Some(home) => Some(directory.join(home)),
        None => Some(dirs::home_dir()?.join(".cargo")),
    }
}

/// The paths of the config files that exist, the weakest first: cargo's home, then each directory down to this one.
fn config_files(directory: &Path) -> Vec<PathBuf> {
    let directories = directory.ancestors().map(|ancestor| ancestor.join(".cargo"));
    let mut files: Vec<PathBuf> = Vec::new();
    for directory in directories.chain(cargo_home(directory)) {
        // Cargo prefers the old name if both exist.
        let names = ["config", "config.toml"].map(|name| directory.join(name));
        let found = names.into_iter().find(|path| path.is_file());
        // The home may also be above the working directory.
        files.extend(found.filter(|path| !files.contains(path)));
    }
    files.reverse();
    files
}

/// Reads a config file. The files that it includes come first, because they are weaker. `including` has the files that are
/// being read, to detect a cycle.
fn read(path: &Path, including: &mut Vec<PathBuf>) -> Result<Vec<Layer>> {
    if including.iter().any(|file| file == path) {
        bail!("config `include` cycle detected with path `{}`", path.display());
    }
    let table: Table = fs::read_text_bounded(path, SIZE_LIMIT)?
        .parse()
        .with_context(|| format!("failed to parse `{}` as cargo configuration", path.display()))?;
    // As in cargo, also for a file that is not in a `.cargo` directory.
    let root = path.parent().and_then(Path::parent).unwrap_or(path).to_owned();
    including.push(path.to_owned());
    let directory = path.parent().unwrap_or(path);
    let mut layers = included(&table, directory, including)?;
    including.pop();
    layers.push(Layer { table, root });
    Ok(layers)
}

/// The layers that a table includes. Paths start from `directory`.
fn included(table: &Table, directory: &Path, including: &mut Vec<PathBuf>) -> Result<Vec<Layer>> {
    let mut layers = Vec::new();
    let Some(include) = table.get("include") else { return Ok(layers) };
    if !cargo_reads_includes() {
        return Ok(layers);
    }
    let Some(includes) = include.as_array() else {
        bail!("expected a list of strings or a list of tables at `include`, found {}", include.type_str());
    };
    for include in includes {
        let path = include.as_str().or_else(|| include.get("path")?.as_str());
        let path = path.with_context(|| format!("found `include = {include}`, expected a path"))?;
        let file = directory.join(path);
        let is_optional = include.get("optional").and_then(Value::as_bool).unwrap_or_default();
        if is_optional && !file.is_file() {
            continue;
        }
        layers.extend(read(&file, including).with_context(|| format!("failed to load config include `{path}`"))?);
    }
    Ok(layers)
}

/// True if this cargo reads `include`. Runs cargo, which is only needed for a user who has an `include`.
fn cargo_reads_includes() -> bool {
    let output = Command::new(program()).arg("--version").stdin(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    // `cargo 1.95.0 (f2d3ce0bd 2026-03-21)`
    let minor = text.split('.').nth(1).and_then(|minor| minor.parse::<u64>().ok());
    minor.is_none_or(|minor| minor >= INCLUDE_IS_STABLE)
}

/// The layers of one `--config` argument, the weakest first.
pub(super) fn argument_layers(directory: &Path, argument: &str) -> Result<Vec<Layer>> {
    let file = directory.join(argument);
    if file.is_file() {
        let unreadable = || format!("failed to read `--config {argument}`");
        return read(&file, &mut Vec::new()).or_fail(ErrorKind::Usage, unreadable);
    }
    let table = parse_key_and_value(argument)?;
    let unreadable = || format!("failed to read `--config {argument}`");
    let mut layers = included(&table, directory, &mut Vec::new()).or_fail(ErrorKind::Usage, unreadable)?;
    layers.push(Layer { table, root: directory.to_owned() });
    Ok(layers)
}

/// Parses `KEY=VALUE` in TOML. Bad syntax is refused here, before anything starts; cargo checks the keys.
fn parse_key_and_value(argument: &str) -> Result<Table> {
    let invalid = || format!("`--config {argument}` is neither a file nor `KEY=VALUE` in TOML");
    argument.parse().or_fail(ErrorKind::Usage, invalid)
}

/// The value of an environment variable, as text.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(OsString::into_string).and_then(Result::ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(layers: &[Layer]) -> Vec<String> {
        layers.iter().filter_map(|layer| Some(layer.table.get("name")?.as_str()?.to_owned())).collect()
    }

    #[test]
    fn includes_are_weaker_than_their_file_and_later_ones_are_stronger() {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "config.toml",
            "include = ['a.toml', { path = 'sub/b.toml' }, { path = 'no.toml', optional = true }]\nname = 'f'",
        );
        write("a.toml", "name = 'a'");
        write("sub/b.toml", "include = ['c.toml']\nname = 'b'");
        write("sub/c.toml", "name = 'c'");
        let layers = read(&directory.path().join("config.toml"), &mut Vec::new()).unwrap();
        assert_eq!(values(&layers), ["a", "c", "b", "f"]);
        assert_eq!(layers[1].root, directory.path(), "cargo's rule for every file");
    }

    #[test]
    fn a_cycle_a_missing_file_and_another_type_are_errors() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        for text in ["include = ['config.toml']", "include = ['no.toml']", "include = 'a.toml'", "include = [1]"] {
            std::fs::write(&path, text).unwrap();
            assert!(read(&path, &mut Vec::new()).is_err(), "{text}");
        }
    }

    #[test]
    fn an_argument_that_is_not_toml_is_refused() {
        let error = argument_layers(Path::new("."), "linker").unwrap_err();
        assert_eq!(lambda_zip_error::exit_code(&error), 2);
    }
}
