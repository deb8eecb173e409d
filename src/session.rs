//! What every command is given: the terminal, and cargo's configuration.

use std::path::PathBuf;

use anyhow::Result;

use crate::cargo::TerminalSettings;
use crate::cargo::config::ConfigFiles;
use crate::cli::{Arguments, TerminalFlags};
use crate::shell::Shell;

/// The surroundings of one run of the program.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) shell: Shell,
    /// The working directory; empty if it is gone.
    directory: PathBuf,
    /// `None` if cargo's configuration cannot be read.
    cargo_config: Option<ConfigFiles>,
}

impl Session {
    /// Sets up the terminal as the flags ask for, and where they do not say, as cargo's configuration does.
    pub(crate) fn new(
        arguments: &Arguments,
        settings: &TerminalSettings,
        directory: PathBuf,
        cargo_config: Result<ConfigFiles>,
    ) -> Self {
        let default_flags = TerminalFlags::default();
        let flags = arguments.terminal_flags().unwrap_or(&default_flags);
        let config_arguments = arguments.cargo_config_arguments();
        let settings = settings.clone().with_arguments(&directory, config_arguments.unwrap_or_default());
        let shell = Shell::new(flags, &settings);
        // Commands that build need the configuration and fail without it. The others only take colours from it.
        if let (Err(problem), None, Some(_)) = (&cargo_config, config_arguments, arguments.terminal_flags()) {
            shell.warn_with_hints(format_args!("{problem:#}"), &["run `cargo build` for details"]);
        }
        Self { shell, directory, cargo_config: cargo_config.ok() }
    }

    /// Cargo's configuration for the working directory, from its files and the environment.
    pub(crate) fn cargo_config(&self) -> Result<ConfigFiles> {
        match &self.cargo_config {
            Some(config) => Ok(config.clone()),
            // Reading it again returns the error that says what is wrong with it.
            None => ConfigFiles::load(&self.directory),
        }
    }
}
