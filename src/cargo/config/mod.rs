//! The user's configuration of cargo: config files with their includes, the environment, and `--config`.
//!
//! It is read so that nothing in it is overridden, and resolved by cargo's own rules. `tests/linking/configuration.rs`
//! compares each key and each source with what `cargo build` does. Reading it runs nothing, except where a method says so.

mod environment;
mod files;
mod merged;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};
use cargo_metadata::cargo_platform::{Cfg, Platform};
use toml::Table;

use super::rustc::{RustcCommand, RustcQuery};
use super::rustflags::{self, TargetFlags, UserRustflags};
use files::{Layer, variable};
use lambda_zip_error::{ErrorKind, ResultExt};
use merged::{Merged, Scalar, Strength};

pub(crate) use super::rustc::Rustc;
pub(crate) use environment::UserEnvironment;
pub(crate) use files::ConfigFiles;

pub(crate) struct CargoConfig {
    directory: PathBuf,
    /// The config files, the weakest first.
    files: Vec<Layer>,
    /// The `--config` arguments, the weakest first.
    command_line: Vec<Layer>,
    /// All of them.
    merged: Merged,
}

impl CargoConfig {
    /// The configuration of cargo in this directory, with these `--config` arguments. `files` were loaded for the same
    /// directory.
    pub(crate) fn new(files: ConfigFiles, directory: &Path, arguments: &[String]) -> Result<Self> {
        let mut command_line = Vec::new();
        for argument in arguments {
            command_line.extend(files::argument_layers(directory, argument)?);
        }
        let files = files.layers;
        let mut merged = Merged::default();
        for layer in &files {
            merged.add(layer, Strength::Files);
        }
        for layer in &command_line {
            merged.add(layer, Strength::CommandLine);
        }
        Ok(Self { directory: directory.to_owned(), files, command_line, merged })
    }

    /// The tables of all files and arguments, the strongest first.
    pub(crate) fn tables(&self) -> impl DoubleEndedIterator<Item = &Table> + Clone {
        self.command_line.iter().rev().chain(self.files.iter().rev()).map(|layer| &layer.table)
    }

    /// Cargo's home, where it keeps its downloads.
    pub(super) fn cargo_home(&self) -> Option<PathBuf> {
        files::cargo_home(&self.directory)
    }

    /// The environment of build scripts: the process's, with the `[env]` table.
    pub(crate) fn environment(&self) -> UserEnvironment {
        UserEnvironment::new(&self.merged)
    }

    /// Runs cargo's rustc to find out its version and sysroot.
    pub(crate) fn rustc(&self) -> Result<Rustc> {
        self.rustc_query().run()
    }

    /// The same as a value, which another thread can run.
    pub(crate) fn rustc_query(&self) -> RustcQuery {
        RustcQuery { version: self.rustc_command(&["-vV"]), sysroot: self.rustc_command(&["--print", "sysroot"]) }
    }

    fn rustc_command(&self, args: &[&str]) -> RustcCommand {
        RustcCommand::new(self.rustc_programs().collect(), args)
    }

    /// The programs that such a query runs: the wrappers and rustc, as they are called.
    pub(crate) fn rustc_programs(&self) -> impl Iterator<Item = OsString> {
        let rustc = self.program("RUSTC", "rustc").unwrap_or_else(|| "rustc".into());
        let wrappers = [("RUSTC_WRAPPER", "rustc-wrapper"), ("RUSTC_WORKSPACE_WRAPPER", "rustc-workspace-wrapper")];
        let wrappers = wrappers.map(|(variable, key)| self.program(variable, key));
        wrappers.into_iter().flatten().chain([rustc]).map(PathBuf::into_os_string)
    }

    /// True if sccache wraps the toolchain's own rustc.
    pub(super) fn has_sccache(&self) -> bool {
        let wrapper = self.program("RUSTC_WRAPPER", "rustc-wrapper");
        self.program("RUSTC", "rustc").is_none()
            && wrapper.is_some_and(|wrapper| wrapper.file_stem().is_some_and(|name| name == "sccache"))
    }

    /// A program that a variable of its own or a key of `build` names. An empty value is none.
    fn program(&self, own_variable: &str, key: &str) -> Option<PathBuf> {
        let found = match variable(own_variable) {
            Some(path) => Some((path, self.directory.clone())),
            None => self.text(&["build", key], &format!("CARGO_BUILD_{key}").to_uppercase().replace('-', "_")),
        };
        found.filter(|(path, _)| !path.is_empty()).map(|(path, root)| resolve_program(&root, &path))
    }

    /// A text with the directory that a relative path in it starts from: from `--config`, else from the environment, else
    /// from the files.
    fn text(&self, key: &[&str], environment: &str) -> Option<(String, PathBuf)> {
        let configured = self.merged.get(key).and_then(Merged::scalar);
        let text = |scalar: &Scalar| Some((scalar.value.as_str()?.to_owned(), scalar.root.clone()));
        match (configured, variable(environment)) {
            (Some(scalar), _) if scalar.strength == Strength::CommandLine => text(scalar),
            (_, Some(value)) => Some((value, self.directory.clone())),
            (configured, None) => configured.and_then(text),
        }
    }

