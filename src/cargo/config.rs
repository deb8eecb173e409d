//! What the user configured for cargo, from all of its sources: config files, the environment, and `--config`.
//!
//! It is read for one purpose: never to override it. `cargo-config2` resolves files and environment as cargo does, but
//! knows nothing of `--config`, which is looked at here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, Result};
use cargo_config2::{Config, PathAndArgs, Walk};
use cargo_metadata::cargo_platform::{Cfg, Platform};
use toml::{Table, Value};

use super::profile;
use crate::error::{ErrorKind, Failure, ResultExt};
use crate::fs;

pub(crate) struct CargoConfig {
    resolved: Config,
    /// The tables of the `--config` arguments, the last one, which wins, first.
    command_line: Vec<Table>,
    /// The tables of the config files, for the keys that `cargo-config2` does not know.
    files: Vec<Table>,
}

impl CargoConfig {
    /// Reads the configuration that cargo would use in this folder with these `--config` arguments.
    pub(crate) fn load(folder: &Path, arguments: &[String]) -> Result<Self> {
        let resolved = Config::load_with_cwd(folder)
            .or_fail(ErrorKind::Setup, || "failed to read cargo's configuration".into())?;
        let command_line =
            arguments.iter().rev().map(|argument| parse_argument(folder, argument)).collect::<Result<_>>()?;
        let mut files = Vec::new();
        for path in Walk::new(folder) {
            read_file(&path, &mut files)?;
        }
        Ok(Self { resolved, command_line, files })
    }

    /// The settings that a deployment wants of a profile and that are set nowhere, as environment variables.
    pub(crate) fn profile_additions(&self, profile: &str, manifest: &Path) -> Result<BTreeMap<String, String>> {
        let manifest: Table = fs::read_to_string(manifest)?
            .parse()
            .or_fail(ErrorKind::Metadata, || format!("`{}` is not valid TOML", manifest.display()))?;
        let sources: Vec<_> = self.command_line.iter().chain(&self.files).chain([&manifest]).collect();
        Ok(profile::additions(profile, &sources, |name| std::env::var_os(name).is_some()))
    }

    /// The triple of the machine that builds.
    pub(crate) fn host(&self) -> Result<&str> {
        self.resolved.host_triple().or_fail(ErrorKind::Setup, || "failed to ask `rustc` for its host".into()).map_err(
            |error| error.context(Failure::new(ErrorKind::Setup, "`rustc` cannot be used").hint(RUST_IS_MISSING)),
        )
    }

    /// The folder of the toolchain, under which the targets are installed.
    pub(crate) fn sysroot(&self) -> Result<PathBuf> {
        let output = self.rustc(&["--print", "sysroot"])?;
        Ok(PathBuf::from(output.trim_end()))
    }

    /// The linker that the user chose for a target, by cargo's `linker` key or by a `-C linker` among the rustflags.
    pub(crate) fn linker(&self, triple: &str) -> Result<Option<PathBuf>> {
        if let Some(linker) = self.linker_on_command_line(triple)? {
            return Ok(Some(linker));
        }
        let unreadable = || format!("failed to resolve cargo's configuration for `{triple}`");
        if let Some(linker) = self.resolved.linker(triple).or_fail(ErrorKind::Setup, unreadable)? {
            return Ok(Some(linker));
        }
        let rustflags = self.resolved.rustflags(triple).or_fail(ErrorKind::Setup, unreadable)?;
        Ok(rustflags.and_then(|flags| linker_in_rustflags(&flags.flags)))
    }

    /// `target.<triple>` goes before `target.'cfg(…)'`, as in cargo.
    fn linker_on_command_line(&self, triple: &str) -> Result<Option<PathBuf>> {
        let linker_of = |table: &Value| {
            let linker = table.get("linker").and_then(|linker| match linker {
                Value::Table(value) => value.get("value").and_then(Value::as_str),
                value => value.as_str(),
            });
            linker.map(PathBuf::from).or_else(|| linker_in_rustflags(&strings(table.get("rustflags")?)))
        };
        let targets = || self.command_line.iter().filter_map(|table| table.get("target")?.as_table());
        if let Some(linker) = targets().find_map(|table| linker_of(table.get(triple)?)) {
            return Ok(Some(linker));
        }
        let by_cfg: Vec<_> = targets()
            .flatten()
            .filter(|(key, _)| key.starts_with("cfg("))
            .filter_map(|(key, table)| Some((key, linker_of(table)?)))
            .collect();
        if !by_cfg.is_empty() {
            let cfgs = self.cfgs(triple)?;
            for (key, linker) in by_cfg {
                let platform = Platform::from_str(key)
                    .or_fail(ErrorKind::Usage, || format!("`--config` has a target key that is not valid: `{key}`"))?;
                if platform.matches(triple, &cfgs) {
                    return Ok(Some(linker));
                }
            }
        }
        let build_flags = self.command_line.iter().filter_map(|table| table.get("build")?.get("rustflags"));
        Ok(build_flags.map(strings).find_map(|flags| linker_in_rustflags(&flags)))
    }

