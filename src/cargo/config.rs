//! The user's configuration of cargo: config files, the environment, and `--config`.
//!
//! It is read so that nothing in it is overridden.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};
use cargo_config2::{Config, PathAndArgs, Walk};
use cargo_metadata::cargo_platform::{Cfg, Platform};
use toml::{Table, Value};

use super::rustc::{RustcCommand, RustcQuery};
use super::rustflags::{self, ConfigFlags};
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, ResultExt};

pub(crate) use super::rustc::Rustc;

pub(crate) struct CargoConfig {
    resolved: Config,
    directory: PathBuf,
    /// The tables of the `--config` arguments, the strongest (last) first.
    command_line: Vec<Table>,
    /// The tables of the config files, the strongest first.
    files: Vec<Table>,
}

/// Reads config files and environment for a directory. Every command needs them, if only for its colours.
pub(crate) fn resolve(directory: &Path) -> Result<Config> {
    Config::load_with_cwd(directory).or_fail(ErrorKind::Setup, || "failed to read cargo's configuration".into())
}

impl CargoConfig {
    /// The configuration of cargo in this directory, with these `--config` arguments. `resolved` was read for the same
    /// directory.
    pub(crate) fn new(resolved: Config, directory: &Path, arguments: &[String]) -> Result<Self> {
        let command_line =
            arguments.iter().rev().map(|argument| parse_argument(directory, argument)).collect::<Result<_>>()?;
        let mut files = Vec::new();
        for path in Walk::new(directory) {
            read_file(&path, &mut files)?;
        }
        Ok(Self { resolved, directory: directory.to_owned(), command_line, files })
    }

    /// All tables, the strongest first.
    pub(crate) fn tables(&self) -> impl DoubleEndedIterator<Item = &Table> + Clone {
        self.command_line.iter().chain(&self.files)
    }

    /// Cargo's home, where it keeps its downloads.
    pub(super) fn cargo_home(&self) -> Option<PathBuf> {
        cargo_config2::cargo_home_with_cwd(&self.directory)
    }

    /// Runs cargo's rustc to find out its version and sysroot.
    pub(crate) fn rustc(&self) -> Result<Rustc> {
        self.rustc_query().run()
    }

    /// The same as a value, which another thread can run.
    pub(crate) fn rustc_query(&self) -> RustcQuery {
        let command = |args: &[&str]| RustcCommand::new(self.resolved.rustc(), args);
        RustcQuery { version: command(&["-vV"]), sysroot: command(&["--print", "sysroot"]) }
    }

    /// The programs that such a query runs: rustc and its wrappers.
    pub(crate) fn rustc_programs(&self) -> impl Iterator<Item = OsString> {
        let PathAndArgs { path, args, .. } = self.resolved.rustc();
        std::iter::once(path.clone().into_os_string()).chain(args.clone())
    }

    /// Runs rustc for its sysroot, the directory of the toolchain.
    pub(crate) fn sysroot(&self) -> Result<PathBuf> {
        self.rustc_query().run_sysroot()
    }

    /// The configured target directory.
    pub(crate) fn target_directory(&self) -> Option<PathBuf> {
        let on_command_line =
            self.command_line.iter().find_map(|table| table.get("build")?.get("target-dir")?.as_str());
        on_command_line.map(|path| self.directory.join(path)).or_else(|| self.resolved.build.target_dir.clone())
    }

    /// The user's linker for a target, from cargo's `linker` key or from `-C linker` among the rustflags.
    pub(crate) fn linker(&self, triple: &str) -> Result<Option<PathBuf>> {
        if let Some(linker) = self.linker_on_command_line(triple)? {
            return Ok(Some(linker));
        }
        let unreadable = || format!("failed to read cargo's configuration for `{triple}`");
        if let Some(linker) = self.resolved.linker(triple).or_fail(ErrorKind::Setup, unreadable)? {
            return Ok(Some(linker));
        }
        let rustflags = self.resolved.rustflags(triple).or_fail(ErrorKind::Setup, unreadable)?;
        Ok(rustflags.and_then(|flags| linker_in_rustflags(&flags.flags)))
    }