    /// The words of a key that is a string or a list of strings. Words from the environment come before those of
    /// `--config`.
    fn words(&self, key: &[&str], environment: Option<&str>) -> Vec<String> {
        let mut words = self.merged.get(key).map(Merged::words).unwrap_or_default();
        let value = environment.and_then(variable).unwrap_or_default();
        words.extend(value.split_whitespace().map(|word| (Strength::Environment, word.to_owned())));
        words.sort_by_key(|(strength, _)| *strength);
        words.into_iter().map(|(_, word)| word).collect()
    }

    /// Runs rustc for its sysroot, the directory of the toolchain.
    pub(crate) fn sysroot(&self) -> Result<PathBuf> {
        self.rustc_query().run_sysroot()
    }

    /// The configured target directory.
    pub(crate) fn target_directory(&self) -> Option<PathBuf> {
        let (path, root) = match variable("CARGO_TARGET_DIR") {
            Some(path) => (path, self.directory.clone()),
            None => self.text(&["build", "target-dir"], "CARGO_BUILD_TARGET_DIR")?,
        };
        Some(root.join(path))
    }

    /// The triples of `build.target`, which cargo builds for if no `--target` is given.
    pub(crate) fn build_targets(&self) -> Vec<String> {
        let key = ["build", "target"];
        if let Some((triple, _)) = self.text(&key, "CARGO_BUILD_TARGET") {
            return vec![triple];
        }
        match self.merged.get(&key) {
            Some(list @ Merged::List(_)) => list.words().into_iter().map(|(_, triple)| triple).collect(),
            _ => Vec::new(),
        }
    }

    /// The user's linker for a target, from `-C linker` among the rustflags or from cargo's `linker` key. May run rustc.
    pub(crate) fn linker(&self, triple: &str) -> Result<Option<PathBuf>> {
        if let Some(linker) = linker_in_rustflags(self.target_flags(triple)?.all()) {
            return Ok(Some(linker));
        }
        let configured = self.text(&["target", triple, "linker"], &format!("{}_LINKER", target_variable(triple)));
        if let Some((program, root)) = configured.filter(|(program, _)| !program.is_empty()) {
            return Ok(Some(resolve_program(&root, &program)));
        }
        let tables = self.cfg_tables(triple, "linker")?;
        let scalars = tables.into_iter().filter_map(Merged::scalar);
        let programs = scalars.filter_map(|scalar| Some(resolve_program(&scalar.root, scalar.value.as_str()?)));
        // If several match, cargo refuses to build.
        Ok(programs.into_iter().next())
    }

    /// The user's rustflags for these targets. May run rustc.
    pub(super) fn rustflags<'t>(&self, triples: impl Iterator<Item = &'t str>) -> Result<UserRustflags> {
        let targets = triples.map(|triple| Ok((triple.to_owned(), self.target_flags(triple)?)));
        Ok(UserRustflags { targets: targets.collect::<Result<_>>()? })
    }

    /// The first of cargo's sources that has rustflags. An empty variable hides the configuration; an empty key hides
    /// nothing.
    fn target_flags(&self, triple: &str) -> Result<TargetFlags> {
        if let Some(flags) = rustflags::in_environment(variable) {
            return Ok(TargetFlags::Environment(flags));
        }
        let in_environment = format!("{}_RUSTFLAGS", target_variable(triple));
        let mut flags = self.words(&["target", triple, "rustflags"], Some(&in_environment));
        for value in self.cfg_tables(triple, "rustflags")? {
            let mut words = value.words();
            words.sort_by_key(|(strength, _)| *strength);
            flags.extend(words.into_iter().map(|(_, word)| word));
        }
        if !flags.is_empty() {
            return Ok(TargetFlags::Target(flags));
        }
        Ok(TargetFlags::Build(self.words(&["build", "rustflags"], Some("CARGO_BUILD_RUSTFLAGS"))))
    }

    /// The values of a key in the `target.'cfg(…)'` tables that match a target, in cargo's order. Runs rustc if there is
    /// such a table.
    fn cfg_tables(&self, triple: &str, key: &str) -> Result<Vec<&Merged>> {
        let mut cfgs = None;
        let mut found = Vec::new();
        let targets = self.merged.get(&["target"]).into_iter().flat_map(Merged::entries);
        for (name, table) in targets.filter(|(name, _)| name.starts_with("cfg(")) {
            let Some(value) = table.get(&[key]) else { continue };
            let platform = Platform::from_str(name)
                .or_fail(ErrorKind::Setup, || format!("invalid key `target.'{name}'` in cargo's configuration"))?;
            if cfgs.is_none() {
                cfgs = Some(self.cfgs(triple)?);
            }
            if platform.matches(triple, cfgs.as_deref().unwrap_or_default()) {
                found.push(value);
            }
        }
        Ok(found)
    }

    fn cfgs(&self, triple: &str) -> Result<Vec<Cfg>> {
        let output = self.rustc_command(&["--print", "cfg", "--target", triple]).output()?;
        // Duplicates do not change a match.
        let lines: BTreeSet<_> = output.lines().collect();
        lines.into_iter().map(|line| Cfg::from_str(line).with_context(|| format!("unexpected cfg `{line}`"))).collect()
    }

    /// The names of the processors that rustc can compile for. Runs rustc.
    pub(super) fn target_cpus(&self, triple: &str) -> Result<Vec<String>> {
        let output = self.rustc_command(&["--print", "target-cpus", "--target", triple]).output()?;
        let names =
            output.lines().filter(|line| line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
        Ok(names.map(str::to_owned).collect())
    }
}

