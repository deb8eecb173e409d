//! A function that is ready to run. How it runs is in `run` on Linux, and in `unsupported` elsewhere.

use std::net::TcpListener;

use crate::{FunctionConfig, FunctionFiles, Isolation};

/// A function that can be invoked. On systems other than Linux there is none, because there are no [`FunctionFiles`].
#[derive(Debug)]
pub struct LocalLambda {
    /// How the function is configured.
    pub config: FunctionConfig,
    /// The unpacked zip and its layers.
    pub files: FunctionFiles,
    /// What separates the function from this machine.
    pub isolation: Isolation,
    /// True to start the function again for each event.
    pub cold: bool,
    /// Where the Runtime API waits for a runtime that the user starts. `None` to start the function.
    pub runtime_listener: Option<TcpListener>,
}

impl LocalLambda {
    /// A function with the default isolation that is started once and then serves every event.
    #[must_use]
    pub fn new(config: FunctionConfig, files: FunctionFiles) -> Self {
        Self { config, files, isolation: Isolation::default(), cold: false, runtime_listener: None }
    }
}