    /// The user's rustflags for these targets.
    pub(super) fn rustflags<'t>(&self, triples: impl Iterator<Item = &'t str>) -> Result<rustflags::Source> {
        if let Some(flags) = rustflags::in_environment(|name| std::env::var(name).ok()) {
            return Ok(rustflags::Source::Environment(flags));
        }
        let mut build_flags = self.resolved.build.rustflags.clone().map(|flags| flags.flags).unwrap_or_default();
        let on_command_line = self.command_line.iter().rev();
        build_flags.extend(on_command_line.filter_map(|table| table.get("build")?.get("rustflags")).flat_map(strings));
        let targets = triples.map(|triple| {
            let flags = match self.rustflags_of_target(triple)? {
                Some(flags) => ConfigFlags::Target(flags),
                None => ConfigFlags::Build(build_flags.clone()),
            };
            Ok((triple.to_owned(), flags))
        });
        Ok(rustflags::Source::Config(targets.collect::<Result<_>>()?))
    }

    /// True if sccache wraps the toolchain's own rustc.
    pub(super) fn has_sccache(&self) -> bool {
        let on_command_line =
            |key: &str| self.command_line.iter().find_map(|table| table.get("build")?.get(key)?.as_str());
        let in_environment = std::env::var_os("RUSTC_WRAPPER").is_some();
        let wrapper = on_command_line("rustc-wrapper").filter(|_| !in_environment).map(PathBuf::from);
        let wrapper = wrapper.or_else(|| self.resolved.build.rustc_wrapper.clone());
        let is_own = self.resolved.build.rustc.is_none() && on_command_line("rustc").is_none();
        is_own && wrapper.is_some_and(|wrapper| wrapper.file_stem().is_some_and(|name| name == "sccache"))
    }

    /// `target.*.rustflags`, in the order in which cargo joins them.
    fn rustflags_of_target(&self, triple: &str) -> Result<Option<Vec<String>>> {
        let variable = std::env::var(format!("{}_RUSTFLAGS", target_variable(triple))).ok();
        let tables = self.target_tables(self.tables().rev(), triple, &["rustflags"])?;
        if variable.is_none() && tables.is_empty() {
            return Ok(None);
        }
        let in_tables = tables.into_iter().filter_map(|table| table.get("rustflags")).flat_map(strings);
        Ok(Some(in_tables.chain(variable.iter().flat_map(|flags| strings(&Value::from(flags.as_str())))).collect()))
    }

    fn linker_on_command_line(&self, triple: &str) -> Result<Option<PathBuf>> {
        let linker_of = |table: &Value| {
            let linker = table.get("linker").and_then(|linker| match linker {
                Value::Table(value) => value.get("value").and_then(Value::as_str),
                value => value.as_str(),
            });
            linker.map(PathBuf::from).or_else(|| linker_in_rustflags(&strings(table.get("rustflags")?)))
        };
        let tables = self.target_tables(self.command_line.iter(), triple, &["linker", "rustflags"])?;
        let build_flags = || self.command_line.iter().filter_map(|table| table.get("build")?.get("rustflags"));
        Ok(tables
            .into_iter()
            .find_map(linker_of)
            .or_else(|| build_flags().map(strings).find_map(|flags| linker_in_rustflags(&flags))))
    }

    /// The tables that apply to a target and have one of these keys: `target.<triple>` first, then `target.'cfg(…)'`, as
    /// in cargo.
    fn target_tables<'a>(
        &self,
        sources: impl Iterator<Item = &'a Table> + Clone,
        triple: &str,
        keys: &[&str],
    ) -> Result<Vec<&'a Value>> {
        let has_key = |table: &&Value| keys.iter().any(|key| table.get(key).is_some());
        let targets = sources.filter_map(|table| table.get("target")?.as_table());
        let mut found: Vec<_> = targets.clone().filter_map(|table| table.get(triple)).filter(has_key).collect();
        let by_cfg = targets.flatten().filter(|(key, table)| key.starts_with("cfg(") && has_key(table));
        let mut cfgs = None;
        for (key, table) in by_cfg {
            let platform = Platform::from_str(key)
                .or_fail(ErrorKind::Setup, || format!("invalid key `target.'{key}'` in cargo's configuration"))?;
            // rustc runs only if a key needs it.
            if cfgs.is_none() {
                cfgs = Some(self.cfgs(triple)?);
            }
            if platform.matches(triple, cfgs.as_deref().unwrap_or_default()) {
                found.push(table);
            }
        }
        Ok(found)
    }

    fn cfgs(&self, triple: &str) -> Result<Vec<Cfg>> {
        let output = self.run_rustc(&["--print", "cfg", "--target", triple])?;
        // Duplicates do not change a match.
        let lines: BTreeSet<_> = output.lines().collect();
        lines.into_iter().map(|line| Cfg::from_str(line).with_context(|| format!("unexpected cfg `{line}`"))).collect()
    }

    /// The names of the processors that rustc can compile for. Runs rustc.
    pub(super) fn target_cpus(&self, triple: &str) -> Result<Vec<String>> {
        let output = self.run_rustc(&["--print", "target-cpus", "--target", triple])?;
        let names =
            output.lines().filter(|line| line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
        Ok(names.map(str::to_owned).collect())
    }

    fn run_rustc(&self, args: &[&str]) -> Result<String> {
        RustcCommand::new(self.resolved.rustc(), args).output()
    }
}

