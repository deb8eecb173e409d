//! Cargo's own flags, with cargo's names, headings and meanings, and how they are passed on to cargo.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::TerminalFlags;

const PACKAGE_SELECTION: &str = "Package Selection";
const TARGET_SELECTION: &str = "Target Selection";
const FEATURE_SELECTION: &str = "Feature Selection";
const COMPILATION_OPTIONS: &str = "Compilation Options";
const MANIFEST_OPTIONS: &str = "Manifest Options";

/// The flags of `cargo build` that this program needs to know.
#[derive(Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one of cargo's flags")]
pub(crate) struct CargoFlags {
    /// Package to build (see `cargo help pkgid`)
    #[arg(short, long, value_name = "SPEC", help_heading = PACKAGE_SELECTION)]
    pub(crate) package: Vec<String>,
    /// Build all packages in the workspace
    #[arg(long, visible_alias = "all", conflicts_with = "package", help_heading = PACKAGE_SELECTION)]
    pub(crate) workspace: bool,
    /// Exclude packages from the build
    #[arg(long, value_name = "SPEC", requires = "workspace", help_heading = PACKAGE_SELECTION)]
    pub(crate) exclude: Vec<String>,

    /// Build only the specified binary
    #[arg(long, value_name = "NAME", help_heading = TARGET_SELECTION)]
    pub(crate) bin: Vec<String>,
    /// Build all binaries [default]
    #[arg(long, conflicts_with = "bin", help_heading = TARGET_SELECTION)]
    pub(crate) bins: bool,
    /// Build only the specified example
    #[arg(long, value_name = "NAME", help_heading = TARGET_SELECTION)]
    pub(crate) example: Vec<String>,
    /// Build all examples
    #[arg(long, conflicts_with = "example", help_heading = TARGET_SELECTION)]
    pub(crate) examples: bool,

    /// Space or comma separated list of features to activate
    #[arg(short = 'F', long, help_heading = FEATURE_SELECTION)]
    pub(crate) features: Vec<String>,
    /// Activate all available features
    #[arg(long, help_heading = FEATURE_SELECTION)]
    pub(crate) all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long, help_heading = FEATURE_SELECTION)]
    pub(crate) no_default_features: bool,

    /// Build artifacts in release mode, with optimizations [default]
    #[arg(short, long, conflicts_with = "profile", help_heading = COMPILATION_OPTIONS)]
    pub(crate) release: bool,
    /// Build artifacts with the specified profile
    #[arg(long, value_name = "PROFILE-NAME", help_heading = COMPILATION_OPTIONS)]
    pub(crate) profile: Option<String>,
    /// Number of parallel jobs, defaults to # of CPUs
    #[arg(short, long, value_name = "N", allow_hyphen_values = true, help_heading = COMPILATION_OPTIONS)]
    pub(crate) jobs: Option<String>,
    /// Do not abort the build as soon as there is an error
    #[arg(long, help_heading = COMPILATION_OPTIONS)]
    pub(crate) keep_going: bool,
    /// Directory for all generated artifacts
    #[arg(long, value_name = "DIRECTORY", help_heading = COMPILATION_OPTIONS)]
    pub(crate) target_dir: Option<PathBuf>,
    /// Output a build timing report at the end of the build
    #[arg(long, help_heading = COMPILATION_OPTIONS)]
    pub(crate) timings: bool,

    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", help_heading = MANIFEST_OPTIONS)]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Ignore `rust-version` specification in packages
    #[arg(long, help_heading = MANIFEST_OPTIONS)]
    pub(crate) ignore_rust_version: bool,
    /// Assert that `Cargo.lock` will remain unchanged
    #[arg(long, help_heading = MANIFEST_OPTIONS)]
    pub(crate) locked: bool,
    /// Run without accessing the network
    #[arg(long, help_heading = MANIFEST_OPTIONS)]
    pub(crate) offline: bool,
    /// Equivalent to specifying both --locked and --offline
    #[arg(long, help_heading = MANIFEST_OPTIONS)]
    pub(crate) frozen: bool,

    #[command(flatten)]
    pub(crate) terminal: TerminalFlags,
    /// Override a configuration value
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    pub(crate) config: Vec<String>,
    /// Unstable (nightly-only) flags to Cargo, see 'cargo -Z help' for details
    #[arg(short = 'Z', value_name = "FLAG")]
    pub(crate) unstable: Vec<String>,
}

impl CargoFlags {
    /// The name of the profile to build.
    pub(crate) fn profile(&self) -> &str {
        self.profile.as_deref().unwrap_or("release")
    }

    /// The features of all `--features` flags. Each flag takes a list separated by spaces or commas.
    pub(crate) fn features(&self) -> impl Iterator<Item = &str> {
        self.features.iter().flat_map(|list| list.split([' ', ','])).filter(|feature| !feature.is_empty())
    }

    /// The flags that every cargo command takes, and that decide how it reads manifests and configuration.
    pub(crate) fn common_args(&self) -> Vec<String> {
        let mut args = Vec::new();
        for (flag, set) in [("--locked", self.locked), ("--offline", self.offline), ("--frozen", self.frozen)] {
            if set {
                args.push(flag.to_owned());
            }
        }
        for value in &self.config {
            args.extend(["--config".to_owned(), value.clone()]);
        }
        for value in &self.unstable {
            args.extend(["-Z".to_owned(), value.clone()]);
        }
        args
    }

    /// The flags that select features.
    pub(crate) fn feature_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = Vec::new();
        for (flag, set) in [("--all-features", self.all_features), ("--no-default-features", self.no_default_features)]
        {
            args.extend(set.then(|| flag.into()));
        }
        for features in &self.features {
            args.extend(["--features".into(), features.into()]);
        }
        args
    }

    /// The flags that are passed on to `cargo build` unchanged. The plan adds those that select packages, binaries, features,
    /// targets and the profile.
    pub(crate) fn build_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = Vec::new();
        match self.terminal.verbose {
            0 => {}
            1 => args.push("-v".into()),
            _ => args.push("-vv".into()),
        }
        let flags = [
            ("--quiet", self.terminal.quiet),
            ("--keep-going", self.keep_going),
            ("--timings", self.timings),
            ("--ignore-rust-version", self.ignore_rust_version),
        ];
        args.extend(flags.into_iter().filter(|(_, set)| *set).map(|(flag, _)| flag.into()));
        if let Some(jobs) = &self.jobs {
            args.extend(["--jobs".into(), jobs.into()]);
        }
        for (flag, path) in [("--manifest-path", &self.manifest_path), ("--target-dir", &self.target_dir)] {
            if let Some(path) = path {
                args.extend([flag.into(), path.into()]);
            }
        }
        if let Some(color) = self.terminal.color {
            args.extend(["--color".into(), color.name().into()]);
        }
        args.extend(self.common_args().into_iter().map(OsString::from));
        args
    }
}
