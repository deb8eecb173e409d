//! What the user configured for cargo, from all of its sources: config files, the environment, and `--config`.
//!
//! It is read for one purpose: never to override it. `cargo-config2` resolves files and environment as cargo does, but
//! knows nothing of `--config`, which is looked at here.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::thread;

use anyhow::{Context, Result};
use cargo_config2::{Config, PathAndArgs, Walk};
use cargo_metadata::cargo_platform::{Cfg, Platform};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::rustflags::{self, ConfigFlags};
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

pub(crate) struct CargoConfig {
    resolved: Config,
    folder: PathBuf,
    /// The tables of the `--config` arguments, the last one, which wins, first.
    command_line: Vec<Table>,
    /// The tables of the config files, for the keys that `cargo-config2` does not know.
    files: Vec<Table>,
}

/// Reads what files and environment configure in this folder. Every command needs it, if only for its colours.
pub(crate) fn resolve(folder: &Path) -> Result<Config> {
    Config::load_with_cwd(folder).or_fail(ErrorKind::Setup, || "failed to read cargo's configuration".into())
}

impl CargoConfig {
    /// The configuration that cargo would use in this folder, for which `resolved` was read, with these `--config`
    /// arguments.
    pub(crate) fn new(resolved: Config, folder: &Path, arguments: &[String]) -> Result<Self> {
        let command_line =
            arguments.iter().rev().map(|argument| parse_argument(folder, argument)).collect::<Result<_>>()?;
        let mut files = Vec::new();
        for path in Walk::new(folder) {
            read_file(&path, &mut files)?;
        }
        Ok(Self { resolved, folder: folder.to_owned(), command_line, files })
    }

    /// Every table of the configuration and the arguments, the one that wins first.
    pub(crate) fn tables(&self) -> impl DoubleEndedIterator<Item = &Table> + Clone {
        self.command_line.iter().chain(&self.files)
    }

    /// Where cargo keeps what it downloads.
    pub(super) fn cargo_home(&self) -> Option<PathBuf> {
        cargo_config2::cargo_home_with_cwd(&self.folder)
    }

    /// Asks the compiler that cargo would use what it is.
    pub(crate) fn rustc(&self) -> Result<Rustc> {
        self.rustc_questions().ask()
    }

    /// The questions to the compiler that cargo would use, which any thread can ask.
    pub(crate) fn rustc_questions(&self) -> RustcQuestions {
        let ask = |args: &[&str]| Question::of(self.resolved.rustc(), args);
        RustcQuestions { version: ask(&["-vV"]), sysroot: ask(&["--print", "sysroot"]) }
    }

    /// The programs that answer such questions: the compiler, and the wrappers around it.
    pub(crate) fn rustc_programs(&self) -> impl Iterator<Item = OsString> {
        let PathAndArgs { path, args, .. } = self.resolved.rustc();
        std::iter::once(path.clone().into_os_string()).chain(args.clone())
    }

    /// The folder of the toolchain, under which the targets are installed.
    pub(crate) fn sysroot(&self) -> Result<PathBuf> {
        self.rustc_questions().sysroot()
    }

    /// The target directory that the configuration names, if it names one.
    pub(crate) fn target_directory(&self) -> Option<PathBuf> {
        let on_command_line =
            self.command_line.iter().find_map(|table| table.get("build")?.get("target-dir")?.as_str());
        on_command_line.map(|path| self.folder.join(path)).or_else(|| self.resolved.build.target_dir.clone())
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

    /// Where the user's rustflags for these targets come from.
    pub(super) fn rustflags<'t>(&self, triples: impl Iterator<Item = &'t str>) -> Result<rustflags::Source> {
        if let Some(flags) = rustflags::in_environment(|name| std::env::var(name).ok()) {
            return Ok(rustflags::Source::Environment(flags));
        }
        let mut of_build = self.resolved.build.rustflags.clone().map(|flags| flags.flags).unwrap_or_default();
        let on_command_line = self.command_line.iter().rev();
        of_build.extend(on_command_line.filter_map(|table| table.get("build")?.get("rustflags")).flat_map(strings));
        let targets = triples.map(|triple| {
            let flags = match self.rustflags_of_target(triple)? {
                Some(flags) => ConfigFlags::Target(flags),
                None => ConfigFlags::Build(of_build.clone()),
            };
            Ok((triple.to_owned(), flags))
        });
        Ok(rustflags::Source::Config(targets.collect::<Result<_>>()?))
    }

    /// Whether the toolchain's own compiler runs behind sccache.
    pub(super) fn has_sccache(&self) -> bool {
        let on_command_line =
            |key: &str| self.command_line.iter().find_map(|table| table.get("build")?.get(key)?.as_str());
        let in_environment = std::env::var_os("RUSTC_WRAPPER").is_some();
        let wrapper = on_command_line("rustc-wrapper").filter(|_| !in_environment).map(PathBuf::from);
        let wrapper = wrapper.or_else(|| self.resolved.build.rustc_wrapper.clone());
        let is_own = self.resolved.build.rustc.is_none() && on_command_line("rustc").is_none();
        is_own && wrapper.is_some_and(|wrapper| wrapper.file_stem().is_some_and(|name| name == "sccache"))
    }