    fn cfgs(&self, triple: &str) -> Result<Vec<Cfg>> {
        let output = self.rustc(&["--print", "cfg", "--target", triple])?;
        // Duplicates mean nothing to a match.
        let lines: BTreeSet<_> = output.lines().collect();
        lines.into_iter().map(|line| Cfg::from_str(line).with_context(|| format!("unexpected cfg `{line}`"))).collect()
    }

    fn rustc(&self, args: &[&str]) -> Result<String> {
        let PathAndArgs { path, args: wrapped, .. } = self.resolved.rustc();
        let failure = |reason: String| {
            Failure::new(ErrorKind::Setup, format!("`{} {}` failed{reason}", path.display(), args.join(" ")))
                .hint(RUST_IS_MISSING)
        };
        let output = Command::new(path)
            .args(wrapped)
            .args(args)
            .output()
            .map_err(|error| anyhow::Error::from(error).context(failure(String::new())))?;
        if !output.status.success() {
            return Err(failure(format!(": {}", String::from_utf8_lossy(&output.stderr).trim_end())).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

const RUST_IS_MISSING: &str = "install Rust with rustup: https://rustup.rs";

/// Reads a config file and those that it includes: a path, or a table with a `path`, or several of either.
fn read_file(path: &Path, tables: &mut Vec<Table>) -> Result<()> {
    let table: Table = fs::read_to_string(path)
        .and_then(|text| Ok(text.parse()?))
        .or_fail(ErrorKind::Setup, || format!("failed to read cargo's configuration in `{}`", path.display()))?;
    let included = match table.get("include") {
        Some(Value::Array(several)) => several.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    tables.push(table);
    for include in included {
        let Some(name) = include.as_str().or_else(|| include.get("path")?.as_str()) else { continue };
        let file = path.with_file_name(name);
        if file.is_file() {
            read_file(&file, tables)?;
        }
    }
    Ok(())
}

/// A `--config` argument is a file when one lies there, else `KEY = VALUE` in TOML. Cargo itself is the judge of its
/// keys; what it would refuse for its form is refused here before anything starts.
fn parse_argument(folder: &Path, argument: &str) -> Result<Table> {
    let file = folder.join(argument);
    let (text, what) = if file.is_file() {
        let text =
            fs::read_to_string(&file).or_fail(ErrorKind::Setup, || format!("`--config {argument}` cannot be read"))?;
        (text, "is not a valid config file")
    } else {
        (argument.to_owned(), "is neither a file nor `KEY=VALUE` in TOML")
    };
    text.parse().or_fail(ErrorKind::Usage, || format!("`--config {argument}` {what}"))
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(flags) => flags.split_whitespace().map(str::to_owned).collect(),
        Value::Array(flags) => flags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The last `-C linker=…`, which is the one that rustc obeys.
fn linker_in_rustflags(flags: &[String]) -> Option<PathBuf> {
    let codegen = flags.iter().enumerate().filter_map(|(index, flag)| {
        match flag.strip_prefix("-C").or_else(|| flag.strip_prefix("--codegen="))? {
            "" => flags.get(index + 1).map(String::as_str),
            attached => Some(attached),
        }
    });
    codegen.filter_map(|option| option.strip_prefix("linker=")).next_back().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linker_of(arguments: &[&str], triple: &str) -> Option<PathBuf> {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        CargoConfig::load(folder.path(), &arguments).unwrap().linker_on_command_line(triple).unwrap()
    }

    const MUSL: &str = "aarch64-unknown-linux-musl";

    #[test]
    fn a_linker_on_the_command_line_is_found_by_triple_and_by_cfg() {
        assert_eq!(linker_of(&[], MUSL), None);
        assert_eq!(linker_of(&[&format!("target.{MUSL}.linker='a'")], MUSL), Some("a".into()));
        assert_eq!(linker_of(&["target.x86_64-unknown-linux-musl.linker='a'"], MUSL), None);
        assert_eq!(linker_of(&[r#"target.'cfg(target_env = "musl")'.linker = "b""#], MUSL), Some("b".into()));
        assert_eq!(linker_of(&[r#"target.'cfg(target_env = "gnu")'.linker = "b""#], MUSL), None);
    }

    #[test]
    fn the_last_of_several_arguments_wins() {
        let [first, last] = ["a", "b"].map(|linker| format!("target.{MUSL}.linker='{linker}'"));
        assert_eq!(linker_of(&[&first, &last], MUSL), Some("b".into()));
    }

    #[test]
    fn a_linker_among_rustflags_counts() {
        let flags = |text: &str| linker_in_rustflags(&strings(&Value::from(text)));
        assert_eq!(flags("-Clinker=a -C linker=b -Copt-level=1"), Some("b".into()));
        assert_eq!(flags("--codegen=linker=c"), Some("c".into()));
        assert_eq!(flags("-Clinker-flavor=gcc -C"), None);
        assert_eq!(linker_of(&["build.rustflags=['-Clinker=d']"], MUSL), Some("d".into()));
    }

    #[test]
    fn an_argument_that_is_no_toml_is_refused() {
        let error = parse_argument(Path::new("."), "linker").unwrap_err();
        assert_eq!(crate::error::exit_code(&error), 2);
    }
}