/// The prefix of a target's environment variables.
pub(crate) fn target_variable(triple: &str) -> String {
    format!("CARGO_TARGET_{}", triple.to_uppercase().replace('-', "_"))
}

/// Reads a config file and the files that it includes.
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

/// Parses a `--config` argument: the path of a file, or `KEY=VALUE` in TOML. Bad syntax is refused here, before anything
/// starts; cargo checks the keys.
pub(super) fn parse_argument(directory: &Path, argument: &str) -> Result<Table> {
    let file = directory.join(argument);
    let (text, what) = if file.is_file() {
        let text =
            fs::read_to_string(&file).or_fail(ErrorKind::Setup, || format!("failed to read `--config {argument}`"))?;
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

/// The last `-C linker=…`, which is the one that rustc uses.
fn linker_in_rustflags(flags: &[String]) -> Option<PathBuf> {
    rustflags::codegen_options(flags).filter_map(|option| option.strip_prefix("linker=")).next_back().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linker_of(arguments: &[&str], triple: &str) -> Option<PathBuf> {
        let directory = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        CargoConfig::new(resolve(directory.path()).unwrap(), directory.path(), &arguments)
            .unwrap()
            .linker_on_command_line(triple)
            .unwrap()
    }

    const MUSL: &str = "aarch64-unknown-linux-musl";

    #[test]
    fn a_linker_on_the_command_line_is_found_by_triple_or_by_cfg() {
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
    fn a_linker_among_the_rustflags_is_found() {
        let flags = |text: &str| linker_in_rustflags(&strings(&Value::from(text)));
        assert_eq!(flags("-Clinker=a -C linker=b -Copt-level=1"), Some("b".into()));
        assert_eq!(flags("--codegen=linker=c"), Some("c".into()));
        assert_eq!(flags("-Clinker-flavor=gcc -C"), None);
        assert_eq!(linker_of(&["build.rustflags=['-Clinker=d']"], MUSL), Some("d".into()));
    }

    #[test]
    fn an_argument_that_is_not_toml_is_refused() {
        let error = parse_argument(Path::new("."), "linker").unwrap_err();
        assert_eq!(lambda_zip_error::exit_code(&error), 2);
    }
}