/// The prefix of a target's environment variables.
pub(crate) fn target_variable(triple: &str) -> String {
    format!("CARGO_TARGET_{}", triple.to_uppercase().replace('-', "_"))
}

/// A name without a separator is looked up on PATH; a path starts from the directory of its source.
fn resolve_program(root: &Path, program: &str) -> PathBuf {
    if program.contains('/') || (cfg!(windows) && program.contains('\\')) { root.join(program) } else { program.into() }
}

/// The tables of a `--config` argument, the weakest first.
pub(super) fn argument_tables(directory: &Path, argument: &str) -> Result<Vec<Table>> {
    Ok(files::argument_layers(directory, argument)?.into_iter().map(|layer| layer.table).collect())
}

/// The last `-C linker=…`, which is the one that rustc uses.
fn linker_in_rustflags(flags: &[String]) -> Option<PathBuf> {
    rustflags::codegen_options(flags).filter_map(|option| option.strip_prefix("linker=")).next_back().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUSL: &str = "aarch64-unknown-linux-musl";

    fn config(arguments: &[&str]) -> CargoConfig {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        CargoConfig::new(ConfigFiles::default(), Path::new("/here"), &arguments).unwrap()
    }

    fn linker_of(arguments: &[&str]) -> Option<PathBuf> {
        config(arguments).linker(MUSL).unwrap()
    }

    #[test]
    fn a_linker_on_the_command_line_is_found_by_triple_or_by_cfg() {
        assert_eq!(linker_of(&[]), None);
        assert_eq!(linker_of(&[&format!("target.{MUSL}.linker='a'")]), Some("a".into()));
        assert_eq!(linker_of(&["target.x86_64-unknown-linux-musl.linker='a'"]), None);
        assert_eq!(linker_of(&[r#"target.'cfg(target_env = "musl")'.linker = "b""#]), Some("b".into()));
        assert_eq!(linker_of(&[r#"target.'cfg(target_env = "gnu")'.linker = "b""#]), None);
        assert_eq!(linker_of(&[&format!("target.{MUSL}.linker='bin/a'")]), Some("/here/bin/a".into()));
    }

    #[test]
    fn the_last_of_several_arguments_wins() {
        let [first, last] = ["a", "b"].map(|linker| format!("target.{MUSL}.linker='{linker}'"));
        assert_eq!(linker_of(&[&first, &last]), Some("b".into()));
    }

    #[test]
    fn a_linker_among_the_rustflags_is_found() {
        let flags = |text: &str| linker_of(&[&format!("build.rustflags='{text}'")]);
        assert_eq!(flags("-Clinker=a -C linker=b -Copt-level=1"), Some("b".into()));
        assert_eq!(flags("--codegen=linker=c"), Some("c".into()));
        assert_eq!(flags("-Clinker-flavor=gcc -C"), None);
        let key = format!("target.{MUSL}.linker='a'");
        assert_eq!(linker_of(&["build.rustflags=['-Clinker=d']", &key]), Some("d".into()), "rustc gets it last");
    }

    #[test]
    fn lists_are_joined_and_strings_are_replaced() {
        let flags = |arguments: &[&str]| config(arguments).target_flags(MUSL).unwrap().all().join(" ");
        assert_eq!(flags(&["build.rustflags=['-Ca', '-Cb c']", "build.rustflags=['-Cd']"]), "-Ca -Cb c -Cd");
        assert_eq!(flags(&["build.rustflags='-Ca -Cb'", "build.rustflags='-Cc'"]), "-Cc");
        let empty = format!("target.{MUSL}.rustflags=[]");
        assert_eq!(flags(&["build.rustflags='-Ca'", &empty]), "-Ca");
        assert_eq!(flags(&["build.rustflags='-Ca'", "target.'cfg(unix)'.rustflags='-Cb'"]), "-Cb");
    }

    #[test]
    fn build_targets_are_one_or_several() {
        assert_eq!(config(&["build.target='a'"]).build_targets(), ["a"]);
        assert_eq!(config(&["build.target=['a', 'b']"]).build_targets(), ["a", "b"]);
        assert_eq!(config(&[]).build_targets(), [""; 0]);
    }
}