    /// `target.*.rustflags` in the order in which cargo joins them, if there are any.
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

    /// The tables that hold for a target and have one of these keys: `target.<triple>` first, as in cargo, then those of
    /// `target.'cfg(…)'`.
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
                .or_fail(ErrorKind::Setup, || format!("cargo's configuration has an invalid key `target.'{key}'`"))?;
            // Rustc is only asked when there is something to ask.
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
        let output = self.ask_rustc(&["--print", "cfg", "--target", triple])?;
        // Duplicates mean nothing to a match.
        let lines: BTreeSet<_> = output.lines().collect();
        lines.into_iter().map(|line| Cfg::from_str(line).with_context(|| format!("unexpected cfg `{line}`"))).collect()
    }

    /// The processors that rustc can compile for, by its names.
    pub(super) fn target_cpus(&self, triple: &str) -> Result<Vec<String>> {
        let output = self.ask_rustc(&["--print", "target-cpus", "--target", triple])?;
        let names =
            output.lines().filter(|line| line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
        Ok(names.map(str::to_owned).collect())
    }

    fn ask_rustc(&self, args: &[&str]) -> Result<String> {
        Question::of(self.resolved.rustc(), args).ask()
    }
}

/// What a plan has to know of the compiler. It takes one run of it each.
#[derive(Debug)]
pub(crate) struct RustcQuestions {
    version: Question,
    sysroot: Question,
}

impl RustcQuestions {
    /// Asks both side by side.
    pub(crate) fn ask(&self) -> Result<Rustc> {
        let (version, sysroot) = thread::scope(|scope| {
            let sysroot = scope.spawn(|| self.sysroot());
            (self.version.ask(), sysroot.join().expect("asking does not panic"))
        });
        let version = version?;
        let field = |name: &str| {
            let value = version.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            value.map(str::to_owned).ok_or_else(|| {
                Failure::new(ErrorKind::Setup, format!("`rustc -vV` does not tell its {name}")).hint(RUST_IS_MISSING)
            })
        };
        let (host, release, commit) = (field("host")?, field("release")?, field("commit-hash")?);
        let version = if commit == "unknown" { release.clone() } else { commit };
        Ok(Rustc { host, release, version, sysroot: sysroot? })
    }

    fn sysroot(&self) -> Result<PathBuf> {
        Ok(PathBuf::from(self.sysroot.ask()?.trim_end()))
    }
}

/// One run of the compiler for what it prints.
#[derive(Debug)]
struct Question {
    program: PathBuf,
    wrapped: Vec<OsString>,
    args: Vec<String>,
}

impl Question {
    fn of(rustc: &PathAndArgs, args: &[&str]) -> Self {
        let PathAndArgs { path, args: wrapped, .. } = rustc;
        Self { program: path.clone(), wrapped: wrapped.clone(), args: args.iter().map(|&arg| arg.into()).collect() }
    }

    fn ask(&self) -> Result<String> {
        let Self { program, wrapped, args } = self;
        let failure = |reason: String| {
            Failure::new(ErrorKind::Setup, format!("`{} {}` failed{reason}", program.display(), args.join(" ")))
                .hint(RUST_IS_MISSING)
        };
        let output = Command::new(program)
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

/// The compiler that cargo would use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rustc {
    /// The triple of the machine that it runs on.
    pub(crate) host: String,
    /// Its release, such as `1.95.0` or `1.97.0-nightly`.
    pub(crate) release: String,
    /// The commit that it was built from, else its release.
    pub(crate) version: String,
    /// The folder of its toolchain.
    pub(crate) sysroot: PathBuf,
}

impl Rustc {
    /// The middle number of its release.
    pub(super) fn release_minor(&self) -> Option<u64> {
        self.release.split('.').nth(1)?.parse().ok()
    }

    /// Whether the cargo that belongs to it takes `[unstable]` tables. A stable one passes over them.
    pub(super) fn allows_unstable(&self) -> bool {
        let is_nightly = ["-nightly", "-dev"].iter().any(|suffix| self.release.ends_with(suffix));
        is_nightly || std::env::var_os("RUSTC_BOOTSTRAP").is_some_and(|value| value == "1")
    }
}

/// How the environment variables of a target start.
pub(crate) fn target_variable(triple: &str) -> String {
    format!("CARGO_TARGET_{}", triple.to_uppercase().replace('-', "_"))
}

/// What helps when there is no usable cargo or rustc.
pub(super) const RUST_IS_MISSING: &str = "install Rust with rustup: https://rustup.rs";

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
pub(super) fn parse_argument(folder: &Path, argument: &str) -> Result<Table> {
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
    rustflags::codegen_options(flags).filter_map(|option| option.strip_prefix("linker=")).next_back().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linker_of(arguments: &[&str], triple: &str) -> Option<PathBuf> {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        CargoConfig::new(resolve(folder.path()).unwrap(), folder.path(), &arguments)
            .unwrap()
            .linker_on_command_line(triple)
            .unwrap()
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
        assert_eq!(lambda_zip_error::exit_code(&error), 2);
    }
}
